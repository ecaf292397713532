/** Reads the value of `--dashboard`. */
import type { Address } from "../lib/address.ts";
import { parseIp } from "../lib/ip.ts";

/** Where the dashboard listens when only a port is given, or nothing at all. */
export const DASHBOARD_HOST = "127.0.0.1";

/** Longest path of a unix socket on Linux. */
const SUN_PATH = 107;

const NAMES = new Map([["localhost", DASHBOARD_HOST], ["*", "0.0.0.0"]]);

/** "host:port", "[v6]:port", a port or "unix:/path"; undefined for anything else. */
export function readAddress(text: string): Address | undefined {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    return path === "" || path.length > SUN_PATH ? undefined : { path };
  }
  const match = /^(?:(\[[^\]]*\]|[^:]*):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65535) return undefined;
  const host = hostOf(match[1] ?? DASHBOARD_HOST);
  return host === undefined ? undefined : { host, port };
}

function hostOf(text: string): string | undefined {
  const isBracketed = text.startsWith("[");
  const host = isBracketed ? text.slice(1, -1) : NAMES.get(text) ?? text;
  return parseIp(host) === undefined || isBracketed !== host.includes(":") ? undefined : host;
}
