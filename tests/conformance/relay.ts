/** What a relay is, for every adapter: order, half-close, backpressure, byte counts, ends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startRelay } from "../../engine/relay/relay.ts";
import type {
  Connection,
  Meter,
  RelayEnd,
  Relaying,
  Runtime,
} from "../../engine/runtime/runtime.ts";
import { aWhile, bytesOf, pair, pattern, readAll, readBytes, text, writeAll } from "./network.ts";

/** A client and a server with a relay between them. */
interface Chain {
  /** The far ends: what a client and a server program hold. */
  readonly client: Connection;
  readonly server: Connection;
  /** The near ends, which the relay owns. */
  readonly nearClient: Connection;
  readonly nearPeer: Connection;
  readonly meter: Meter;
  relay(options?: { readonly halfClose?: boolean }): Relaying;
}

async function withChain(runtime: Runtime, run: (chain: Chain) => Promise<void>): Promise<void> {
  const [front, back] = [await pair(runtime), await pair(runtime)];
  const meter = {
    fromClient: 0,
    toClient: 0,
    fromPeer: 0,
    toPeer: 0,
    touchedAt: 0,
    firstByteAt: 0,
  };
  let relaying: Relaying | undefined;
  try {
    await run({
      client: front.client,
      server: back.server,
      nearClient: front.server,
      nearPeer: back.client,
      meter,
      relay({ halfClose = false } = {}) {
        const options = { meter, halfClose, clock: { now: 42 }, bufferBytes: 16_384 };
        relaying = startRelay(runtime, front.server, back.client, options);
        return relaying;
      },
    });
  } finally {
    relaying?.stop();
    for (const { client, server, door } of [front, back]) {
      client.close();
      server.close();
      await door.close();
    }
    await relaying?.done;
  }
}

