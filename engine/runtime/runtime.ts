/**
 * What the host gives: sockets, relay, files, clock, timers, randomness, signals, http.
 *
 * Everything above this room sees only these types. An adapter is one file that exports
 * `runtime: Runtime`; `tests/conformance/` says what a right one is.
 */
import type { Address } from "../lib/address.ts";
import type { SystemError } from "../lib/errno.ts";

export type { Address, InetAddress, UnixAddress } from "../lib/address.ts";

/** What an adapter may lack; the one place where runtimes are allowed to differ. */
export type Capability =
  | "bindSource" // connect() honours `source`
  | "ipv6Only" // a wildcard IPv6 listener can leave IPv4 alone, so 0.0.0.0:P and [::]:P coexist
  | "reset" // Connection.reset() really sends a reset
  | "backlog" // listen() honours `backlog`
  | "keepAlive" // setKeepAlive() has an effect
  | "reusePort" // several sockets may share one address
  | "unixSocket";

/** A two-way byte pipe with half-close. Every method may be called after the end: it does nothing. */
export interface Connection {
  /** The real local address, also on a wildcard listener; fixed at accept or connect. */
  readonly local: Address;
  /** The other end; an IPv4-mapped IPv6 address reads as IPv4. */
  readonly remote: Address;
  /**
   * The next bytes, or null once the other side has finished sending. Valid until the next read.
   * One read at a time. Rejects with SystemError (ECONNRESET ...).
   */
  read(): Promise<Uint8Array | null>;
  /** Settles once the runtime can take more; one write at a time. Rejects with SystemError. */
  write(chunk: Uint8Array): Promise<void>;
  /** Gives bytes back: the next read (or the relay) sees them first. The bytes are kept as given. */
  unread(chunk: Uint8Array): void;
  /** Finishes sending (FIN) after all that was written; receiving goes on. */
  closeWrite(): Promise<void>;
  /** Closes both directions; what was written is still delivered. A pending read gives null. */
  close(): void;
  /** As close, but the other side sees a reset where the runtime can send one (`can` "reset"). */
  reset(): void;
  setNoDelay(on: boolean): void;
  setKeepAlive(on: boolean): void;
}

/** Told how a connect ended: exactly one of the two is called, after `connect` has returned. */
export interface Dialer {
  connected(connection: Connection): void;
  /** ECONNREFUSED, ETIMEDOUT, ENOENT, EADDRNOTAVAIL ...; ECANCELED after `cancel`. */
  refused(error: SystemError): void;
}

/** A connect under way. */
export interface Connecting {
  /** Gives it up. The dialer is still told, at the latest when the descriptor is given back. */
  cancel(): void;
}

export interface ConnectOptions {
  /** Local address to connect from (`proxy_bind`); port 0 lets the kernel choose. */
  readonly source?: Address;
}

/** A bound, listening stream socket. */
export interface Listener {
  /** The bound address; a port 0 that was asked for is the real one here. */
  readonly address: Address;
  /** Stops accepting and closes the socket; a unix socket's file is removed. Idempotent. */
  close(): Promise<void>;
}

export interface ListenOptions {
  /** Length of the accept queue; the kernel caps it. */
  readonly backlog: number;
  /** For IPv6 wildcards; nginx's default is true. */
  readonly ipv6Only: boolean;
  /** Called for every connection, already wired: an error on it can never be unhandled. */
  readonly accept: (connection: Connection) => void;
  /** Called when accepting failed for a while (EMFILE ...); the listener goes on by itself. */
  readonly failed: (error: SystemError) => void;
}

/** The counters of one relay; the relay only adds to them. Bytes. */
export interface Meter {
  fromClient: number;
  toClient: number;
  fromPeer: number;
  toPeer: number;
  /** `CoarseClock.now` of the last byte that moved in any direction. */
  touchedAt: number;
  /** Monotonic ms of the first byte from the peer; 0 until then. */
  firstByteAt: number;
}

/** Monotonic milliseconds that are refreshed by a timer wheel, so that reading them is free. */
export interface CoarseClock {
  readonly now: number;
}

export interface RelayOptions {
  readonly meter: Meter;
  /** nginx's `proxy_half_close`: false ends the session at the first end of a direction. */
  readonly halfClose: boolean;
  readonly clock: CoarseClock;
  /** Upper bound of a read buffer, `proxy_buffer_size`; adapters that cannot choose ignore it. */
  readonly bufferBytes: number;
  /** Bytes per second; undefined without a limit. A limited session is not an adapter's business. */
  readonly rates?: { readonly upload: number; readonly download: number };
}

/** Why a relay ended. */
export interface RelayEnd {
  /** The side whose end (or failure) ended it; "stop" when `stop()` did. */
  readonly by: "client" | "peer" | "stop";
  /** The failed call, when the end was not orderly. */
  readonly failure?: {
    readonly side: "client" | "peer";
    readonly call: "recv" | "send";
    readonly error: SystemError;
  };
}

/** A relay under way. */
export interface Relaying {
  /** Settles, never rejects, when both connections are closed. */
  readonly done: Promise<RelayEnd>;
  /** Ends it now: both connections are closed, `done` settles with by "stop". */
  stop(): void;
}

/** A timer that can be stopped. */
export interface Timer {
  stop(): void;
}

export interface Clock {
  /** Monotonic milliseconds, fractional. Timeouts and durations read only this. */
  now(): number;
  /** Wall clock, milliseconds since 1970; for logs and people. */
  wall(): number;
  /** Calls `run` once after `ms`. */
  after(ms: number, run: () => void): Timer;
}

