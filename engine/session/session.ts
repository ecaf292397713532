/** One client's visit, from accept to log. */
import { formatAddress, formatHost } from "../lib/address.ts";
import type { SystemError } from "../lib/errno.ts";
import type { Captures } from "../lib/pcre/pattern.ts";
import type { ProxyHeader } from "../lib/proxy_protocol.ts";
import type { Address, Connection, Meter } from "../runtime/runtime.ts";
import type { DropReason, SessionState } from "../status/snapshot.ts";
import type { ListenerCounters } from "../status/counters.ts";
import type { Level, Log } from "./log.ts";
import type { BoundHandler } from "./phases.ts";
import type { PrereadLimits } from "./preread.ts";
import type { Door, Worker } from "./worker.ts";

/** Typed key of a module's configuration in a block: the module itself. */
export interface ConfKey<C> {
  readonly name: string;
  create(): C;
}

/** One `server {}` block of `stream`: its merged configuration and its flattened handlers. */
export interface VirtualServer {
  /** In phase order; the content handler is the last. */
  readonly handlers: readonly BoundHandler[];
  /** Handlers of the log phase. */
  readonly logHandlers: readonly BoundHandler[];
  readonly log: Log;
  /** `$server_name`: the first of its names, as it is shown. */
  readonly name: string;
  /** `tcp_nodelay`, for both sides. */
  readonly noDelay: boolean;
  readonly preread: PrereadLimits;
  conf<C>(module: ConfKey<C>): C;
}

/** The virtual servers of one address. */
export interface VirtualAddress {
  /** Serves until a name is known, and every name that no other has. */
  readonly fallback: VirtualServer;
  /** Every client sends a PROXY header first. */
  readonly hasProxyProtocol: boolean;
  /** The server of a name that a client asked for; undefined when none has it. */
  find(session: Session, name: string): VirtualServer | undefined;
}

/** One try to reach a peer. Times are milliseconds, undefined for a stage that was not reached. */
export interface Attempt {
  /** The peer's address, or the group's name when no peer could be selected. */
  readonly address: string;
  readonly startedAt: number;
  connectMs: number | undefined;
  firstByteMs: number | undefined;
  sessionMs: number | undefined;
  received: number;
  sent: number;
}

const NO_ATTEMPTS: readonly Attempt[] = [];

export class Session {
  /** `$connection`. */
  readonly id: number;
  readonly worker: Worker;
  readonly client: Connection;
  /** The address that the client connected to. */
  readonly address: VirtualAddress;
  /** The default server of the address, or the one of the name that the client asked for. */
  server: VirtualServer;
  /** Client and server as `$remote_addr` and `$server_addr` have them: after realip and `pass`. */
  remote: Address;
  readonly local: Address;
  /** How often the client was passed on. */
  readonly hops: number;
  /** What the client's PROXY header said, where it had to send one. */
  proxyHeader: ProxyHeader | undefined;
  /** Counters of the listening socket that accepted it. */
  readonly counters: ListenerCounters;
  /** Monotonic ms. */
  readonly startedAt: number;
  readonly meter: Meter;
  /** `$status`; 0 until the session has ended. */
  status = 0;
  state: SessionState = "starting";
  /** What is being done, as the log says it after "while". */
  action = "initializing session";
  /** Name of the group and address of the peer, once known. */
  upstream: string | undefined;
  peer: string | undefined;
  /** What the peer it holds is counted in; for the status. */
  peerMemory: object | undefined;
  attempts: readonly Attempt[] = NO_ATTEMPTS;
  /** `$1` ... of the most recent match of a regular expression. */
  captures: Captures | undefined;
  /** What modules keep with it; see `slot`. */
  slots: unknown[] | undefined;
  /** Links of the worker's list of live sessions; newer is towards the head. */
  newer: Session | undefined;
  older: Session | undefined;
  /** Ends what the content handler has under way; set by it, called by `kill`. */
  interrupt: (() => void) | undefined;
  #killedWith: number | undefined;
  #endings: (() => void)[] | undefined;
  #variables: Map<number, string | null> | undefined;