/** Cuts bytes into chunks of any size: the same for the same seed. */
function* chunksOf(bytes: Uint8Array, seed: number): Generator<Uint8Array> {
  let state = seed;
  for (let at = 0; at < bytes.length;) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const length = 1 + (state >>> 8) % ((state & 7) === 0 ? 100_000 : 300);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

type Case = (runtime: Runtime) => Promise<void>;

const CASES: Readonly<Record<string, Case>> = {
  "any chunking arrives unchanged, both ways at once, and is counted": (runtime) =>
    withChain(runtime, async ({ client, server, meter, relay }) => {
      const relaying = relay({ halfClose: true });
      const [up, down] = [pattern(3_000_000, 11), pattern(2_000_001, 12)];
      const [atServer, atClient] = await Promise.all([
        readAll(server),
        readAll(client),
        writeAll(client, chunksOf(up, 1)),
        writeAll(server, chunksOf(down, 2)),
      ]);
      assert.ok(Buffer.from(up).equals(atServer), "client to server");
      assert.ok(Buffer.from(down).equals(atClient), "server to client");
      assert.equal((await relaying.done).failure, undefined);
      const { fromClient, toPeer, fromPeer, toClient, touchedAt, firstByteAt } = meter;
      assert.deepEqual([fromClient, toPeer], [up.length, up.length]);
      assert.deepEqual([fromPeer, toClient], [down.length, down.length]);
      assert.equal(touchedAt, 42);
      assert.ok(firstByteAt > 0);
    }),

  "half close on: an end is passed on and the other direction lives": (runtime) =>
    withChain(runtime, async ({ client, server, relay }) => {
      const relaying = relay({ halfClose: true });
      await client.write(bytesOf("question"));
      await client.closeWrite();
      assert.equal(text(await readAll(server)), "question");
      await server.write(bytesOf("answer"));
      await server.closeWrite();
      assert.equal(text(await readAll(client)), "answer");
      assert.equal((await relaying.done).failure, undefined);
    }),

  "half close on: the peer may end first": (runtime) =>
    withChain(runtime, async ({ client, server, relay }) => {
      const relaying = relay({ halfClose: true });
      await server.write(bytesOf("banner"));
      await server.closeWrite();
      assert.equal(text(await readAll(client)), "banner");
      await client.write(bytesOf("bye"));
      await client.closeWrite();
      assert.equal(text(await readAll(server)), "bye");
      await relaying.done;
    }),

  "half close off: the peer's end closes the client behind its bytes": (runtime) =>
    withChain(runtime, async ({ client, server, relay }) => {
      const relaying = relay();
      const sent = pattern(4 << 20, 21);
      const received = readAll(client);
      await server.write(sent);
      server.close();
      assert.ok(Buffer.from(sent).equals(await received));
      const end = await relaying.done;
      assert.equal(end.by, "peer");
      assert.equal(end.failure, undefined);
    }),

  "half close off: the client's end closes the peer": (runtime) =>
    withChain(runtime, async ({ client, server, relay }) => {
      const relaying = relay();
      await client.write(bytesOf("last"));
      await client.closeWrite();
      assert.equal(text(await readAll(server)), "last");
      assert.equal((await relaying.done).by, "client");
      assert.equal(await client.read(), null);
    }),

  "bytes given back before the relay come first": (runtime) =>
    withChain(runtime, async ({ client, server, nearClient, nearPeer, meter, relay }) => {
      await client.write(bytesOf("hello"));
      nearClient.unread(await readBytes(nearClient, 5));
      nearPeer.unread(bytesOf("greeting"));
      relay();
      assert.equal(text(await readBytes(server, 5)), "hello");
      assert.equal(text(await readBytes(client, 8)), "greeting");
      assert.deepEqual([meter.fromClient, meter.fromPeer], [5, 8]);
    }),

  "from pulled reads to the relay no byte is lost": (runtime) =>
    withChain(runtime, async ({ client, server, nearClient, relay }) => {
      const sent = pattern(1_000_000, 31);
      const writing = writeAll(client, chunksOf(sent, 3));
      const first = await readBytes(nearClient, 10_000);
      nearClient.unread(first.slice(2_000));
      relay({ halfClose: true });
      const rest = await readAll(server);
      await writing;
      const all = Buffer.concat([first.subarray(0, 2_000), rest]);
      assert.ok(all.equals(Buffer.from(sent)));
    }),

  "an end that came before the relay ends it": (runtime) =>
    withChain(runtime, async ({ client, server, relay }) => {
      await client.write(bytesOf("early"));
      await client.closeWrite();
      await aWhile(20);
      const relaying = relay();
      assert.equal(text(await readAll(server)), "early");
      assert.equal((await relaying.done).by, "client");
    }),

  "an end that was read before the relay ends it": (runtime) =>
    withChain(runtime, async ({ client, server, nearClient, relay }) => {
      await client.write(bytesOf("early"));
      await client.closeWrite();
      const first = await readAll(nearClient);
      nearClient.unread(first);
      const relaying = relay();
      assert.equal(text(await readAll(server)), "early");
      assert.equal((await relaying.done).by, "client");
    }),

  "a client that stalls holds the peer back and loses nothing": (runtime) =>
    withChain(runtime, async ({ client, server, meter, relay }) => {
      relay();
      const sent = pattern(32 << 20, 41);
      const writing = writeAll(server, chunksOf(sent, 4));
      let before = -1;
      while (meter.fromPeer !== before) {
        before = meter.fromPeer;
        await aWhile(150);
      }
      assert.ok(before < sent.length, "32 MiB were taken for a client that does not read");
      assert.ok(Buffer.from(sent).equals(await readAll(client)));
      await writing;
    }),

  "a peer's reset ends the client too and is named": (runtime) =>
    withChain(runtime, async ({ client, server, relay }) => {
      const relaying = relay();
      await client.write(bytesOf("x"));
      await readBytes(server, 1);
      server.reset();
      const end: RelayEnd = await relaying.done;
      assert.equal(end.by, "peer");
      if (runtime.can.has("reset")) assert.equal(end.failure?.error.code, "ECONNRESET");
      await readAll(client).catch(() => {}); // an end or a reset: both end the client
    }),

  "a client's reset ends the peer too": (runtime) =>
    withChain(runtime, async ({ client, server, relay }) => {
      const relaying = relay();
      await server.write(bytesOf("x"));
      await readBytes(client, 1);
      client.reset();
      assert.equal((await relaying.done).by, "client");
      await readAll(server).catch(() => {}); // as above
    }),

  "stop closes both sides, even a stalled one": (runtime) =>
    withChain(runtime, async ({ client, server, meter, relay }) => {
      const relaying = relay();
      const writing = writeAll(server, [pattern(16 << 20)]).catch(() => {}); // it is cut off
      let before = -1;
      while (meter.fromPeer !== before) {
        before = meter.fromPeer;
        await aWhile(100);
      }
      relaying.stop();
      assert.equal((await relaying.done).by, "stop");
      await readAll(client).catch(() => {}); // an end or a reset
      await writing;
    }),
};

export function relayConformance(
  label: string,
  runtime: Runtime,
  { skip = {} }: { readonly skip?: Readonly<Record<string, string>> } = {},
): void {
  for (const name of Object.keys(skip)) assert.ok(name in CASES, `no such case: ${name}`);
  for (const [name, run] of Object.entries(CASES)) {
    test(`${label} relay: ${name}`, { skip: skip[name] ?? false }, () => run(runtime));
  }
}
