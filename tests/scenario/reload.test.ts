/** Reloads while traffic flows: no byte is lost, no client refused, no socket bound again. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { assertQuiet, freePort, peer, type Running, scratch, start, SUBJECTS } from "./harness.ts";
import { runStream, type StreamServer, streamServer } from "./stream_check.ts";

const RELOADS = 50;
const AT_ONCE = 32;
/** Streams that live through all of it, and how often each says something. */
const LONG = 100;
const BEAT_MS = 50;
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
interface Places {
  readonly port: number;
  /** Comes and goes. */
  readonly second: number;
  /** Leads to the peer that says everything back. */
  readonly long: number;
  readonly echo: number;
}

function configuration(turn: number, at: Places, peers: readonly StreamServer[]) {
  const { port, second, long, echo } = at;
  const servers = peers.map(({ port }, at) =>
    `server 127.0.0.1:${port} weight=${1 + (turn + at) % 3} max_fails=0${
      turn % 4 === at ? " down" : ""
    };`
  );
  const extra = turn % 2 === 0 ? "" : `server { listen 127.0.0.1:${second}; proxy_pass u; }`;
  return `stream { proxy_half_close on; proxy_timeout 60s; proxy_buffer_size ${16 << turn % 2}k;
    upstream u { ${turn % 3 === 0 ? "least_conn;" : ""} ${servers.join(" ")} }
    server { listen 127.0.0.1:${long} backlog=${300 + turn}; proxy_pass 127.0.0.1:${echo}; }
    server { listen 127.0.0.1:${port} backlog=1024; proxy_pass u; } ${extra} }`;
}

/** A stream that counts, and checks that the count comes back whole; what went wrong in the end. */
class LongStream {
  readonly #socket: Socket;
  #sent = 0;
  #received = 0;
  #text = "";
  fault: string | undefined;

  constructor(port: number) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.setEncoding("latin1").on("data", (text) => this.#take(String(text)));
    this.#socket.on("error", (error) => this.fault ??= error.message);
    this.#socket.on("close", () => this.fault ??= "closed");
  }

  beat(): void {
    this.#socket.write(`${this.#sent++}\n`);
  }

  /** Waits for what is still on its way. */
  async end(): Promise<string | undefined> {
    for (let tried = 0; this.#received < this.#sent && tried < 500; tried++) {
      await new Promise((done) => setTimeout(done, 10));
    }
    if (this.#received !== this.#sent) this.fault ??= `${this.#sent - this.#received} beats lost`;
    const { fault } = this;
    this.#socket.destroy();
    return fault;
  }

  #take(text: string): void {
    const lines = (this.#text + text).split("\n");
    this.#text = lines.pop() ?? "";
    for (const line of lines) {
      if (line !== String(this.#received)) this.fault ??= `${line} instead of ${this.#received}`;
      this.#received += 1;
    }
  }
}

function reloadsOf(weir: Running): number {
  return weir.output().split(": reconfiguring").length - 1;
}

for (const subject of Object.keys(SUBJECTS)) {
  test(`reload on ${subject}: ${RELOADS} of them under load lose nothing`, async () => {
    const [port, second, long] = [await freePort(), await freePort(), await freePort()];
    const echo = await peer((socket) => void socket.pipe(socket));
    const places = { port, second, long, echo: echo.port };
    const peers = [await streamServer(), await streamServer()];
    const path = `${scratch()}/x.conf`;
    const write = (turn: number) => {
      writeFileSync(`${path}.new`, configuration(turn, places, peers));
      renameSync(`${path}.new`, path); // nobody reads half a file
    };
    write(0);
    const weir = await start(subject, `error_log stderr notice; include ${path};`, { port });
    const socket = socketOf(port);
    const faults: string[] = [];
    const streams = Array.from({ length: LONG }, () => new LongStream(long));
    const beating = setInterval(() => streams.forEach((stream) => stream.beat()), BEAT_MS);
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
      clearInterval(beating);
      for (const stream of streams) faults.push(...[await stream.end() ?? []].flat());
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
      clearInterval(beating);
      for (const stream of streams) void stream.end();
      echo.server.close();
      for (const each of peers) each.server.close();
      assert.equal(await weir.stop(), 0);
    }
  });
}
