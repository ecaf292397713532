/** The PROXY protocol, versions 1 and 2, read and written (haproxy.org, proxy-protocol.txt). */
import { crc32c } from "./crc32c.ts";
import type { Address, InetAddress } from "./address.ts";
import { isUnix } from "./address.ts";
import { fromBytes, toBytes } from "./bytes.ts";
import { formatIp, parseIp, unmapped } from "./ip.ts";

/** What a header says of the connection behind the proxy. */
export interface ProxyHeader {
  readonly source: InetAddress;
  readonly destination: InetAddress;
  /** Type-length-value triples of version 2, unread. */
  readonly tlvs: Uint8Array;
}

export type ProxyParse =
  | { readonly kind: "more" }
  /** `header` is undefined where the header names no addresses: UNKNOWN, LOCAL, unix. */
  | { readonly kind: "done"; readonly header: ProxyHeader | undefined; readonly bytes: number }
  /** nginx's words. */
  | { readonly kind: "broken"; readonly message: string };

const MORE: ProxyParse = { kind: "more" };
const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
const V1_MOST = 107;
const V2_HEAD = 16;
const V2_MOST = 4096;
const NO_TLVS = new Uint8Array(0);
const CRC32C_TLV = 0x03;

const V1 =
  /^PROXY (?:UNKNOWN[^\r]*|TCP[46] ([\da-fA-F.:]+) ([\da-fA-F.:]+) (\d{1,5}) (\d{1,5}))\r\n/;
/** What may still become a header of version 1. */
const V1_TCP =
  /^TCP[46] (?:[\da-fA-F.:]+(?: (?:[\da-fA-F.:]+(?: (?:\d{1,5}(?: (?:\d{1,5}\r?)?)?)?)?)?)?)?$/;

/** Reads a header at the start of `bytes`; `hasEnded`: nothing will follow them. */
export function parseProxyHeader(bytes: Uint8Array, hasEnded: boolean): ProxyParse {
  const start = fromBytes(bytes.subarray(0, V1_MOST));
  const isV2 = start.startsWith(SIGNATURE.slice(0, start.length)) && start !== "";
  const result = isV2 ? parseV2(bytes) : parseV1(start);
  return result.kind === "more" && hasEnded ? broken(start) : result;
}

function broken(start: string): ProxyParse {
  return { kind: "broken", message: `broken header: "${start.split(/[\r\n]/, 1)[0] ?? ""}"` };
}

function parseV1(start: string): ProxyParse {
  const found = V1.exec(start);
  if (found === null) return mayBecomeV1(start) ? MORE : broken(start);
  const [text, source, destination, sourcePort, destinationPort] = found;
  const bytes = text.length;
  if (source === undefined || destination === undefined) {
    return { kind: "done", header: undefined, bytes };
  }
  const [from, to] = [Number(sourcePort), Number(destinationPort)];
  if (from > 65_535 || to > 65_535) return broken(start);
  const header = {
    source: { host: source, port: from },
    destination: { host: destination, port: to },
    tlvs: NO_TLVS,
  };
  return { kind: "done", header, bytes };
}

function mayBecomeV1(start: string): boolean {
  if (start.length >= V1_MOST) return false;
  if ("PROXY ".startsWith(start)) return true;
  if (!start.startsWith("PROXY ")) return false;
  const rest = start.slice(6);
  if ("UNKNOWN".startsWith(rest) || "TCP4 ".startsWith(rest) || "TCP6 ".startsWith(rest)) {
    return true;
  }
  return /^UNKNOWN[^\r\n]*\r?$/.test(rest) || V1_TCP.test(rest);
}

