/** 20,000 random streams through the program on each runtime: no byte lost, doubled, moved or crossed. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { assertQuiet, freePort, peer, start, SUBJECTS } from "./harness.ts";
import { runStream, streamServer } from "./stream_check.ts";

const STREAMS = 20_000;
const AT_ONCE = 64;

for (const subject of Object.keys(SUBJECTS)) {
  test(`streams on ${subject}: ${STREAMS} random ones arrive as they were sent`, async () => {
    const port = await freePort();
    const upstream = await streamServer();
    const conf = `error_log stderr error; stream { proxy_half_close on; proxy_timeout 60s;
      upstream u { least_conn; server 127.0.0.1:${upstream.port} max_fails=0; }
      server { listen 127.0.0.1:${port} backlog=1024; proxy_pass u; } }`;
    const weir = await start(subject, conf, { port });
    const seed = Math.floor(Math.random() * 2 ** 31);
    const faults: string[] = [];
    try {
      let next = 0;
      const walker = async () => {
        while (next < STREAMS && faults.length < 10) {
          const fault = await runStream(port, next++, seed);
          if (fault !== undefined) faults.push(fault);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, walker));
      assert.deepEqual([...faults, ...upstream.faults], [], `seed ${seed}`);
      assert.ok(upstream.finished > STREAMS * 0.9);
      assertQuiet(weir);
    } finally {
      upstream.server.close();
      assert.equal(await weir.stop(), 0);
    }
  });
}

test("streams: the check finds a flipped byte and a lost one", async () => {
  const upstream = await streamServer();
  for (const spoil of [(chunk: Buffer) => flipped(chunk), (chunk: Buffer) => chunk.subarray(1)]) {
    let spoiled = 0;
    const { server, port } = await peer((socket) => {
      const back = connect({ port: upstream.port, host: "127.0.0.1", allowHalfOpen: true });
      back.on("error", () => socket.destroy()); // resets belong to the plans
      socket.on("close", () => back.destroy());
      socket.pipe(back);
      back.on("data", (chunk: Buffer) => {
        socket.write(spoiled === 0 ? spoil(chunk) : chunk);
        spoiled += 1;
      });
      back.on("end", () => socket.end());
    });
    const faults: string[] = [];
    for (let id = 0; id < 20; id++) {
      const fault = await runStream(port, id, 7);
      if (fault !== undefined) faults.push(fault);
    }
    assert.equal(faults.length, 1);
    server.close();
  }
  upstream.server.close();
});

function flipped(chunk: Buffer): Buffer {
  const copy = Buffer.from(chunk);
  copy[0] = (copy[0] ?? 0) ^ 1;
  return copy;
}
