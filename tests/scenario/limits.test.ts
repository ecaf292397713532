/** What the process holds for a stalled reader, and how it lives through floods and a small ulimit. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { ask, assertQuiet, freePort, peer, start, SUBJECTS } from "./harness.ts";

/** Most bytes that the process may hold for a client that does not read. Bun's sockets hand over 512 KiB. */
const STALLED_BYTES: Readonly<Record<string, number>> = {
  node: 160 * 1024,
  bun: 576 * 1024,
  deno: 160 * 1024,
};

/** Small, so that what the test's own socket has not passed to the kernel is next to nothing. */
const CHUNK_BYTES = 4096;

const TABLE = "/proc/net/tcp";
const noTable = existsSync(TABLE) ? false : `no ${TABLE} to see the kernel's queues in`;

/** Bytes in the kernel's queues of the socket with these ports, sent and not read. */
function kernelQueues(localPort: number, remotePort: number): { tx: number; rx: number } {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, "0");
  for (const line of readFileSync(TABLE, "utf8").split("\n").slice(1)) {
    const [, local = "", remote = "", , queues = ""] = line.trim().split(/\s+/);
    if (!local.endsWith(`:${hex(localPort)}`) || !remote.endsWith(`:${hex(remotePort)}`)) continue;
    const [tx = "0", rx = "0"] = queues.split(":");
    return { tx: parseInt(tx, 16), rx: parseInt(rx, 16) };
  }
  return { tx: 0, rx: 0 };
}

/** Writes until the other side takes no more; the bytes that the kernel has taken. */
async function writeUntilStalled(socket: Socket): Promise<number> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let taken = 0;
  const pump = () => {
    if (socket.destroyed) return;
    socket.write(chunk, (error) => {
      if (error) return;
      taken += chunk.length;
      pump();
    });
  };
  pump();
  for (let before = -1; before !== taken;) {
    before = taken;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  return taken;
}

async function heldFor(port: number, stalled: Promise<Socket>, client: Socket): Promise<number> {
  const back = await stalled;
  const taken = await writeUntilStalled(back);
  assert.equal(client.bytesRead, 0, "the client read something");
  const upstream = kernelQueues(back.localPort ?? 0, back.remotePort ?? 0);
  const downstream = kernelQueues(back.remotePort ?? 0, back.localPort ?? 0);
  const front = kernelQueues(port, client.localPort ?? 0);
  const inbox = kernelQueues(client.localPort ?? 0, port);
  return taken - upstream.tx - downstream.rx - front.tx - inbox.rx;
}

for (const subject of Object.keys(SUBJECTS)) {
  test(`limits on ${subject}: a stalled reader holds little`, { skip: noTable }, async () => {
    const port = await freePort();
    let arrive: (socket: Socket) => void = () => {};
    const back = await peer((socket) => socket.once("data", () => arrive(socket)));
    const conf = `stream { server { listen 127.0.0.1:${port};
      proxy_pass 127.0.0.1:${back.port}; } }`;
    const weir = await start(subject, conf, { port });
    const clients: Socket[] = [];
    try {
      for (let round = 0; round < 3; round++) {
        const stalled = new Promise<Socket>((resolve) => arrive = resolve);
        const client = connect(port, "127.0.0.1").pause();
        clients.push(client);
        await once(client, "connect");
        client.write("the harness sends nothing, this client does");
        const held = await heldFor(port, stalled, client);
        const most = STALLED_BYTES[subject] ?? 0;
        assert.ok(held <= most, `${held} bytes are held, ${most} are allowed`);
        assert.ok(held >= 0 - CHUNK_BYTES, `${held} bytes: the queues were misread`);
      }
    } finally {
      for (const client of clients) client.destroy();
      back.server.close();
      assert.equal(await weir.stop(), 0);
    }
  });

  test(`limits on ${subject}: 2,000 resets and 500 silent clients, and the next is served`, async () => {
    const port = await freePort();
    const back = await peer((socket) => {
      socket.on("data", () => socket.end("served"));
      socket.on("end", () => socket.end());
    });
    const conf = `events { worker_connections 16384; } stream { server { listen 127.0.0.1:${port};
      proxy_pass 127.0.0.1:${back.port}; } }`;
    const weir = await start(subject, conf, { port });
    const silent: Socket[] = [];
    try {
      for (let each = 0; each < 500; each++) silent.push(await arrived(port));
      for (let batch = 0; batch < 20; batch++) {
        await Promise.all(Array.from({ length: 100 }, async () => {
          (await arrived(port)).resetAndDestroy();
        }));
      }
      await served(port);
      assert.equal(silent.filter((socket) => socket.destroyed).length, 0);
      assertQuiet(weir);
    } finally {
      for (const socket of silent) socket.destroy();
      back.server.close();
      assert.equal(await weir.stop(), 0);
    }
  });

  test(`limits on ${subject}: 500 clients under 120 descriptors, said and survived`, async () => {
    const port = await freePort();
    const back = await peer((socket) => {
      socket.on("data", () => socket.end("served"));
      socket.on("end", () => socket.end());
    });
    const conf = `stream { server { listen 127.0.0.1:${port};
      proxy_pass 127.0.0.1:${back.port}; } }`;
    const weir = await start(subject, conf, { port, descriptors: 120 });
    const crowd: Socket[] = [];
    try {
      for (let each = 0; each < 500; each++) crowd.push(await arrived(port));
      const isHeld = (socket: Socket) => !socket.destroyed;
      while (crowd.filter(isHeld).length > 60) await new Promise((turn) => setTimeout(turn, 20));
      assert.ok(crowd.filter(isHeld).length > 5, "clients are held");
      assert.match(weir.output(), /\[alert\].* open files are not enough: \d+ clients dropped/);
      for (const socket of crowd) socket.destroy();
      await served(port);
    } finally {
      for (const socket of crowd) socket.destroy();
      back.server.close();
      assert.equal(await weir.stop(), 0);
    }
    assert.doesNotMatch(weir.output(), /Too many open files|unexpected error/);
  });
}

/** A client that is connected and flows, so that its end is seen. */
async function arrived(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {}); // resets are part of it
  socket.resume();
  await once(socket, "connect");
  return socket;
}

/** The next client gets its answer, as soon as those before it have been seen to leave. */
async function served(port: number): Promise<void> {
  while (await ask(port, "x") !== "served") await new Promise((turn) => setTimeout(turn, 20));
}
