/** A relay within nginx's `proxy_timeout`: inactivity in both directions together ends it. */
import type { Timed, TimerWheel } from "../lib/timer_wheel.ts";
import type { Connection, Relay, RelayEnd, Relaying, RelayOptions } from "../runtime/runtime.ts";

export interface IdleRelayEnd extends RelayEnd {
  /** Nothing moved for the whole timeout. */
  readonly timedOut: boolean;
}

/**
 * One relay and its deadline. A chunk costs one store (`meter.touchedAt`); when the deadline comes
 * up, it is moved behind the last chunk or the relay is stopped.
 */
export class IdleRelay implements Timed {
  wheelDeadline = 0;
  wheelPrevious: Timed | undefined;
  wheelNext: Timed | undefined;
  readonly #wheel: TimerWheel;
  readonly #timeoutMs: number;
  readonly #meter: { readonly touchedAt: number };
  readonly #relaying: Relaying;
  #expired = false;

  constructor(
    relay: Relay,
    ends: { readonly client: Connection; readonly peer: Connection },
    options: RelayOptions & { readonly wheel: TimerWheel; readonly timeoutMs: number },
  ) {
    this.#wheel = options.wheel;
    this.#timeoutMs = options.timeoutMs;
    this.#meter = options.meter;
    this.#wheel.set(this, this.#timeoutMs);
    options.meter.touchedAt = this.#wheel.now;
    this.#relaying = relay(ends.client, ends.peer, options);
  }

  /** Settles when both connections are closed; never rejects. */
  async end(): Promise<IdleRelayEnd> {
    const end = await this.#relaying.done;
    this.#wheel.clear(this);
    return { ...end, timedOut: this.#expired };
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
    this.#expired = true;
    this.#relaying.stop();
  }
}
