/** What the sessions of one worker share: the runtime, the timers, the live list and the limits. */
import type { Address, Connection, Runtime } from "../runtime/runtime.ts";
import { TimerWheel } from "../lib/timer_wheel.ts";
import type { Session } from "./session.ts";

/** A listening socket as `pass` knows it. */
export interface Door {
  /** Takes a client over from a session that was not asked to serve it. */
  enter(client: Connection, from: Passed): void;
}

/** What a client brings along when it is passed on. */
export interface Passed {
  readonly id: number;
  readonly hops: number;
  /** The address that it now counts as connected to. */
  readonly local: Address;
}

/** How much a worker may hold open at once. */
export interface Limits {
  /** `worker_connections`: client and peer connections together. */
  readonly connections: number;
  /** Descriptors left for client and peer connections; Infinity where no limit is known. */
  readonly descriptors: number;
}

export class Worker {
  readonly runtime: Runtime;
  readonly wheel: TimerWheel;
  limits: Limits = { connections: Infinity, descriptors: Infinity };
  /** Sessions now and the most there were. */
  active = 0;
  highWater = 0;
  accepted = 0;
  /** Connections to peers, also those still connecting. */
  peerConnections = 0;
  /** Connects that were given up but still hold a descriptor. */
  lingering = 0;
  /** The listening socket that serves an address, for `pass`. */
  doorOf: (address: Address) => Door | undefined = () => undefined;
  /** The newest live session; the others follow by `older`. */
  newest: Session | undefined;
  #nextId = 1;
  #oldest: Session | undefined;
  /** At most one for each reload whose sessions still live. */
  #waiting: { readonly id: number; readonly settle: () => void }[] = [];

  constructor(runtime: Runtime) {
    this.runtime = runtime;
    this.wheel = new TimerWheel(runtime.clock);
  }

  /** `$connection`: clients and connections to peers draw from one counter, as in nginx. */
  takeId(): number {
    return this.#nextId++;
  }

  /** Which limit a further client would cross; undefined when there is room for it and a peer. */
  crossed(): "worker_connections" | "descriptors" | undefined {
    const { connections, descriptors } = this.limits;
    if (this.active + this.peerConnections >= connections) return "worker_connections";
    // Every session may need a second descriptor for its peer, so that one is held for it here.
    if (2 * (this.active + 1) + this.lingering > descriptors) return "descriptors";
    return undefined;
  }

  enter(session: Session): void {
    this.active += 1;
    this.accepted += 1;
    if (this.active > this.highWater) this.highWater = this.active;
    session.older = this.newest;
    if (this.newest === undefined) this.#oldest = session;
    else this.newest.newer = session;
    this.newest = session;
  }

  leave(session: Session): void {
    this.active -= 1;
    const { newer, older } = session;
    if (newer === undefined) this.newest = older;
    else newer.older = older;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    session.newer = undefined;
    session.older = undefined;
    if (this.#waiting.length > 0) this.#settleWaiting();
  }

  /** Settles when no session is left. */
  idle(): Promise<void> {
    return this.#whenEmpty(this.newest);
  }

  /** The sessions of now as a generation: configuration moves on without them. */
  retire(): Retired {
    const last = this.newest;
    return {
      idle: () => this.#whenEmpty(last),
      end: () => {
        for (const session of this.sessions()) {
          if (last === undefined || session.id > last.id) continue;
          session.log("info", "shutdown timeout");
          session.kill(200);
        }
      },
    };
  }

  /** Live sessions, newest first; ending the current one on the way is safe. */
  *sessions(): Generator<Session> {
    for (let session = this.newest; session !== undefined;) {
      const { older } = session;
      yield session;
      session = older;
    }
  }

  /** Settles when `last` and every older session has ended: ids only grow. */
  #whenEmpty(last: Session | undefined): Promise<void> {
    if (last === undefined || this.#oldest === undefined) return Promise.resolve();
    return new Promise((settle) => this.#waiting.push({ id: last.id, settle }));
  }

  #settleWaiting(): void {
    const oldest = this.#oldest?.id ?? Infinity;
    const due = this.#waiting.filter(({ id }) => id < oldest);
    this.#waiting = this.#waiting.filter(({ id }) => id >= oldest);
    for (const { settle } of due) settle();
  }
}

/** Sessions that were live when the configuration moved on. */
export interface Retired {
  /** Settles when all of them have ended. */
  idle(): Promise<void>;
  /** Ends those that are left. */
  end(): void;
}