function parseV2(bytes: Uint8Array): ProxyParse {
  const version = (bytes[12] ?? 0x20) >> 4;
  if (version !== 2) {
    return { kind: "broken", message: `unknown PROXY protocol version: ${version}` };
  }
  if (bytes.length < V2_HEAD) return MORE;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = V2_HEAD + view.getUint16(14);
  if (end > V2_MOST) return { kind: "broken", message: "header is too large" };
  if (bytes.length < end) return MORE;
  const command = view.getUint8(12) & 15;
  const family = view.getUint8(13);
  const size = family === 0x11 ? 4 : family === 0x21 ? 16 : 0;
  if (command !== 1 || size === 0) return { kind: "done", header: undefined, bytes: end };
  const tlvsAt = V2_HEAD + 2 * size + 4;
  if (tlvsAt > end) {
    return { kind: "broken", message: "broken header: too short for its addresses" };
  }
  const host = (at: number) => formatIp(bytes.slice(at, at + size));
  const header = {
    source: { host: host(V2_HEAD), port: view.getUint16(tlvsAt - 4) },
    destination: { host: host(V2_HEAD + size), port: view.getUint16(tlvsAt - 2) },
    tlvs: bytes.slice(tlvsAt, end),
  };
  return { kind: "done", header, bytes: end };
}

/** The value of the first TLV of a type; "broken" when the list is. */
export function findTlv(tlvs: Uint8Array, type: number): Uint8Array | "broken" | undefined {
  for (let at = 0; at < tlvs.length;) {
    if (at + 3 > tlvs.length) return "broken";
    const end = at + 3 + ((tlvs[at + 1] ?? 0) << 8 | (tlvs[at + 2] ?? 0));
    if (end > tlvs.length) return "broken";
    if (tlvs[at] === type) return tlvs.subarray(at + 3, end);
    at = end;
  }
  return undefined;
}

/** A header of version 1; a unix client is UNKNOWN. */
export function proxyHeaderV1(source: Address, destination: Address): Uint8Array {
  if (isUnix(source) || isUnix(destination)) return toBytes("PROXY UNKNOWN\r\n");
  const family = source.host.includes(":") ? "TCP6" : "TCP4";
  return toBytes(
    `PROXY ${family} ${source.host} ${destination.host} ${source.port} ${destination.port}\r\n`,
  );
}

/** A header of version 2 with its CRC32C; a unix client is LOCAL. */
export function proxyHeaderV2(source: Address, destination: Address): Uint8Array {
  const addresses = isUnix(source) || isUnix(destination)
    ? undefined
    : addressBlock(source, destination);
  const length = (addresses?.length ?? 0) + 7;
  const bytes = new Uint8Array(V2_HEAD + length);
  const view = new DataView(bytes.buffer);
  bytes.set(toBytes(SIGNATURE));
  view.setUint8(12, addresses === undefined ? 0x20 : 0x21);
  view.setUint8(13, addresses === undefined ? 0 : addresses.length === 12 ? 0x11 : 0x21);
  view.setUint16(14, length);
  if (addresses !== undefined) bytes.set(addresses, V2_HEAD);
  const tlvAt = bytes.length - 7;
  view.setUint8(tlvAt, CRC32C_TLV);
  view.setUint16(tlvAt + 1, 4);
  // The checksum is of the whole header with zeros in its own place.
  view.setUint32(tlvAt + 3, crc32c(bytes));
  return bytes;
}

/** Both addresses in one family: IPv4 where both are, else IPv6 with IPv4 mapped into it. */
function addressBlock(source: InetAddress, destination: InetAddress): Uint8Array {
  const hosts = [source, destination].map(({ host }) =>
    unmapped(parseIp(host) ?? new Uint8Array(4))
  );
  const size = Math.max(...hosts.map(({ length }) => length));
  const block = new Uint8Array(2 * size + 4);
  for (const [at, host] of hosts.entries()) block.set(size === 16 ? mapped(host) : host, at * size);
  const view = new DataView(block.buffer);
  view.setUint16(2 * size, source.port);
  view.setUint16(2 * size + 2, destination.port);
  return block;
}

function mapped(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 16) return bytes;
  const wide = new Uint8Array(16);
  wide.set([0xff, 0xff, ...bytes], 10);
  return wide;
}
