/** A relay within nginx's `proxy_timeout`: inactivity in both directions together ends it. */
import type { Timed, TimerWheel } from "../lib/timer_wheel.ts";
import type { Meter, RelayEnd, Relaying } from "../runtime/runtime.ts";

/**
 * One relay and its deadline. A chunk costs one store (`meter.touchedAt`); when the deadline comes
 * up, it is moved behind the last chunk or the relay is stopped.
 */
export class IdleRelay implements Timed, Relaying {
  wheelDeadline = 0;
  wheelPrevious: Timed | undefined;
  wheelNext: Timed | undefined;
  /** Settles when both connections are closed; never rejects. Call `clear` then. */
  readonly done: Promise<RelayEnd>;
  /** Nothing moved for the whole timeout. */
  hasExpired = false;
  readonly #relaying: Relaying;
  readonly #meter: Meter;
  readonly #wheel: TimerWheel;
  readonly #timeoutMs: number;

  constructor(relaying: Relaying, meter: Meter, wheel: TimerWheel, timeoutMs: number) {
    this.#relaying = relaying;
    this.done = relaying.done;
    this.#meter = meter;
    this.#wheel = wheel;
    this.#timeoutMs = timeoutMs;
    wheel.set(this, timeoutMs);
  }

  /** Drops the deadline: the relay is over. */
  clear(): void {
    this.#wheel.clear(this);
  }

  stop(): void {
    this.#relaying.stop();
  }

  timedOut(): void {
    // `touchedAt` may be a tick older than the chunk, so a tick is allowed on top.
    const left = this.#meter.touchedAt + this.#timeoutMs + this.#wheel.tickMs - this.#wheel.now;
    if (left > 0) {
      this.#wheel.set(this, left);
      return;
    }
    this.hasExpired = true;
    this.#relaying.stop();
  }
}
