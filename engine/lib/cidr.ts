/** Networks of addresses: one, and sets of them, for IPv4 and IPv6. */
import { parseIp, unmapped } from "./ip.ts";

/** One network. */
export interface Cidr {
  /** 4 or 16; bits behind the prefix are cleared. */
  readonly bytes: Uint8Array;
  /** Bits that must be equal. */
  readonly prefix: number;
  /** Bits were set behind the prefix. */
  readonly hadLowBits: boolean;
}

const MAPPED_BITS = 96;

/**
 * "192.0.2.0/24", "2001:db8::/32" or an address alone; undefined for anything else.
 * A network of IPv4-mapped addresses is the IPv4 network inside.
 */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf("/");
  const bytes = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (bytes === undefined) return undefined;
  const most = bytes.length * 8;
  const digits = slash < 0 ? String(most) : text.slice(slash + 1);
  if (!/^\d+$/.test(digits) || Number(digits) > most) return undefined;
  return networkOf(bytes, Number(digits));
}

function networkOf(bytes: Uint8Array, prefix: number): Cidr {
  const plain = prefix < MAPPED_BITS ? bytes : unmapped(bytes);
  const bits = plain.length === bytes.length ? prefix : prefix - MAPPED_BITS;
  const clear = masked(plain, bits);
  return { bytes: clear, prefix: bits, hadLowBits: clear.some((byte, at) => byte !== plain[at]) };
}

function maskByte(prefix: number, at: number): number {
  const bits = Math.min(8, Math.max(0, prefix - at * 8));
  return (0xff00 >> bits) & 0xff;
}

function masked(bytes: Uint8Array, prefix: number): Uint8Array {
  return bytes.map((byte, at) => byte & maskByte(prefix, at));
}

/** The first `prefix` bits of an address as a key. */
export function maskedText(bytes: Uint8Array, prefix: number): string {
  let text = "";
  for (let at = 0; at * 8 < prefix; at++) {
    text += String.fromCharCode((bytes[at] ?? 0) & maskByte(prefix, at));
  }
  return text;
}

/** Whether the network holds an address; an IPv4-mapped one counts as IPv4. */
export function contains({ bytes, prefix }: Cidr, address: Uint8Array): boolean {
  const plain = unmapped(address);
  if (plain.length !== bytes.length) return false;
  for (let at = 0; at * 8 < prefix; at++) {
    if (((plain[at] ?? 0) & maskByte(prefix, at)) !== bytes[at]) return false;
  }
  return true;
}

/** Many networks; a look-up costs one probe for each length of prefix in use, not for each network. */
export class CidrSet {
  /** By family (4 or 16 bytes), then by prefix: the networks' bytes as text. */
  readonly #families = new Map<number, Map<number, Set<string>>>();

  /** Adds the networks that it is made of. */
  constructor(networks: Iterable<Cidr>) {
    for (const { bytes, prefix } of networks) {
      const prefixes = this.#families.get(bytes.length) ?? new Map<number, Set<string>>();
      this.#families.set(bytes.length, prefixes);
      const keys = prefixes.get(prefix) ?? new Set<string>();
      prefixes.set(prefix, keys);
      keys.add(String.fromCharCode(...bytes));
    }
  }

  /** Whether one of the networks holds the address. */
  has(address: Uint8Array): boolean {
    const plain = unmapped(address);
    for (const [prefix, keys] of this.#families.get(plain.length) ?? []) {
      if (keys.has(String.fromCharCode(...masked(plain, prefix)))) return true;
    }
    return false;
  }
}
