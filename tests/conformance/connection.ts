/** What a `Connection`, a `Listener` and a `connect` are, for every adapter. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { SystemError } from "../../engine/lib/errno.ts";
import type { Connection, Runtime } from "../../engine/runtime/runtime.ts";
import {
  aWhile,
  bytesOf,
  codeOf,
  dial,
  LOOPBACK,
  openDoor,
  pattern,
  readAll,
  readBytes,
  text,
  withFolder,
  withPair,
  writeAll,
} from "./network.ts";

type Case = (runtime: Runtime) => Promise<void>;

const BIG = 8 << 20;

const CASES: Readonly<Record<string, Case>> = {
  "bytes arrive both ways": (runtime) =>
    withPair(runtime, async ({ client, server }) => {
      await client.write(bytesOf("ping"));
      assert.equal(text(await readBytes(server, 4)), "ping");
      await server.write(bytesOf("pong"));
      assert.equal(text(await readBytes(client, 4)), "pong");
    }),

  "the client finishes sending and still receives": (runtime) =>
    withPair(runtime, async ({ client, server }) => {
      await client.write(bytesOf("all"));
      await client.closeWrite();
      assert.equal(text(await readAll(server)), "all");
      await server.write(bytesOf("late answer"));
      await server.closeWrite();
      assert.equal(text(await readAll(client)), "late answer");
    }),

  "the server finishes sending and still receives": (runtime) =>
    withPair(runtime, async ({ client, server }) => {
      await server.closeWrite();
      assert.equal(await client.read(), null);
      await client.write(bytesOf("still here"));
      assert.equal(text(await readBytes(server, 10)), "still here");
    }),

  "after the end every read is null": (runtime) =>
    withPair(runtime, async ({ client, server }) => {
      await client.closeWrite();
      assert.deepEqual([await server.read(), await server.read()], [null, null]);
    }),

  "close ends the other side's reads": (runtime) =>
    withPair(runtime, async ({ client, server }) => {
      await client.write(bytesOf("last words"));
      client.close();
      assert.equal(text(await readAll(server)), "last words");
    }),

  "what was written before close is delivered, 8 MiB of it": (runtime) =>
    withPair(runtime, async ({ client, server }) => {
      const sent = pattern(BIG);
      const received = readAll(server);
      await client.write(sent);
      client.close();
      assert.ok(Buffer.from(sent).equals(await received));
    }),

  "a read after the other side's reset fails or ends": (runtime) =>
    withPair(runtime, async ({ client, server }) => {
      client.reset();
      const end = await readAll(server).then(() => "end", (error) => error.code);
      assert.equal(end, runtime.can.has("reset") ? "ECONNRESET" : end);
      assert.ok(end === "end" || end === "ECONNRESET");
    }),

  "a pending read ends with the other side's reset": (runtime) =>
    withPair(runtime, async ({ client, server }) => {
      const reading = server.read().then(() => "end", (error) => error.code);
      await aWhile(5);
      client.reset();
      const end = await reading;
      assert.ok(end === "ECONNRESET" || (end === "end" && !runtime.can.has("reset")), end);
    }),

  "a write to a side that left fails in the end": (runtime) =>
    withPair(runtime, async ({ client, server }) => {
      client.reset();
      const chunk = new Uint8Array(1 << 16);
      const writing = async () => {
        for (let each = 0; each < 1000; each++) {
          await server.write(chunk);
          await aWhile(0);
        }
      };
      assert.match(await codeOf(writing()), /^(EPIPE|ECONNRESET|ECONNABORTED)$/);
    }),

  "a write after close fails with EPIPE": (runtime) =>
    withPair(runtime, async ({ client }) => {
      client.close();
      assert.equal(await codeOf(client.write(bytesOf("x"))), "EPIPE");
    }),

  "a write after closeWrite fails with EPIPE": (runtime) =>
    withPair(runtime, async ({ client }) => {
      await client.closeWrite();
      assert.equal(await codeOf(client.write(bytesOf("x"))), "EPIPE");
    }),

  "close during a pending read gives null": (runtime) =>
    withPair(runtime, async ({ server }) => {
      const reading = server.read();
      await aWhile(5);
      server.close();
      assert.equal(await reading, null);
    }),

  "close, reset and closeWrite may be called again and in any order": (runtime) =>
    withPair(runtime, async ({ client, server }) => {
      client.close();
      client.close();
      client.reset();
      await client.closeWrite();
      client.setNoDelay(true);
      client.setKeepAlive(true);
      assert.equal(await client.read(), null);
      await readAll(server).catch(() => {}); // which end it is, is another case
    }),

  "a reader that does not read holds the writer back": (runtime) =>
    withPair(runtime, async ({ client, server }) => {
      const sent = pattern(64 << 20, 7);
      let taken = 0;
      const writing = (async () => {
        for (; taken < sent.length; taken += 65_536) {
          await client.write(sent.subarray(taken, taken + 65_536));
        }
        await client.closeWrite();
      })();
      let before = -1;
      while (taken !== before) {
        before = taken;
        await aWhile(100);
      }
      assert.ok(taken < sent.length, "64 MiB were taken while nobody read");
      assert.ok(Buffer.from(sent).equals(await readAll(server)));
      await writing;
    }),

  "single bytes arrive intact": (runtime) =>
    withPair(runtime, async ({ client, server }) => {
      const sent = pattern(2000, 3);
      const chunks = Array.from(sent, (_, at) => sent.subarray(at, at + 1));
      const [received] = await Promise.all([readAll(server), writeAll(client, chunks)]);
      assert.deepEqual(received, sent);
    }),

  "one write of 8 MiB arrives intact, both ways at once": (runtime) =>
    withPair(runtime, async ({ client, server }) => {
      const [up, down] = [pattern(BIG, 5), pattern(BIG, 6)];
      const [atServer, atClient] = await Promise.all([
        readAll(server),
        readAll(client),
        writeAll(client, [up]),
        writeAll(server, [down]),
      ]);
      assert.ok(Buffer.from(up).equals(atServer));
      assert.ok(Buffer.from(down).equals(atClient));
    }),

  "the writer may use its buffer again once a write has settled": (runtime) =>
    withPair(runtime, async ({ client, server }) => {
      const received = readAll(server);
      const buffer = new Uint8Array(1 << 16);
      for (let round = 0; round < 64; round++) {
        await client.write(buffer.fill(round));
      }
      await client.closeWrite();
      const all = await received;
      assert.equal(all.length, 64 << 16);
      assert.ok(all.every((byte, at) => byte === at >> 16));
    }),

  "unread bytes come first, the last given back before the others": (runtime) =>
    withPair(runtime, async ({ client, server }) => {
      await client.write(bytesOf("c"));
      server.unread(bytesOf("b"));
      server.unread(bytesOf("a"));
      assert.equal(text(await readBytes(server, 3)), "abc");
    }),

  "port 0 is a real port, and addresses name both ends": (runtime) =>
    withPair(runtime, ({ door, client, server }) => {
      assert.ok("port" in door.address && door.address.port > 0);
      assert.deepEqual(client.remote, door.address);
      assert.deepEqual(server.local, door.address);
      assert.deepEqual(server.remote, client.local);
      return Promise.resolve();
    }),

  "a wildcard listener knows which address was asked for": async (runtime) => {
    const door = await openDoor(runtime, { host: "0.0.0.0", port: 0 });
    const port = "port" in door.address ? door.address.port : 0;
    const client = await dial(runtime, { host: "127.0.0.1", port });
    const server = await door.accept();
    assert.deepEqual(server.local, { host: "127.0.0.1", port });
    assert.equal("host" in server.remote && server.remote.host, "127.0.0.1");
    client.close();
    server.close();
    await door.close();
  },

  "IPv6": (runtime) =>
    withPair(runtime, async ({ client, server }) => {
      assert.equal("host" in server.remote && server.remote.host, "::1");
      await client.write(bytesOf("six"));
      assert.equal(text(await readBytes(server, 3)), "six");
    }, { host: "::1", port: 0 }),

  "0.0.0.0 and [::] listen on the same port": async (runtime) => {
    const four = await openDoor(runtime, { host: "0.0.0.0", port: 0 });
    const port = "port" in four.address ? four.address.port : 0;
    const six = await openDoor(runtime, { host: "::", port });
    const viaFour = await dial(runtime, { host: "127.0.0.1", port });
    const viaSix = await dial(runtime, { host: "::1", port });
    const accepted = [await four.accept(), await six.accept()];
    const hosts = accepted.map(({ remote }) => "host" in remote && remote.host);
    assert.deepEqual(hosts, ["127.0.0.1", "::1"]);
    for (const each of [viaFour, viaSix, ...accepted]) each.close();
    await four.close();
    await six.close();
  },

  "a unix socket, which goes away with its listener": (runtime) =>
    withFolder(async (folder) => {
      const path = `${folder}/a.sock`;
      await withPair(runtime, async ({ client, server }) => {
        assert.deepEqual(server.local, { path });
        assert.deepEqual(client.remote, { path });
        await client.write(bytesOf("unix"));
        await client.closeWrite();
        assert.equal(text(await readAll(server)), "unix");
      }, { path });
      assert.equal(existsSync(path), false);
    }),

  "a refused connect says so": async (runtime) => {
    const door = await openDoor(runtime);
    const { address } = door;
    await door.close();
    assert.equal(await codeOf(dial(runtime, address)), "ECONNREFUSED");
  },

  "a unix path where nothing is says so": (runtime) =>
    withFolder(async (folder) => {
      assert.equal(await codeOf(dial(runtime, { path: `${folder}/none` })), "ENOENT");
    }),

  "a canceled connect tells its dialer exactly once": async (runtime) => {
    const door = await openDoor(runtime);
    const told: string[] = [];
    const over = new Promise<void>((resolve) => {
      const connecting = runtime.connect(door.address, {}, {
        connected(connection: Connection) {
          told.push("connected");
          connection.close();
          resolve();
        },
        refused(error) {
          told.push(error.code);
          resolve();
        },
      });
      connecting.cancel();
      connecting.cancel();
    });
    await over;
    await aWhile(30);
    assert.equal(told.length, 1);
    assert.match(told.join(), /^(ECANCELED|connected)$/);
    await door.close();
  },

  "a dialer is told after connect has returned": async (runtime) => {
    const door = await openDoor(runtime);
    let hasReturned = false;
    const connection = await new Promise<Connection>((resolve, reject) => {
      runtime.connect(door.address, {}, {
        connected(connection) {
          if (hasReturned) resolve(connection);
          else reject(new Error("told too early"));
        },
        refused: reject,
      });
      hasReturned = true;
    });
    connection.close();
    await door.close();
  },

  "connect leaves from the given source address": async (runtime) => {
    const door = await openDoor(runtime, { host: "127.0.0.1", port: 0 });
    const source = { host: "127.0.0.2", port: 0 };
    const client = await dial(runtime, door.address, { source });
    const server = await door.accept();
    assert.equal("host" in server.remote && server.remote.host, "127.0.0.2");
    await client.write(bytesOf("bound"));
    assert.equal(text(await readBytes(server, 5)), "bound");
    client.close();
    server.close();
    await door.close();
  },

  "an address in use is EADDRINUSE": async (runtime) => {
    const door = await openDoor(runtime);
    assert.equal(await codeOf(openDoor(runtime, door.address)), "EADDRINUSE");
    await door.close();
  },

  "a foreign address is EADDRNOTAVAIL": async (runtime) => {
    const foreign = { host: "192.0.2.1", port: 0 };
    assert.equal(await codeOf(openDoor(runtime, foreign)), "EADDRNOTAVAIL");
  },

  "a closed listener refuses, its connections live on, and its address is free": async (
    runtime,
  ) => {
    const door = await openDoor(runtime, LOOPBACK);
    const client = await dial(runtime, door.address);
    const server = await door.accept();
    await door.close();
    await door.close();
    assert.equal(await codeOf(dial(runtime, door.address)), "ECONNREFUSED");
    await client.write(bytesOf("alive"));
    assert.equal(text(await readBytes(server, 5)), "alive");
    client.close();
    server.close();
    const again = await openDoor(runtime, door.address);
    await again.close();
  },

  "errors of a connection that nobody reads harm nothing": async (runtime) => {
    const door = await openDoor(runtime);
    for (let each = 0; each < 20; each++) {
      const client = await dial(runtime, door.address);
      const server = await door.accept();
      await server.write(bytesOf("unread"));
      client.reset();
      await server.write(bytesOf("more")).catch((error) => assert.ok(error instanceof SystemError));
      server.close();
    }
    await door.close();
  },
};

/** Registers the cases; a skip names the case and the reason, and is printed. */
export function connectionConformance(
  label: string,
  runtime: Runtime,
  { skip = {} }: { readonly skip?: Readonly<Record<string, string>> } = {},
): void {
  for (const name of Object.keys(skip)) assert.ok(name in CASES, `no such case: ${name}`);
  for (const [name, run] of Object.entries(CASES)) {
    test(`${label}: ${name}`, { skip: skip[name] ?? false }, () => run(runtime));
  }
}
