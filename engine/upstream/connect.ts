/** Reaches a peer of a group for a session: tries, timeouts, accounting and nginx's messages. */
import { SystemError } from "../lib/errno.ts";
import type { Timed } from "../lib/timer_wheel.ts";
import type {
  Address,
  Connecting,
  Connection,
  ConnectOptions,
  Dialer,
} from "../runtime/runtime.ts";
import type { Attempt, Session } from "../session/session.ts";
import type { Peer } from "./peer.ts";
import type { Upstream } from "./upstream.ts";

/** The `proxy_*` directives that decide how peers are tried. */
export interface ConnectRules {
  readonly connectTimeoutMs: number;
  /** `proxy_next_upstream`, `_tries` (0: all peers) and `_timeout` (0: none). */
  readonly next: boolean;
  readonly tries: number;
  readonly nextTimeoutMs: number;
  readonly keepAlive: boolean;
}

/** A peer that answered. Call `release` exactly once when the session is done with it. */
export interface Reached {
  readonly connection: Connection;
  readonly peer: Peer;
  release(): void;
}

/** Why no peer was reached, as a status of nginx. */
export type ConnectFailure = 502 | 500;

/** One peer given to one session: the dial with its deadline, then the place that it takes. */
class Try implements Timed, Dialer, Reached {
  wheelDeadline = 0;
  wheelPrevious: Timed | undefined;
  wheelNext: Timed | undefined;
  readonly peer: Peer;
  readonly attempt: Attempt;
  /** Settles once: with nothing when the peer answered, else with why not. */
  readonly outcome: Promise<SystemError | undefined>;
  connection!: Connection; // there once the outcome is good
  readonly #session: Session;
  #connecting: Connecting | undefined;
  #settle!: (error: SystemError | undefined) => void; // set by the promise's executor
  #state: "waiting" | "settled" | "abandoned" = "waiting";

  constructor(session: Session, peer: Peer, attempt: Attempt) {
    this.#session = session;
    this.peer = peer;
    this.attempt = attempt;
    this.outcome = new Promise((settle) => {
      this.#settle = settle;
    });
  }

  dial(options: ConnectOptions, timeoutMs: number): void {
    const { runtime, wheel } = this.#session.worker;
    this.#connecting = runtime.connect(this.peer.address, options, this);
    // No time at all: nginx gives up before an answer can be seen.
    if (timeoutMs === 0) this.abandon("ETIMEDOUT");
    else wheel.set(this, timeoutMs);
  }

  connected(connection: Connection): void {
    if (this.#isLate()) {
      connection.close();
      return;
    }
    this.connection = connection;
    this.#settle(undefined);
  }

