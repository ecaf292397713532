/** Opens real connections of an adapter for the suites: both ends in this process. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { SystemError } from "../../engine/lib/errno.ts";
import type { Address, Connection, ConnectOptions, Runtime } from "../../engine/runtime/runtime.ts";

export const LOOPBACK: Address = { host: "127.0.0.1", port: 0 };

/** A listener whose connections can be awaited one by one, in the order of their arrival. */
export interface Door {
  readonly address: Address;
  accept(): Promise<Connection>;
  close(): Promise<void>;
}

export async function openDoor(
  runtime: Runtime,
  address: Address = LOOPBACK,
  { ipv6Only = true } = {},
): Promise<Door> {
  const arrived: Connection[] = [];
  const waiting: ((connection: Connection) => void)[] = [];
  const accept = (connection: Connection) => {
    const wanted = waiting.shift();
    if (wanted === undefined) arrived.push(connection);
    else wanted(connection);
  };
  const options = { backlog: 511, ipv6Only, accept, failed: () => {} };
  const listener = await runtime.listen(address, options);
  return {
    address: listener.address,
    close: () => listener.close(),
    accept() {
      const next = arrived.shift();
      if (next !== undefined) return Promise.resolve(next);
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}

export function dial(
  runtime: Runtime,
  address: Address,
  options: ConnectOptions = {},
): Promise<Connection> {
  return new Promise((connected, refused) => {
    runtime.connect(address, options, { connected, refused });
  });
}

/** A connection's two ends and how to clean up after them. */
export interface Pair {
  readonly door: Door;
  readonly client: Connection;
  readonly server: Connection;
}

export async function pair(runtime: Runtime, address: Address = LOOPBACK): Promise<Pair> {
  const door = await openDoor(runtime, address);
  const accepting = door.accept();
  const client = await dial(runtime, door.address);
  return { door, client, server: await accepting };
}

/** Runs a case with a connection and closes what it leaves open. */
export async function withPair(
  runtime: Runtime,
  run: (pair: Pair) => Promise<void>,
  address: Address = LOOPBACK,
): Promise<void> {
  const made = await pair(runtime, address);
  try {
    await run(made);
  } finally {
    made.client.close();
    made.server.close();
    await made.door.close();
  }
}

/** A folder for unix sockets that goes away with the case. */
export async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(`${tmpdir()}/weir-`);
  try {
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Exactly `length` bytes; fewer when the other side ended before. */
export async function readBytes(from: Connection, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let have = 0;
  while (have < length) {
    const chunk = await from.read();
    if (chunk === null) return bytes.subarray(0, have);
    if (have + chunk.length > length) {
      bytes.set(chunk.subarray(0, length - have), have);
      from.unread(chunk.slice(length - have));
      return bytes;
    }
    bytes.set(chunk, have);
    have += chunk.length;
  }
  return bytes;
}

/** All until the end. */
export async function readAll(from: Connection): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let chunk = await from.read(); chunk !== null; chunk = await from.read()) {
    chunks.push(chunk.slice());
  }
  return new Uint8Array(Buffer.concat(chunks));
}

export async function writeAll(to: Connection, chunks: Iterable<Uint8Array>): Promise<void> {
  for (const chunk of chunks) await to.write(chunk);
  await to.closeWrite();
}

export const text = (bytes: Uint8Array | null) =>
  bytes === null ? null : new TextDecoder().decode(bytes);
export const bytesOf = (value: string) => new TextEncoder().encode(value);

/** Bytes that tell a lost, doubled or moved block from the right one. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed >>> 0 || 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** The code of the SystemError that a promise rejects with; fails when it does not reject. */
export async function codeOf(failing: Promise<unknown>): Promise<string> {
  try {
    await failing;
  } catch (error) {
    if (error instanceof SystemError) return error.code;
    throw error;
  }
  throw new Error("nothing failed");
}

/** Turns of the event loop, for what must not happen. */
export const aWhile = (ms = 50) => new Promise((resolve) => setTimeout(resolve, ms));
