/** MaxMind DB files, by the package mmdb-lib, which wants a Buffer; loaded when a configuration has one. */
import { Buffer } from "node:buffer";
import { Reader } from "mmdb-lib";
import type { AddressBase } from "./runtime.ts";

/** Throws Error for what is no such file. */
export function openMmdb(bytes: Uint8Array): AddressBase {
  const reader = new Reader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return { get: (address) => reader.get(address) };
}
