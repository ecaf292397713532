/** The generic relay over connections that are queues. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SystemError } from "../../engine/lib/errno.ts";
import { startRelay } from "../../engine/relay/relay.ts";
import type { Clock, Connection, Meter } from "../../engine/runtime/runtime.ts";

const clock: Clock = { now: () => 5, wall: () => 0, after: () => ({ stop() {} }) };

/** A connection that reads from a list (an error in it is thrown) and keeps what is written. */
class Queued implements Connection {
  readonly local = { host: "127.0.0.1", port: 1 };
  readonly remote = { host: "127.0.0.1", port: 2 };
  readonly written: number[] = [];
  finished = false;
  closed = false;
  readonly #input: (Uint8Array | null | Error)[];
  #wake: (() => void) | undefined;

  constructor(input: readonly (Uint8Array | null | Error)[]) {
    this.#input = [...input];
  }

  async read(): Promise<Uint8Array | null> {
    if (this.#input.length === 0 && !this.closed) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const next = this.#input.shift() ?? null;
    if (next instanceof Error) throw next;
    return next;
  }

  write(chunk: Uint8Array): Promise<void> {
    if (this.closed) return Promise.reject(new SystemError("EPIPE"));
    this.written.push(...chunk);
    return Promise.resolve();
  }

  unread(): void {}
  closeWrite(): Promise<void> {
    this.finished = true;
    return Promise.resolve();
  }
  close(): void {
    this.closed = true;
    this.#wake?.();
  }
  reset(): void {
    this.close();
  }
  setNoDelay(): void {}
  setKeepAlive(): void {}
}

function run(client: Queued, peer: Queued, halfClose: boolean) {
  const meter: Meter = {
    fromClient: 0,
    toClient: 0,
    fromPeer: 0,
    toPeer: 0,
    touchedAt: 0,
    firstByteAt: 0,
  };
  const options = { meter, halfClose, clock: { now: 7 }, bufferBytes: 1024 };
  return { meter, relaying: startRelay({ clock, relay: () => undefined }, client, peer, options) };
}

const bytes = (...values: number[]) => new Uint8Array(values);

test("half close on: both directions arrive whole, each end is passed on", async () => {
  const client = new Queued([bytes(1, 2), bytes(3), null]);
  const peer = new Queued([bytes(9), bytes(8, 7), null]);
  const { meter, relaying } = run(client, peer, true);
  await relaying.done;
  assert.deepEqual([peer.written, client.written], [[1, 2, 3], [9, 8, 7]]);
  assert.ok(client.finished && peer.finished && client.closed && peer.closed);
  assert.deepEqual(meter, {
    fromClient: 3,
    toClient: 3,
    fromPeer: 3,
    toPeer: 3,
    touchedAt: 7,
    firstByteAt: 5,
  });
});

test("half close off: the first end closes both after its bytes", async () => {
  const client = new Queued([bytes(1), null]);
  const peer = new Queued([]);
  const { relaying } = run(client, peer, false);
  assert.deepEqual(await relaying.done, { by: "client" });
  assert.deepEqual(peer.written, [1]);
  assert.ok(client.closed && peer.closed);
});

test("a failed read ends the relay and names the side and the call", async () => {
  const error = new SystemError("ECONNRESET");
  const { relaying } = run(new Queued([]), new Queued([bytes(1), error]), false);
  assert.deepEqual(await relaying.done, {
    by: "peer",
    failure: { side: "peer", call: "recv", error },
  });
});

test("stop closes both sides at once", async () => {
  const [client, peer] = [new Queued([]), new Queued([])];
  const { relaying } = run(client, peer, true);
  relaying.stop();
  assert.deepEqual(await relaying.done, { by: "stop" });
  assert.ok(client.closed && peer.closed);
});
