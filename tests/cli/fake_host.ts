/** A host of queues and notes for tests of the command line: nothing leaves the test. */
import { type Address, formatAddress, isUnix } from "../../engine/lib/address.ts";
import { fromBytes, toBytes } from "../../engine/lib/bytes.ts";
import { type ErrorCode, SystemError } from "../../engine/lib/errno.ts";
import type {
  AppendFile,
  Clock,
  Connecting,
  Connection,
  ConnectOptions,
  Dialer,
  Files,
  Host,
  Listener,
  ListenOptions,
  Needs,
  Runtime,
  Signal,
} from "../../engine/runtime/runtime.ts";

/** Thrown by `exit`, which never returns. */
export class Exit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** One end of a pipe. */
export class FakeConnection implements Connection {
  readonly local: Address;
  readonly remote: Address;
  peer: FakeConnection | undefined;
  isClosed = false;
  readonly #chunks: (Uint8Array | null)[] = [];
  #reader: ((chunk: Uint8Array | null) => void) | undefined;

  constructor(local: Address, remote: Address) {
    this.local = local;
    this.remote = remote;
  }

  read(): Promise<Uint8Array | null> {
    const chunk = this.isClosed ? null : this.#chunks.shift();
    if (chunk !== undefined) return Promise.resolve(chunk);
    return new Promise((resolve) => this.#reader = resolve);
  }

  push(chunk: Uint8Array | null): void {
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) this.#chunks.push(chunk);
    else reader(chunk);
  }

  write(chunk: Uint8Array): Promise<void> {
    this.peer?.push(chunk);
    return Promise.resolve();
  }

  unread(chunk: Uint8Array): void {
    this.#chunks.unshift(chunk);
  }

  closeWrite(): Promise<void> {
    this.peer?.push(null);
    return Promise.resolve();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.push(null);
    this.peer?.push(null);
  }

  reset(): void {
    this.close();
  }

  setNoDelay(): void {}
  setKeepAlive(): void {}
}

interface FakeTimer {
  readonly at: number;
  readonly run: () => void;
}

/** Time that stands until `advance` moves it. */
class FakeClock implements Clock {
  #now = 0;
  readonly #timers = new Set<FakeTimer>();

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): { stop(): void } {
    const timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return { stop: () => this.#timers.delete(timer) };
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const timer of [...this.#timers]) {
      if (timer.at <= this.#now && this.#timers.delete(timer)) timer.run();
    }
  }

  /** Timers that are pending. */
  get pending(): number {
    return this.#timers.size;
  }
}

export class FakeFiles implements Files {
  chown(): void {}

  readonly texts = new Map<string, string>();
  /** What every call for a path fails with. */
  readonly failures = new Map<string, ErrorCode>();

  #check(path: string): void {
    const code = this.failures.get(path);
    if (code !== undefined) throw new SystemError(code);
  }

  read(path: string): Uint8Array {
    this.#check(path);
    const text = this.texts.get(path);
    if (text === undefined) throw new SystemError("ENOENT");
    return toBytes(text);
  }

  write(path: string, bytes: Uint8Array): void {
    this.#check(path);
    this.texts.set(path, fromBytes(bytes));
  }

  append(path: string): AppendFile {
    this.#check(path);
    this.texts.set(path, this.texts.get(path) ?? "");
    return {
      write: (bytes) => {
        this.texts.set(path, (this.texts.get(path) ?? "") + fromBytes(bytes));
        return undefined;
      },
      reopen: () => undefined,
      close: () => {},
    };
  }

  list(path: string): readonly string[] {
    const folder = path.endsWith("/") ? path : `${path}/`;
    return [...this.texts.keys()].filter((each) => each.startsWith(folder))
      .map((each) => each.slice(folder.length)).filter((name) => !name.includes("/"));
  }

  exists(path: string): boolean {
    return this.texts.has(path);
  }

  remove(path: string): void {
    this.#check(path);
    this.texts.delete(path);
  }
}

