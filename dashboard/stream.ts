/** Server-sent events: one sample a second while somebody watches, serialised once for all. */
import type { Snapshot, StatusSource } from "../engine/status/snapshot.ts";
import { problem } from "./security.ts";
import { readableCopy } from "./text.ts";

const MAX_STREAMS = 32;
const PERIOD_MS = 1000;
const HISTORY = 60;
const CONNECTIONS = 200;

interface Timers {
  after(ms: number, run: () => void): { stop(): void };
}

/** One second of the overview, per second. */
export interface Rates {
  readonly at: number;
  readonly active: number;
  readonly accepted: number;
  readonly received: number;
  readonly sent: number;
  readonly failed: number;
}

/** What one tick carries. */
export interface Tick {
  readonly status: Snapshot;
  readonly connections: ReturnType<StatusSource["connections"]>;
  readonly history: readonly Rates[];
}

/** A watcher takes a frame when it reads; a newer frame replaces one that was not taken. */
interface Watcher {
  pending: Uint8Array | undefined;
  wake: (() => void) | undefined;
  closed: boolean;
}

const encoder = new TextEncoder();

export class Streams {
  readonly #status: StatusSource;
  readonly #timers: Timers;
  readonly #watchers = new Set<Watcher>();
  #timer: { stop(): void } | undefined;
  #previous: Snapshot | undefined;
  #history: Rates[] = [];
  #sequence = 0;

  constructor(status: StatusSource, timers: Timers) {
    this.#status = status;
    this.#timers = timers;
  }

  open(): Response {
    if (this.#watchers.size >= MAX_STREAMS) {
      const answer = problem(503, "Too many streams", `${MAX_STREAMS} pages are open`);
      answer.headers.set("retry-after", "5");
      return answer;
    }
    const watcher: Watcher = { pending: undefined, wake: undefined, closed: false };
    this.#watchers.add(watcher);
    if (this.#timer === undefined) this.#start();
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => this.#pull(watcher, controller),
      cancel: () => this.#leave(watcher),
    }, { highWaterMark: 1 });
    watcher.pending = this.#frame();
    return new Response(body, {
      headers: { "content-type": "text/event-stream", "x-accel-buffering": "no" },
    });
  }

  close(): void {
    for (const watcher of [...this.#watchers]) this.#leave(watcher);
  }

  async #pull(
    watcher: Watcher,
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void> {
    if (watcher.pending === undefined && !watcher.closed) {
      await new Promise<void>((resolve) => {
        watcher.wake = resolve;
      });
    }
    const frame = watcher.pending;
    watcher.pending = undefined;
    if (frame !== undefined) controller.enqueue(frame);
    else if (watcher.closed) controller.close();
  }

  #leave(watcher: Watcher): void {
    watcher.closed = true;
    watcher.wake?.();
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    this.#timer?.stop();
    this.#timer = undefined;
  }

  #start(): void {
    this.#previous = undefined;
    this.#history = [];
    this.#timer = this.#timers.after(PERIOD_MS, () => this.#tick());
  }

  #tick(): void {
    this.#timer = this.#timers.after(PERIOD_MS, () => this.#tick());
    const frame = this.#frame();
    for (const watcher of this.#watchers) {
      watcher.pending = frame;
      watcher.wake?.();
      watcher.wake = undefined;
    }
  }

  /** The state of now as one event; every watcher gets the same bytes. */
  #frame(): Uint8Array {
    const status = readableCopy(this.#status.snapshot());
    this.#sample(status);
    const tick: Tick = {
      status,
      connections: readableCopy(this.#status.connections(CONNECTIONS)),
      history: this.#history,
    };
    const id = `${status.process.startedAt}.${this.#sequence++}`;
    return encoder.encode(`id: ${id}\nevent: tick\ndata: ${JSON.stringify(tick)}\n\n`);
  }

  #sample(status: Snapshot): void {
    const before = this.#previous;
    const seconds = before === undefined ? 0 : (status.monotonicMs - before.monotonicMs) / 1000;
    if (before !== undefined && seconds < 0.5) return;
    this.#previous = status;
    if (before === undefined) return;
    const [now, then] = [status.connections, before.connections];
    const rate = (a: number, b: number) => Math.max(0, (a - b) / seconds);
    this.#history.push({
      at: status.at,
      active: now.active,
      accepted: rate(now.accepted, then.accepted),
      received: rate(now.received, then.received),
      sent: rate(now.sent, then.sent),
      failed: rate(now.failed, then.failed),
    });
    if (this.#history.length > HISTORY) this.#history.shift();
  }
}
