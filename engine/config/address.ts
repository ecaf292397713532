/** Addresses as `listen`, `server`, `proxy_pass`, `proxy_bind`, `allow` and `deny` spell them. */
import type { Address } from "../lib/address.ts";
import { contains, parseCidr } from "../lib/cidr.ts";
import { formatIp, parseIp, parseIpv4, parseIpv6 } from "../lib/ip.ts";
import { ConfigError } from "./tree.ts";
import { digitsOf } from "./units.ts";

/** Longest path of a unix socket on Linux. */
const SUN_PATH = 107;
const MAX_PORT = 65_535;

/** A target that may still be a name. */
export type PeerTarget =
  | { readonly kind: "address"; readonly source: string; readonly address: Address }
  | { readonly kind: "name"; readonly source: string; readonly host: string; readonly port: number }
  | { readonly kind: "error"; readonly source: string; readonly message: string };

/** A target that can be connected to, perhaps after a look-up. */
export type KnownTarget = Exclude<PeerTarget, { kind: "error" }>;

/** One address of a `listen`, or a name that is looked up. */
export type ListenTarget =
  | { readonly kind: "address"; readonly address: Address }
  | { readonly kind: "name"; readonly host: string; readonly port: number };

/** What `allow` and `deny` match. */
export interface AddressRange {
  has(host: string): boolean;
  /** Matches clients of unix sockets. */
  readonly hasUnix: boolean;
  /** The word, when it had bits set behind its prefix. */
  readonly lowBits: string | undefined;
}

/** The host of a word, literal in canonical text, and its ports: one, or the ends of a range. */
interface HostPorts {
  readonly host: string;
  readonly isLiteral: boolean;
  readonly from: number;
  readonly to: number;
}

/** Throws ConfigError with nginx's bare words; the callers add where. */
function parseUnix(source: string): Address | undefined {
  if (!source.slice(0, 5).toLowerCase().startsWith("unix:")) return undefined;
  const path = source.slice(5);
  if (path === "") throw new ConfigError("no path in the unix domain socket");
  if (path.length > SUN_PATH) throw new ConfigError("too long path in the unix domain socket");
  return { path };
}

/** The parts of a word in the order in which nginx finds fault with them (`ngx_parse_url`). */
function parseHostPorts(source: string, allowsRange: boolean): HostPorts {
  const isV6 = source.startsWith("[");
  const close = isV6 ? source.indexOf("]") : -1;
  if (isV6 && close < 0) throw new ConfigError("invalid host");
  const colon = source.indexOf(":", close + 1);
  // Of an IPv6 address only what follows the bracket can be wrong as a host.
  if (isV6 ? source.indexOf("/", close) > 0 : /[/?]/.test(source)) {
    throw new ConfigError("invalid host");
  }
  if (isV6 && close + 1 < source.length && colon !== close + 1) {
    throw new ConfigError("invalid host");
  }
  const ports = colon < 0 ? undefined : parsePorts(source.slice(colon + 1), allowsRange);
  const host = isV6 ? source.slice(1, close) : source.slice(0, colon < 0 ? undefined : colon);
  if (host === "") throw new ConfigError("no host");
  const bytes = isV6 ? parseIpv6(host) : parseIpv4(host);
  if (isV6 && bytes === undefined) throw new ConfigError("invalid IPv6 address");
  if (ports === undefined) throw new ConfigError("no port");
  return bytes === undefined
    ? { host, isLiteral: false, ...ports }
    : { host: formatIp(bytes), isLiteral: true, ...ports };
}

function isPort(value: number): boolean {
  return value >= 1 && value <= MAX_PORT;
}

/** "80", or "1000-1010" where a range is allowed. */
function parsePorts(text: string, allowsRange: boolean): Pick<HostPorts, "from" | "to"> {
  const dash = allowsRange ? text.indexOf("-") : -1;
  const from = digitsOf(dash < 0 ? text : text.slice(0, dash));
  const to = dash < 0 ? from : digitsOf(text.slice(dash + 1));
  if (!isPort(from) || !isPort(to)) throw new ConfigError("invalid port");
  if (from > to) throw new ConfigError("invalid port range");
  return { from, to };
}

/** "host:port", "[v6]:port" or "unix:PATH"; a port must be there; errors are nginx's words. */
export function parsePeerAddress(source: string): PeerTarget {
  try {
    const unix = parseUnix(source);
    if (unix !== undefined) return { kind: "address", source, address: unix };
    const { host, isLiteral, from: port } = parseHostPorts(source, false);
    return isLiteral
      ? { kind: "address", source, address: { host, port } }
      : { kind: "name", source, host, port };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { kind: "error", source, message: error.message };
  }
}

/** The word of a `server` line or a literal target. */
export function peerTarget(text: string): KnownTarget {
  const target = parsePeerAddress(text);
  if (target.kind !== "error") return target;
  throw new ConfigError(`${target.message} in upstream "${text}"`);
}

/** `proxy_bind`: an IP address, with or without a port; undefined for anything else. */
export function parseSource(text: string): Address | undefined {
  const alone = parseIp(text);
  if (alone !== undefined) return { host: formatIp(alone), port: 0 };
  const target = /^unix:/i.test(text) ? undefined : parsePeerAddress(text);
  return target?.kind === "address" ? target.address : undefined;
}

/** All addresses that the first word of `listen` names: several for a range of ports. */
export function listenTargets(source: string): readonly ListenTarget[] {
  try {
    const unix = parseUnix(source);
    if (unix !== undefined) return [{ kind: "address", address: unix }];
    const isBare = /^\d+(-\d+)?$/.test(source);
    const { host, isLiteral, from, to } = parseHostPorts(isBare ? `*:${source}` : source, true);
    const targets: ListenTarget[] = [];
    for (let port = from; port <= to; port++) {
      if (host === "*") targets.push({ kind: "address", address: { host: "0.0.0.0", port } });
      else if (isLiteral) targets.push({ kind: "address", address: { host, port } });
      else targets.push({ kind: "name", host, port });
    }
    return targets;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`${error.message} in "${source}" of the "listen" directive`);
  }
}

const ALL: AddressRange = { has: () => true, hasUnix: true, lowBits: undefined };
const UNIX: AddressRange = { has: () => false, hasUnix: true, lowBits: undefined };

/** The word of `allow` and `deny`: an address, a network, `unix:` or `all`. */
export function addressRangeOf(text: string): AddressRange {
  if (text === "all") return ALL;
  if (text === "unix:") return UNIX;
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new ConfigError(`invalid parameter "${text}"`);
  return {
    has(host) {
      const bytes = parseIp(host);
      return bytes !== undefined && contains(cidr, bytes);
    },
    hasUnix: false,
    lowBits: cidr.hadLowBits ? text : undefined,
  };
}
