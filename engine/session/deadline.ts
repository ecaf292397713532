/** A limit of time for one step of a session, kept by the worker's wheel. */
import type { Timed } from "../lib/timer_wheel.ts";
import type { Session } from "./session.ts";

export class Deadline implements Timed {
  wheelDeadline = 0;
  wheelPrevious: Timed | undefined;
  wheelNext: Timed | undefined;
  readonly timedOut: () => void;
  readonly #session: Session;

  /** Calls `expired` after `ms` unless it is cleared before. */
  constructor(session: Session, ms: number, expired: () => void) {
    this.timedOut = expired;
    this.#session = session;
    session.worker.wheel.set(this, ms);
  }

  clear(): void {
    this.#session.worker.wheel.clear(this);
  }
}