  refused(error: SystemError): void {
    if (!this.#isLate()) this.#settle(error);
  }

  timedOut(): void {
    this.abandon("ETIMEDOUT");
  }

  abandon(code: "ETIMEDOUT" | "ECANCELED"): void {
    if (this.#state !== "waiting") return;
    this.#state = "abandoned";
    const { worker } = this.#session;
    // Some runtimes cannot cancel: the descriptor counts until the connect has really ended.
    worker.lingering += 1;
    worker.wheel.clear(this);
    this.#connecting?.cancel();
    this.#settle(new SystemError(code));
  }

  release(): void {
    const { attempt, peer } = this;
    const session = this.#session;
    const { fromPeer, toPeer, firstByteAt } = session.meter;
    attempt.sessionMs = session.worker.runtime.clock.now() - attempt.startedAt;
    if (firstByteAt > 0) attempt.firstByteMs = firstByteAt - attempt.startedAt;
    attempt.received = fromPeer;
    attempt.sent = toPeer;
    const { counters } = peer.memory;
    counters.received += fromPeer;
    counters.sent += toPeer;
    session.peerMemory = undefined;
    session.worker.peerConnections -= 1;
    peer.released();
    peer.succeeded();
  }

  /** True for a result that nobody waits for any more; it only gives its descriptor back. */
  #isLate(): boolean {
    const { worker } = this.#session;
    if (this.#state === "abandoned") {
      worker.lingering -= 1;
      return true;
    }
    this.#state = "settled";
    worker.wheel.clear(this);
    return false;
  }
}

const NO_OPTIONS: ConnectOptions = {};

/** Tries peers by the rules until one answers. Logs every failure; the caller ends the session. */
export async function connectUpstream(
  session: Session,
  upstream: Upstream,
  rules: ConnectRules,
  source: Address | undefined,
): Promise<Reached | ConnectFailure> {
  session.upstream = upstream.name;
  session.action = "connecting to upstream";
  session.state = "connecting";
  const { clock } = session.worker.runtime;
  const selection = upstream.select(session);
  if (rules.tries > 0) selection.triesLeft = Math.min(selection.triesLeft, rules.tries);
  const startedAt = clock.now();
  for (let now = startedAt;; now = clock.now()) {
    const peer = selection.next(now);
    if (peer === undefined) return noLivePeers(session, upstream, now);
    const reach = tryPeer(session, peer, now);
    if (reach === undefined) return 500;
    session.interrupt = () => reach.abandon("ECANCELED");
    reach.dial(source === undefined ? NO_OPTIONS : { source }, rules.connectTimeoutMs);
    const error = await reach.outcome;
    session.interrupt = undefined;
    if (error === undefined) return reached(session, reach, rules);
    if (refused(session, reach, error) === 500) return 500;
    const late = rules.nextTimeoutMs > 0 && clock.now() - startedAt >= rules.nextTimeoutMs;
    if (!rules.next || late || selection.triesLeft <= 0) return 502;
    upstream.memory.retries += 1;
  }
}

function noLivePeers(session: Session, upstream: Upstream, now: number): 502 {
  session.peer = undefined;
  // nginx counts this as an attempt that took no time.
  session.addAttempt({ ...newAttempt(upstream.name, now), sessionMs: 0 });
  session.log("error", "no live upstreams");
  return 502;
}

function newAttempt(address: string, startedAt: number): Attempt {
  return {
    address,
    startedAt,
    connectMs: undefined,
    firstByteMs: undefined,
    sessionMs: undefined,
    received: 0,
    sent: 0,
  };
}

/** Undefined when `worker_connections` leaves no place for a connection to it. */
function tryPeer(session: Session, peer: Peer, now: number): Try | undefined {
  const { worker } = session;
  session.peer = peer.server;
  const attempt = newAttempt(peer.server, now);
  session.addAttempt(attempt);
  if (worker.active + worker.peerConnections >= worker.limits.connections) {
    session.log("alert", `${worker.limits.connections} worker_connections are not enough`);
    peer.released();
    return undefined;
  }
  worker.takeId();
  worker.peerConnections += 1;
  return new Try(session, peer, attempt);
}

function reached(session: Session, reach: Try, rules: ConnectRules): Reached {
  const { attempt, connection, peer } = reach;
  attempt.connectMs = session.worker.runtime.clock.now() - attempt.startedAt;
  peer.memory.counters.connected(attempt.connectMs);
  peer.succeeded();
  if (session.server.noDelay) connection.setNoDelay(true);
  session.peerMemory = peer.memory;
  if (rules.keepAlive) connection.setKeepAlive(true);
  return reach;
}

function refused(session: Session, { attempt, peer }: Try, error: SystemError): ConnectFailure {
  const { worker } = session;
  const now = worker.runtime.clock.now();
  worker.peerConnections -= 1;
  peer.released();
  attempt.sessionMs = now - attempt.startedAt;
  if (error.code === "ECANCELED") return 500; // the session was ended, the peer did nothing wrong
  if (error.code === "ETIMEDOUT") session.log("error", "upstream timed out", error);
  else session.log(isExpected(error) ? "error" : "crit", "connect() failed", error);
  const out = peer.failed(now, error);
  if (out) session.log("warn", "upstream server temporarily disabled");
  return 502;
}

/** Failures that peers cause; anything else is a fault of this machine or its configuration. */
function isExpected({ code }: SystemError): boolean {
  return code === "ECONNREFUSED" || code === "ENETUNREACH" || code === "EHOSTUNREACH" ||
    code === "ECONNRESET" || code === "ENOENT" || code === "EAGAIN";
}
