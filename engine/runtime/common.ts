/** Pieces that every adapter shares: look-ups, randomness, addresses as hosts spell them. */
import { randomBytes } from "node:crypto";
import { lookup as lookupAll } from "node:dns/promises";
import { unlinkSync } from "node:fs";
import { isUnix } from "../lib/address.ts";
import type { Address } from "./runtime.ts";

export function randomOf(length: number): Uint8Array {
  return new Uint8Array(randomBytes(length));
}

/** All addresses by the system's resolver, IPv4 first. */
export async function lookup(name: string): Promise<readonly string[]> {
  try {
    const found = await lookupAll(name, { all: true, verbatim: true });
    const sorted = [...found].sort((a, b) => a.family - b.family);
    return [...new Set(sorted.map(({ address }) => address))];
  } catch {
    return []; // "not found" in all its forms: the caller says which name
  }
}

export function joinBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

/** An IPv4 client of a dual-stack socket reads as what it is. */
export function plainHost(host: string | undefined): string {
  if (host === undefined) return "";
  return host.startsWith("::ffff:") && host.includes(".") ? host.slice(7) : host;
}

/** The local address that needs no system call: a socket bound to one address has only that. */
export function fixedLocal(address: Address): Address | undefined {
  if (isUnix(address)) return address;
  const isOpen = address.host === "0.0.0.0" || address.host === "::" || address.port === 0;
  return isOpen ? undefined : address;
}

/** Removes the file of a unix listener; a missing one is as good. */
export function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody else removed it, or took the permission away: there is nothing left to do.
  }
}
