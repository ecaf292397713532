/** Reaches a peer of a group for a session: tries, timeouts, accounting and nginx's messages. */
import { SystemError, toSystemError } from "../lib/errno.ts";
import type { Timed } from "../lib/timer_wheel.ts";
import type { Address, Connecting, Connection } from "../runtime/runtime.ts";
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

/** One dial with its deadline; `cancel` and the deadline end it with a SystemError. */
class Dial implements Timed {
  wheelDeadline = 0;
  wheelPrevious: Timed | undefined;
  wheelNext: Timed | undefined;
  readonly #session: Session;
  readonly #connecting: Connecting;
  #gaveUp: "ETIMEDOUT" | "ECANCELED" | undefined;
  #settled = false;
  #giveUp: ((error: SystemError) => void) | undefined;

  constructor(session: Session, address: Address, source: Address | undefined) {
    this.#session = session;
    const options = source === undefined ? {} : { source };
    this.#connecting = session.worker.runtime.connect(address, options);
    session.interrupt = () => this.#abandon("ECANCELED");
  }

  /** The connection, or a rejection with SystemError no later than the deadline. */
  wait(timeoutMs: number): Promise<Connection> {
    const { wheel } = this.#session.worker;
    wheel.set(this, timeoutMs);
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      this.#connecting.connection.then((connection) => {
        wheel.clear(this);
        if (this.#settle()) resolve(connection);
        else connection.close();
      }, (error) => {
        wheel.clear(this);
        if (this.#settle()) reject(toSystemError(error));
      });
    });
  }

  timedOut(): void {
    this.#abandon("ETIMEDOUT");
  }

  /** True for a result that is still wanted; a late one only gives its descriptor back. */
  #settle(): boolean {
    this.#settled = true;
    if (this.#gaveUp === undefined) return true;
    this.#session.worker.lingering -= 1;
    return false;
  }

  #abandon(code: "ETIMEDOUT" | "ECANCELED"): void {
    if (this.#gaveUp !== undefined || this.#settled) return;
    this.#gaveUp = code;
    // Some runtimes cannot cancel: the descriptor counts until the connect has really ended.
    this.#session.worker.lingering += 1;
    this.#connecting.cancel();
    this.#giveUp?.(new SystemError(code));
  }
}

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
  for (;;) {
    const peer = selection.next();
    if (peer === undefined) return noLivePeers(session, upstream);
    const reached = await tryPeer(session, peer, rules, source);
    if (typeof reached !== "number") return reached;
    if (reached === 500) return 500;
    const late = rules.nextTimeoutMs > 0 && clock.now() - startedAt >= rules.nextTimeoutMs;
    if (!rules.next || late || selection.triesLeft <= 0) return 502;
    upstream.memory.retries += 1;
  }
}

function noLivePeers(session: Session, upstream: Upstream): 502 {
  session.peer = undefined;
  const now = session.worker.runtime.clock.now();
  session.addAttempt(newAttempt(upstream.name, now));
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

async function tryPeer(
  session: Session,
  peer: Peer,
  rules: ConnectRules,
  source: Address | undefined,
): Promise<Reached | ConnectFailure> {
  const { worker } = session;
  session.peer = peer.server;
  const attempt = newAttempt(peer.server, worker.runtime.clock.now());
  session.addAttempt(attempt);
  if (worker.active + worker.peerConnections >= worker.limits.connections) {
    session.log("alert", `${worker.limits.connections} worker_connections are not enough`);
    peer.released();
    return 500;
  }
  worker.takeId();
  worker.peerConnections += 1;
  try {
    const connection = await new Dial(session, peer.address, source).wait(rules.connectTimeoutMs);
    return reached(session, peer, attempt, connection, rules);
  } catch (error) {
    worker.peerConnections -= 1;
    peer.released();
    attempt.sessionMs = worker.runtime.clock.now() - attempt.startedAt;
    return refused(session, peer, toSystemError(error));
  } finally {
    session.interrupt = undefined;
  }
}

function reached(
  session: Session,
  peer: Peer,
  attempt: Attempt,
  connection: Connection,
  rules: ConnectRules,
): Reached {
  const { worker } = session;
  const { clock } = worker.runtime;
  attempt.connectMs = clock.now() - attempt.startedAt;
  peer.memory.counters.connected(attempt.connectMs);
  peer.succeeded();
  if (session.server.noDelay) connection.setNoDelay(true);
  session.peerMemory = peer.memory;
  if (rules.keepAlive) connection.setKeepAlive(true);
  return {
    connection,
    peer,
    release() {
      const { fromPeer, toPeer, firstByteAt } = session.meter;
      attempt.sessionMs = clock.now() - attempt.startedAt;
      if (firstByteAt > 0) attempt.firstByteMs = firstByteAt - attempt.startedAt;
      attempt.received = fromPeer;
      attempt.sent = toPeer;
      peer.memory.counters.received += fromPeer;
      peer.memory.counters.sent += toPeer;
      session.peerMemory = undefined;
      worker.peerConnections -= 1;
      peer.released();
      peer.succeeded();
    },
  };
}

function refused(session: Session, peer: Peer, error: SystemError): ConnectFailure {
  if (error.code === "ECANCELED") return 500; // the session was ended, the peer did nothing wrong
  if (error.code === "ETIMEDOUT") session.log("error", "upstream timed out", error);
  else session.log(isExpected(error) ? "error" : "crit", "connect() failed", error);
  const out = peer.failed(session.worker.runtime.clock.now(), error);
  if (out) session.log("warn", "upstream server temporarily disabled");
  return 502;
}

/** Failures that peers cause; anything else is a fault of this machine or its configuration. */
function isExpected({ code }: SystemError): boolean {
  return code === "ECONNREFUSED" || code === "ENETUNREACH" || code === "EHOSTUNREACH" ||
    code === "ECONNRESET" || code === "ENOENT" || code === "EAGAIN";
}