  constructor(
    worker: Worker,
    client: Connection,
    at: {
      readonly id: number;
      readonly address: VirtualAddress;
      readonly counters: ListenerCounters;
      readonly hops?: number;
      readonly local?: Address;
    },
  ) {
    this.id = at.id;
    this.worker = worker;
    this.client = client;
    this.address = at.address;
    this.server = at.address.fallback;
    this.remote = client.remote;
    this.local = at.local ?? client.local;
    this.hops = at.hops ?? 0;
    this.counters = at.counters;
    this.startedAt = worker.runtime.clock.now();
    this.meter = {
      fromClient: 0,
      toClient: 0,
      fromPeer: 0,
      toPeer: 0,
      touchedAt: worker.wheel.now,
      firstByteAt: 0,
    };
  }

  /** Values of variables that were evaluated, by cache index; null is "not found". */
  get variables(): Map<number, string | null> {
    return this.#variables ??= new Map();
  }

  get ended(): boolean {
    return this.status !== 0;
  }

  addAttempt(attempt: Attempt): void {
    this.attempts = this.attempts.length === 0 ? [attempt] : [...this.attempts, attempt];
  }

  /** Calls `run` when the session has ended and was logged. */
  atEnd(run: () => void): void {
    this.#endings = [...this.#endings ?? [], run];
  }

  /** The client asked for a name: from the next phase on its server is in charge. */
  selectServer(name: string): void {
    this.server = this.address.find(this, name) ?? this.server;
  }

  /** Leaves the client to another listening socket; this visit is neither logged nor closed. */
  handOver(door: Door, local: Address): "done" {
    if (this.status !== 0) return "done";
    this.status = 200;
    this.counters.passed(this.meter);
    this.worker.leave(this);
    this.#runEndings();
    door.enter(this.client, { id: this.id, hops: this.hops + 1, local });
    return "done";
  }

  /**
   * Ends the session: log phase, counters, close. The first call decides, later ones do nothing.
   * `reason` counts the session as dropped; give it where the client got less than it came for.
   */
  finish(status: number, reason?: DropReason): "done" {
    if (this.status !== 0) return "done";
    this.status = this.#killedWith ?? status;
    this.state = "closing";
    for (const handler of this.server.logHandlers) this.#runLog(handler);
    this.counters.finished(this.status, this.meter, reason);
    this.worker.leave(this);
    this.#runEndings();
    this.client.close();
    return "done";
  }

  #runEndings(): void {
    for (const run of this.#endings ?? []) run();
    this.#endings = undefined;
  }

  /** Ends it from outside (shutdown, an operator), at once or when what is under way has stopped. */
  kill(status: number): void {
    this.#killedWith = status;
    if (this.interrupt === undefined) this.finish(status);
    else this.interrupt();
  }

  /** A bug: logged with its stack, it ends this session and nothing else. */
  failed(error: unknown): void {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    this.log("alert", `unexpected error: ${text.replaceAll("\n", " ")}`);
    const { interrupt } = this;
    this.finish(500, "error");
    interrupt?.();
  }

  /** nginx's line with this session's context: `MESSAGE (111: ...) while ACTION, client: ...`. */
  log(level: Level, message: string, error?: SystemError): void {
    const { log } = this.server;
    if (!log.takes(level)) return;
    const cause = error === undefined ? "" : ` (${error.message})`;
    const action = this.action === "" ? "" : ` while ${this.action}`;
    log.write(level, message + cause + action + this.#context(), this.id);
  }

  /** "bytes from/to client:1/2, bytes from/to upstream:3/4". */
  bytesText(): string {
    const { fromClient, toClient, fromPeer, toPeer } = this.meter;
    return `bytes from/to client:${fromClient}/${toClient}, ` +
      `bytes from/to upstream:${fromPeer}/${toPeer}`;
  }

  #context(): string {
    const server = formatAddress(this.counters.address);
    const base = `, client: ${formatHost(this.remote)}, server: ${server}`;
    if (this.upstream === undefined) return base;
    return `${base}, upstream: "${this.peer ?? this.upstream}", ${this.bytesText()}`;
  }

  #runLog(handler: BoundHandler): void {
    try {
      handler.run(this);
    } catch (error) {
      // A log handler that fails must not keep the session from being closed and counted.
      this.server.log.write("alert", `unexpected error while logging: ${String(error)}`, this.id);
    }
  }
}
