/** The examples that ship: each loads, and carries traffic on the three runtimes. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { Engine } from "../../engine/engine.ts";
import { MemoryRuntime } from "../../engine/runtime/memory.ts";
import { lint } from "../../engine/lint/lint.ts";
import {
  ask,
  assertQuiet,
  freePort,
  peer,
  type Running,
  scratch,
  start,
  SUBJECTS,
} from "./harness.ts";

const folder = new URL("../../conf/examples/", import.meta.url);
const names = readdirSync(folder).sort();
const textOf = (name: string) => readFileSync(new URL(name, folder), "utf8");

for (const name of names) {
  test(`examples: ${name} loads, the linter has nothing to say, and it has its paragraph`, async () => {
    const path = `/weir/${name}`;
    const runtime = new MemoryRuntime({ files: { [path]: textOf(name) } });
    const options = { path, prefix: "/weir/", globals: "", demo: false };
    const loaded = await new Engine(runtime, options, "test").load();
    assert.deepEqual(loaded.errors.map(String), []);
    assert.deepEqual(loaded.warnings.map(String), []);
    assert.deepEqual(lint(loaded.statements, loaded.files), []);
    const page = readFileSync(new URL("../../docs/examples.md", import.meta.url), "utf8");
    assert.ok(page.includes(`\n## \`${name}\`\n`), "no paragraph in docs/examples.md");
  });
}

/** An example on ports of its own: `at` is the port that stands for one of the file. */
class Stage {
  readonly #ports = new Map<string, number>();
  readonly folder = scratch();
  #closing: (() => void)[] = [];

  async text(name: string): Promise<string> {
    const text = textOf(name);
    for (const [, port = ""] of text.matchAll(/127\.0\.0\.1:(\d+)/g)) {
      if (!this.#ports.has(port)) this.#ports.set(port, await freePort());
    }
    return text.replace(/(127\.0\.0\.1):(\d+)/g, (_all, host, port) => `${host}:${this.at(port)}`);
  }

  at(port: number | string): number {
    return this.#ports.get(String(port)) ?? 0;
  }

  /** A peer that says a word to everyone, and keeps the connection where it is told to. */
  async greet(port: number, word: string, { stays = false } = {}): Promise<void> {
    await this.serve(port, (socket) => stays ? void socket.write(word) : socket.end(word));
  }

  async serve(port: number, serve: (socket: Socket) => void): Promise<void> {
    const sockets = new Set<Socket>();
    const { server } = await peer((socket) => {
      sockets.add(socket);
      serve(socket);
    }, this.at(port));
    this.#closing.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
  }

  close(): void {
    for (const close of this.#closing) close();
  }
}

/** The name that a client of TLS asks for goes through; the peer is no TLS server and shows it. */
function askTls(port: number, servername: string): void {
  connectTls({ port, host: "127.0.0.1", servername, rejectUnauthorized: false }).on(
    "error",
    () => {},
  );
}

type Play = (stage: Stage, running: () => Promise<Running>) => Promise<void>;

const PLAYS: Readonly<Record<string, Play>> = {
  "postgresql.conf": async (stage, running) => {
    await stage.greet(5433, "second");
    await stage.greet(5434, "standby");
    await running();
    // The first replica does not listen: the next one answers.
    for (let visit = 0; visit < 4; visit++) assert.equal(await ask(stage.at(15_432), ""), "second");
  },
  "redis.conf": async (stage, running) => {
    await stage.greet(6379, "same");
    await stage.greet(6380, "same");
    const weir = await running();
    assert.equal(await ask(stage.at(16_379), "PING"), "same");
    await weir.stop();
    assert.match(
      readFileSync(`${stage.folder}/redis.log`, "utf8"),
      /127\.0\.0\.1 127\.0\.0\.1:\d+ /,
    );
  },
  "sni.conf": async (stage, running) => {
    const asked: string[] = [];
    const record = (group: string) => (socket: Socket) => {
      socket.once("data", (hello) => {
        asked.push(`${group} ${/[\w.]+example[\w.]+/.exec(hello.toString("latin1"))?.[0]}`);
        socket.destroy();
      });
    };
    await stage.serve(8441, record("shop"));
    await stage.serve(8442, record("pages"));
    await running();
    for (const name of ["shop.example.com", "www.example.com", "other.example.org"]) {
      askTls(stage.at(8443), name);
      for (let tried = 0; tried < 100 && !asked.at(-1)?.endsWith(name); tried++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    assert.deepEqual(asked, [
      "shop shop.example.com",
      "pages www.example.com",
      "pages other.example.org",
    ]);
  },
  "proxy_protocol.conf": async (stage, running) => {
    await stage.greet(9003, "hello");
    const weir = await running();
    assert.equal(await ask(stage.at(9001), ""), "hello");
    // A client of the inner one that names a denied address itself.
    const header = "PROXY TCP4 203.0.113.5 127.0.0.1 1 2\r\n";
    assert.equal(await ask(stage.at(9002), header), "");
    await weir.stop();
    const log = readFileSync(`${stage.folder}/real.log`, "utf8");
    assert.match(log, /^127\.0\.0\.1 by 127\.0\.0\.1 to 127\.0\.0\.1:\d+ 200$/m);
    assert.match(log, /^203\.0\.113\.5 by 127\.0\.0\.1 to - 403$/m);
  },
  "canary.conf": async (stage, running) => {
    for (const [port, word] of [[9101, "stable"], [9102, "stable"], [9103, "canary"]] as const) {
      await stage.greet(port, word);
    }
    await running();
    const answers = new Set<string>();
    for (let visit = 0; visit < 5; visit++) answers.add(await ask(stage.at(9100), ""));
    assert.equal(answers.size, 1, "one client met two versions");
  },
  "allow_list.conf": async (stage, running) => {
    await stage.greet(9201, "welcome");
    await running();
    assert.equal(await ask(stage.at(9200), ""), "welcome");
    assert.equal(await ask(stage.at(9202), ""), "not from here\n");
  },
  "limits.conf": async (stage, running) => {
    await stage.greet(9301, "hello", { stays: true });
    await running();
    const enter = async () => {
      const socket = connect(stage.at(9300), "127.0.0.1");
      socket.on("error", () => {}); // the third one is closed
      const first = await new Promise<string>((resolve) => {
        socket.once("data", (bytes) => resolve(String(bytes)));
        socket.once("close", () => resolve("closed"));
      });
      return { first, socket };
    };
    // The probe of the start may still be counted for a moment.
    await new Promise((resolve) => setTimeout(resolve, 200));
    const visits = [await enter(), await enter(), await enter()];
    assert.deepEqual(visits.map(({ first }) => first), ["hello", "hello", "closed"]);
    for (const { socket } of visits) socket.destroy();
  },
};

for (const subject of Object.keys(SUBJECTS)) {
  for (const name of names) {
    test(`examples on ${subject}: ${name} carries traffic`, async () => {
      const stage = new Stage();
      let weir: Running | undefined;
      try {
        const text = await stage.text(name);
        const path = `${stage.folder}/${name}`;
        writeFileSync(path, text);
        const port = Number(/listen 127\.0\.0\.1:(\d+)/.exec(text)?.[1]);
        const args = ["--dashboard", "off", "-p", stage.folder, path];
        await PLAYS[name]?.(stage, async () => {
          weir = await start(subject, undefined, { port, args });
          return weir;
        });
        assert.ok(weir, "the example has no play");
        await weir.stop();
        assertQuiet(weir);
      } finally {
        await weir?.stop("SIGKILL");
        stage.close();
      }
    });
  }
}
