/**
 * One coarse timer for any number of deadlines: a hashed wheel of linked slots.
 *
 * Setting, moving and dropping a deadline is a few pointer writes. The underlying timer runs only
 * while a deadline is set, and its ticks refresh `now`, which hot paths read instead of a clock.
 */

/** Something with at most one deadline. The wheel owns the fields that start with `wheel`. */
export interface Timed {
  wheelDeadline: number;
  wheelPrevious: Timed | undefined;
  wheelNext: Timed | undefined;
  /** The deadline passed (it is no longer set); never early, about a tick late at most. */
  timedOut(): void;
}

/** What the wheel needs of a runtime's clock. */
export interface WheelClock {
  now(): number;
  after(ms: number, run: () => void): { stop(): void };
}

const SLOTS = 512;

/** The list head of a slot; its own `timedOut` is never called. */
function emptySlot(): Timed {
  return {
    wheelDeadline: 0,
    wheelPrevious: undefined,
    wheelNext: undefined,
    timedOut: () => {},
  };
}

export class TimerWheel {
  /** Monotonic ms of the last tick or `set`; at most a tick old while any deadline is set. */
  now: number;
  readonly tickMs: number;
  readonly #clock: WheelClock;
  readonly #slots: readonly Timed[];
  readonly #due: Timed = emptySlot();
  #size = 0;
  #position: number;
  #timer: { stop(): void } | undefined;
  readonly #onTick: () => void;

  constructor(clock: WheelClock, tickMs = 100) {
    this.#clock = clock;
    this.tickMs = tickMs;
    this.now = clock.now();
    this.#position = Math.floor(this.now / tickMs);
    this.#slots = Array.from({ length: SLOTS }, emptySlot);
    this.#onTick = () => this.#tick();
  }

  /** How many deadlines are set. */
  get size(): number {
    return this.#size;
  }

  /** Calls `item.timedOut()` after `ms`, instead of any deadline it had. */
  set(item: Timed, ms: number): void {
    this.clear(item);
    if (this.#timer === undefined) this.#start();
    item.wheelDeadline = this.#clock.now() + ms;
    this.#schedule(item);
    this.#size += 1;
  }

  /** Drops the deadline, if one is set. */
  clear(item: Timed): void {
    if (item.wheelPrevious === undefined) return;
    unlink(item);
    this.#size -= 1;
  }

  #start(): void {
    this.now = this.#clock.now();
    this.#position = Math.floor(this.now / this.tickMs);
    this.#timer = this.#clock.after(this.tickMs, this.#onTick);
  }

  /** Into the slot that comes up after the deadline; one beyond the wheel's turn is seen early. */
  #schedule(item: Timed): void {
    const slot = Math.floor(item.wheelDeadline / this.tickMs) + 1;
    link(this.#slots[slot % SLOTS] as Timed, item); // in range
  }

  #tick(): void {
    this.now = this.#clock.now();
    const target = Math.floor(this.now / this.tickMs);
    // After a long pause (SIGSTOP) one turn visits every slot.
    let position = Math.max(this.#position, target - SLOTS);
    while (position < target) {
      position += 1;
      this.#expire(this.#slots[position % SLOTS] as Timed); // in range
    }
    this.#position = target;
    this.#timer = this.#size > 0 ? this.#clock.after(this.tickMs, this.#onTick) : undefined;
  }

  #expire(head: Timed): void {
    let item = head.wheelNext;
    head.wheelNext = undefined;
    while (item !== undefined) {
      const next = item.wheelNext;
      if (item.wheelDeadline <= this.now) link(this.#due, item);
      else this.#schedule(item);
      item = next;
    }
    // From a list of its own: timedOut may set deadlines in this slot and clear other due ones.
    for (item = this.#due.wheelNext; item !== undefined; item = this.#due.wheelNext) {
      this.clear(item);
      item.timedOut();
    }
  }
}

function link(head: Timed, item: Timed): void {
  item.wheelNext = head.wheelNext;
  item.wheelPrevious = head;
  if (head.wheelNext !== undefined) head.wheelNext.wheelPrevious = item;
  head.wheelNext = item;
}

function unlink(item: Timed): void {
  const { wheelPrevious: previous, wheelNext: next } = item;
  if (previous !== undefined) previous.wheelNext = next;
  if (next !== undefined) next.wheelPrevious = previous;
  item.wheelPrevious = undefined;
  item.wheelNext = undefined;
}