/** Facts by address. */
export interface AddressBase {
  /** What is known of an address in text; null for nothing. */
  get(address: string): unknown;
}

/** Where datagrams go; one that cannot be sent is lost. */
export interface DatagramSink {
  send(bytes: Uint8Array): void;
  close(): void;
}

/** A file opened for appending; every failure comes back as an error value, never a throw. */
export interface AppendFile {
  write(bytes: Uint8Array): SystemError | undefined;
  /** Opens the path anew (log rotation); on failure the old descriptor stays. */
  reopen(): SystemError | undefined;
  close(): void;
}

/** Paths are byte strings (one char per byte, latin1), as the configuration has them. */
export interface Files {
  /** Throws SystemError. A directory is EISDIR. */
  read(path: string): Uint8Array;
  /** Throws SystemError. Creates or truncates. */
  write(path: string, bytes: Uint8Array): void;
  /** Throws SystemError. Creates the file; "stderr" and "stdout" are not special here. */
  append(path: string): AppendFile;
  /** Entries of a folder, unsorted. Throws SystemError. */
  list(path: string): readonly string[];
  exists(path: string): boolean;
  /** Gives a file to a user. Throws SystemError. */
  chown(path: string, uid: number, gid: number): void;
  remove(path: string): void;
}

export type Signal =
  | "SIGTERM"
  | "SIGINT"
  | "SIGQUIT"
  | "SIGHUP"
  | "SIGUSR1"
  | "SIGUSR2"
  | "SIGWINCH";

export interface Host {
  readonly pid: number;
  /** Words after the program's name. */
  readonly args: readonly string[];
  readonly hostname: string;
  readonly cwd: string;
  /** Files of the system that the host looks at itself: where there are permissions, it needs these too. */
  readonly reads: readonly string[];
  env(name: string): string | undefined;
  /** Effective number of the user that the process runs as. */
  userId(): number;
  /**
   * Becomes another user for good. Throws SystemError; "left" names what this host cannot give up.
   */
  becomeUser(user: { readonly name: string; readonly uid: number; readonly gid: number }): {
    readonly left: string | undefined;
  };
  /** Nice, -20 to 19. Throws SystemError. */
  setPriority(nice: number): void;
  /** Soft limit of open descriptors (RLIMIT_NOFILE), undefined where it cannot be read. */
  descriptorLimit(): number | undefined;
  residentBytes(): number;
  isTerminal(stream: "stdin" | "stdout" | "stderr"): boolean;
  /** Synchronous, bytes as given; a closed pipe is ignored. */
  stdout(bytes: Uint8Array): void;
  stderr(bytes: Uint8Array): void;
  onSignal(signal: Signal, run: () => void): void;
  /** Sends a signal to another process. Throws SystemError (ESRCH, EPERM). */
  kill(pid: number, signal: Signal): void;
  /** For bugs that reached the top: called instead of ending the process. */
  onUncaught(run: (error: unknown) => void): void;
  exit(code: number): never;
}

/** A running HTTP server. */
export interface HttpServer {
  readonly address: Address;
  close(): Promise<void>;
}

export interface Runtime {
  readonly name: "node" | "bun" | "deno" | "memory";
  readonly version: string;
  readonly can: ReadonlySet<Capability>;
  readonly clock: Clock;
  readonly files: Files;
  readonly host: Host;
  /** Rejects with SystemError: EADDRINUSE, EACCES, EADDRNOTAVAIL ... */
  listen(address: Address, options: ListenOptions): Promise<Listener>;
  /** To a literal address: never a name, never two families at once. */
  connect(address: Address, options: ConnectOptions, dialer: Dialer): Connecting;
  /**
   * Moves bytes both ways until the session ends; owns both connections from then on. Undefined
   * for a pair that the adapter does not know: `engine/relay/` moves those by read and write.
   */
  relay(client: Connection, peer: Connection, options: RelayOptions): Relaying | undefined;
  /** Sends datagrams to a literal address; `failed` hears of every one that was lost. */
  datagramsTo(address: Address, failed: (error: SystemError) => void): DatagramSink;
  /** Opens a MaxMind DB; rejects with Error for bytes that are none. */
  openMmdb(bytes: Uint8Array): Promise<AddressBase>;
  /** A whole gzip member, at once. Levels 1 to 9. */
  gzip(bytes: Uint8Array, level: number): Uint8Array;
  /** All addresses of a name by the system's resolver, IPv4 first; empty when there are none. */
  lookup(name: string): Promise<readonly string[]>;
  /** 0 <= x < 1. */
  random(): number;
  randomBytes(length: number): Uint8Array;
  /** Serves `fetch`; streams are never cut for being idle. Rejects with SystemError. */
  serveHttp(
    address: Address,
    fetch: (request: Request) => Response | Promise<Response>,
  ): Promise<HttpServer>;
  /**
   * Asks for what the host's permission system wants before anything starts; [] when all is granted.
   * Otherwise the flags that are missing, as the host spells them.
   */
  permit(needs: Needs): Promise<readonly string[]>;
}

/** What a configuration needs of the host, for runtimes with permissions (Deno). */
export interface Needs {
  /** "host:port" spellings, or true for any. */
  readonly net: readonly string[] | true;
  readonly read: readonly string[] | true;
  readonly write: readonly string[] | true;
  /** What is asked of the system about itself or the process. */
  readonly system: readonly SystemNeed[];
}

/** Becoming another user, the machine's name, the process's priority. */
export type SystemNeed = "user" | "hostname" | "priority";
