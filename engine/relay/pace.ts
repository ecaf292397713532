/** `proxy_upload_rate`, `proxy_download_rate`: how fast one direction of a session may go. */
import type { Clock, Timer } from "../runtime/runtime.ts";

/** Bytes per second of a session; 0 is unlimited. */
export interface Rates {
  readonly upload: number;
  readonly download: number;
}

/** One direction. Its timer only exists while it waits. */
export class Pace {
  readonly #rate: number;
  readonly #clock: Clock;
  readonly #startedAt: number;
  #moved = 0;
  #timer: Timer | undefined;
  #wake: (() => void) | undefined;

  constructor(rate: number, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  /** How many bytes of `wanted` may go now, as nginx counts; 0 says to wait first. */
  allowed(wanted: number): number {
    const seconds = Math.floor((this.#clock.now() - this.#startedAt) / 1000) + 1;
    return Math.max(0, Math.min(wanted, this.#rate * seconds - this.#moved));
  }

  /** After that many bytes: ms to wait until the next. */
  moved(bytes: number): number {
    this.#moved += bytes;
    return Math.floor(bytes * 1000 / this.#rate);
  }

  /** Ms until the budget is positive again. */
  overdrawnMs(): number {
    const seconds = Math.floor((this.#clock.now() - this.#startedAt) / 1000) + 1;
    const missing = this.#moved - this.#rate * seconds;
    return Math.floor(missing * 1000 / this.#rate) + 1;
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#timer = this.#clock.after(ms, resolve);
    });
  }

  /** Ends a wait: the relay is over. */
  stop(): void {
    this.#timer?.stop();
    this.#wake?.();
  }
}
