/** Addresses of sockets as plain data, and their spelling in nginx's language and logs. */

/** An IP address in text (IPv4 dotted, IPv6 without brackets or zone) and a port, 0 to 65535. */
export interface InetAddress {
  readonly host: string;
  readonly port: number;
}

/** The path of a unix stream socket; empty for an unnamed client. */
export interface UnixAddress {
  readonly path: string;
}

export type Address = InetAddress | UnixAddress;

export function isUnix(address: Address): address is UnixAddress {
  return "path" in address;
}

/** "127.0.0.1:80", "[::1]:80" or "unix:/path": nginx's spelling of a socket. */
export function formatAddress(address: Address): string {
  if (isUnix(address)) return `unix:${address.path}`;
  return address.host.includes(":")
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
}

/** The address alone, as `$remote_addr` shows it: no port, "unix:" for a unix socket. */
export function formatHost(address: Address): string {
  return isUnix(address) ? "unix:" : address.host;
}

export function sameAddress(a: Address, b: Address): boolean {
  return formatAddress(a) === formatAddress(b);
}
