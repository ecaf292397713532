/**
 * The adapter of no host: a network of queues, a clock moved by hand and a seed.
 *
 * A scenario on it is fast and exact. It has no relay of its own, so the generic one moves its bytes.
 */
import { formatAddress, isUnix } from "../lib/address.ts";
import { SystemError } from "../lib/errno.ts";
import { joinBytes } from "./common.ts";
import { connectionPair } from "./memory_connection.ts";
import { HandClock, MemoryFiles, MemoryHost } from "./memory_host.ts";
import type {
  Address,
  AddressBase,
  Connecting,
  ConnectOptions,
  DatagramSink,
  Dialer,
  HttpServer,
  Listener,
  ListenOptions,
  Runtime,
} from "./runtime.ts";

/** Where ports begin that nobody asked for by number. */
const FIRST_FREE_PORT = 32_768;

export interface MemoryOptions {
  readonly seed?: number;
  /** What names resolve to. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
  /** Path and text of the files that exist. */
  readonly files?: Readonly<Record<string, string>>;
  readonly descriptorLimit?: number;
}

type Fetch = (request: Request) => Response | Promise<Response>;

export class MemoryRuntime implements Runtime {
  readonly name = "memory";
  readonly version = "1";
  readonly can = new Set(
    ["bindSource", "ipv6Only", "reset", "backlog", "keepAlive", "unixSocket"] as const,
  );
  readonly clock = new HandClock();
  readonly files: MemoryFiles;
  readonly host: MemoryHost;
  /** What was sent, by address. */
  readonly datagrams = new Map<string, Uint8Array[]>();
  readonly #names: Readonly<Record<string, readonly string[]>>;
  readonly #listeners = new Map<string, ListenOptions>();
  readonly #silent = new Set<string>();
  readonly #pages = new Map<string, Fetch>();
  #freePort = FIRST_FREE_PORT;
  #seed: number;

  constructor({ seed = 1, names = {}, files = {}, descriptorLimit = 1024 }: MemoryOptions = {}) {
    this.#seed = seed;
    this.#names = names;
    this.files = new MemoryFiles(files);
    this.host = new MemoryHost(descriptorLimit);
  }

  /** Lets `ms` pass and everything happen that is due. */
  advance(ms: number): Promise<void> {
    return this.clock.advance(ms, () => this.settle());
  }

  /** Everything that can happen without time passing has happened. */
  settle(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, 0));
  }

  /** Connects to this address get no answer from now on, as behind a firewall that drops. */
  silence(address: Address): void {
    this.#silent.add(formatAddress(address));
  }

  // The body is synchronous, but its errors have to be rejections.
  // deno-lint-ignore require-await
  async listen(asked: Address, options: ListenOptions): Promise<Listener> {
    const address = isUnix(asked) || asked.port > 0 ? asked : { ...asked, port: this.#freePort++ };
    const key = formatAddress(address);
    if (this.#listeners.has(key)) throw new SystemError("EADDRINUSE");
    this.#listeners.set(key, options);
    return {
      address,
      close: () => {
        if (this.#listeners.get(key) === options) this.#listeners.delete(key);
        return Promise.resolve();
      },
    };
  }

  connect(address: Address, { source }: ConnectOptions, dialer: Dialer): Connecting {
    let isOver = false;
    const refuse = (code: "ECANCELED" | "ECONNREFUSED" | "ENOENT") => {
      if (isOver) return;
      isOver = true;
      dialer.refused(new SystemError(code));
    };
    queueMicrotask(() => {
      if (isOver || this.#silent.has(formatAddress(address))) return;
      const options = this.#listenerAt(address);
      if (options === undefined) return refuse(isUnix(address) ? "ENOENT" : "ECONNREFUSED");
      isOver = true;
      const [client, server] = connectionPair(this.#sourceOf(address, source), address);
      dialer.connected(client);
      options.accept(server);
    });
    return { cancel: () => queueMicrotask(() => refuse("ECANCELED")) };
  }

  #listenerAt(address: Address): ListenOptions | undefined {
    const exact = this.#listeners.get(formatAddress(address));
    if (exact !== undefined || isUnix(address)) return exact;
    const { host, port } = address;
    if (host.includes(":")) return this.#listeners.get(`[::]:${port}`);
    const dual = this.#listeners.get(`[::]:${port}`);
    return this.#listeners.get(`0.0.0.0:${port}`) ?? (dual?.ipv6Only === false ? dual : undefined);
  }

  #sourceOf(target: Address, source: Address | undefined): Address {
    if (isUnix(target)) return { path: "" };
    const host = source !== undefined && !isUnix(source)
      ? source.host
      : target.host.includes(":")
      ? "::1"
      : "127.0.0.1";
    return { host, port: this.#freePort++ };
  }

  relay(): undefined {
    return undefined;
  }

  datagramsTo(address: Address): DatagramSink {
    const key = formatAddress(address);
    const sent = this.datagrams.get(key) ?? [];
    this.datagrams.set(key, sent);
    return { send: (bytes) => void sent.push(bytes.slice()), close() {} };
  }

  async openMmdb(bytes: Uint8Array): Promise<AddressBase> {
    return (await import("./mmdb.ts")).openMmdb(bytes);
  }

  /** Marked, not compressed. */
  gzip(bytes: Uint8Array, level: number): Uint8Array {
    return joinBytes(Uint8Array.of(0x1f, level), bytes);
  }

  lookup(name: string): Promise<readonly string[]> {
    return Promise.resolve(this.#names[name] ?? []);
  }

  /** Mulberry32: small, and the same on every runtime. */
  random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  randomBytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => Math.floor(this.random() * 256));
  }

  serveHttp(address: Address, fetch: Fetch): Promise<HttpServer> {
    const key = formatAddress(address);
    if (this.#pages.has(key)) return Promise.reject(new SystemError("EADDRINUSE"));
    this.#pages.set(key, fetch);
    return Promise.resolve({
      address,
      close: () => {
        this.#pages.delete(key);
        return Promise.resolve();
      },
    });
  }

  permit(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }
}