export class FakeRuntime implements Runtime {
  readonly name = "memory";
  readonly version = "1.0";
  readonly can: Runtime["can"] = new Set();
  readonly clock = new FakeClock();
  readonly files = new FakeFiles();
  args: readonly string[] = [];
  out = "";
  err = "";
  readonly terminals = new Set<"stdin" | "stdout" | "stderr">();
  readonly signals = new Map<Signal, () => void>();
  readonly kills: string[] = [];
  killError: ErrorCode | undefined;
  uncaught: ((error: unknown) => void) | undefined;
  /** What was asked for, in order; `permitted` answers. */
  readonly asked: Needs[] = [];
  permitted: (needs: Needs) => readonly string[] = () => [];
  readonly listeners = new Map<string, ListenOptions>();
  /** Every connection that a listener accepted. */
  readonly accepted: FakeConnection[] = [];

  readonly host: Host;

  constructor() {
    const get = { args: () => this.args };
    this.host = {
      pid: 4242,
      get args() {
        return get.args();
      },
      hostname: "test",
      cwd: "/w",
      reads: ["/s/limits"],
      env: () => undefined,
      userId: () => 0,
      becomeUser: () => ({ left: undefined }),
      setPriority: () => {},
      descriptorLimit: () => undefined,
      residentBytes: () => 0,
      isTerminal: (stream) => this.terminals.has(stream),
      stdout: (bytes) => {
        this.out += fromBytes(bytes);
      },
      stderr: (bytes) => {
        this.err += fromBytes(bytes);
      },
      onSignal: (signal, run) => {
        this.signals.set(signal, run);
      },
      kill: (pid, signal) => {
        if (this.killError !== undefined) throw new SystemError(this.killError);
        this.kills.push(`${pid} ${signal}`);
      },
      onUncaught: (run) => {
        this.uncaught = run;
      },
      exit: (code) => {
        throw new Exit(code);
      },
    };
  }

  listen(address: Address, options: ListenOptions): Promise<Listener> {
    const name = formatAddress(address);
    if (this.listeners.has(name)) return Promise.reject(new SystemError("EADDRINUSE"));
    this.listeners.set(name, options);
    return Promise.resolve({
      address,
      close: () => {
        this.listeners.delete(name);
        return Promise.resolve();
      },
    });
  }

  connect(address: Address, _options: ConnectOptions, dialer: Dialer): Connecting {
    const listener = this.listeners.get(formatAddress(address));
    const cancel = () => {};
    if (listener === undefined) {
      const error = new SystemError(isUnix(address) ? "ENOENT" : "ECONNREFUSED");
      queueMicrotask(() => dialer.refused(error));
      return { cancel };
    }
    const client = new FakeConnection({ host: "127.0.0.1", port: 1 }, address);
    const server = new FakeConnection(address, client.local);
    client.peer = server;
    server.peer = client;
    this.accepted.push(server);
    listener.accept(server);
    queueMicrotask(() => dialer.connected(client));
    return { cancel };
  }

  relay(): undefined {}

  datagramsTo() {
    return { send() {}, close() {} };
  }

  openMmdb() {
    return Promise.reject(new Error("none"));
  }

  gzip(bytes: Uint8Array): Uint8Array {
    return bytes;
  }

  lookup(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  random(): number {
    return 0;
  }

  randomBytes(length: number): Uint8Array {
    return new Uint8Array(length);
  }

  serveHttp(): Promise<never> {
    return Promise.reject(new SystemError("EACCES"));
  }

  permit(needs: Needs): Promise<readonly string[]> {
    this.asked.push(needs);
    return Promise.resolve(this.permitted(needs));
  }
}

/** Lets everything that is ready run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** Resolves to the code that `running` exits with. */
export async function exitCode(running: Promise<void>): Promise<number> {
  try {
    await running;
  } catch (error) {
    if (error instanceof Exit) return error.code;
    throw error;
  }
  throw new Error("It returned without an exit code");
}
