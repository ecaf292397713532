/** Reloads while traffic flows: no byte is lost, no client refused, no socket bound again. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { assertQuiet, freePort, type Running, scratch, start, SUBJECTS } from "./harness.ts";
import { runStream, type StreamServer, streamServer } from "./stream_check.ts";

const RELOADS = 40;
const AT_ONCE = 32;
/** The least number of streams; more run until the last reload is through. */
const STREAMS = 2000;
const TABLE = "/proc/net/tcp";
const LISTENING = "0A";

/** Identity of the socket that listens on a port, or "" where the system does not tell. */
function socketOf(port: number): string {
  if (!existsSync(TABLE)) return "";
  const end = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = readFileSync(TABLE, "utf8").split("\n").map((line) => line.trim().split(/\s+/));
  return rows.filter(([, local, , state]) => local?.endsWith(end) && state === LISTENING)
    .map((row) => row[9] ?? "").join();
}

/** Two configurations in turns: peers, methods, limits and a second listener come and go. */
function configuration(turn: number, port: number, second: number, peers: readonly StreamServer[]) {
  const servers = peers.map(({ port }, at) =>
    `server 127.0.0.1:${port} weight=${1 + (turn + at) % 3} max_fails=0${
      turn % 4 === at ? " down" : ""
    };`
  );
  const extra = turn % 2 === 0 ? "" : `server { listen 127.0.0.1:${second}; proxy_pass u; }`;
  return `stream { proxy_half_close on; proxy_timeout 60s; proxy_buffer_size ${16 << turn % 2}k;
    upstream u { ${turn % 3 === 0 ? "least_conn;" : ""} ${servers.join(" ")} }
    server { listen 127.0.0.1:${port} backlog=1024; proxy_pass u; } ${extra} }`;
}

function reloadsOf(weir: Running): number {
  return weir.output().split(": reconfiguring").length - 1;
}

for (const subject of Object.keys(SUBJECTS)) {
  test(`reload on ${subject}: ${RELOADS} of them under load lose nothing`, async () => {
    const [port, second] = [await freePort(), await freePort()];
    const peers = [await streamServer(), await streamServer()];
    const path = `${scratch()}/x.conf`;
    const write = (turn: number) => {
      writeFileSync(`${path}.new`, configuration(turn, port, second, peers));
      renameSync(`${path}.new`, path); // nobody reads half a file
    };
    write(0);
    const weir = await start(subject, `error_log stderr notice; include ${path};`, { port });
    const socket = socketOf(port);
    const faults: string[] = [];
    const seed = Math.floor(Math.random() * 2 ** 31);
    try {
      let next = 0;
      let isReloading = true;
      const walker = async () => {
        while ((next < STREAMS || isReloading) && faults.length < 10) {
          const fault = await runStream(port, next++, seed);
          if (fault !== undefined) faults.push(fault);
        }
      };
      const reloads = async () => {
        for (let turn = 1; turn <= RELOADS && faults.length < 10; turn++) {
          write(turn);
          weir.process.kill("SIGHUP");
          while (reloadsOf(weir) < turn && weir.process.exitCode === null) {
            await new Promise((done) => setTimeout(done, 10));
          }
        }
        isReloading = false;
      };
      await Promise.all([reloads(), ...Array.from({ length: AT_ONCE }, walker)]);
      assert.deepEqual(
        [...faults, ...peers.flatMap((each) => each.faults)],
        [],
        `seed ${seed}\n${weir.output()}`,
      );
      assert.equal(reloadsOf(weir), RELOADS);
      assert.equal(socketOf(port), socket, "the listening socket was bound again");
      for (const each of peers) assert.ok(each.finished > 0);
      assertQuiet(weir);
    } finally {
      for (const each of peers) each.server.close();
      assert.equal(await weir.stop(), 0);
    }
  });
}
