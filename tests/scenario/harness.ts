/** Runs the real program on each runtime, with ports of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";

const root = fileURLToPath(new URL("../../", import.meta.url));

export const SUBJECTS: Readonly<Record<string, readonly string[]>> = {
  node: [process.execPath, `${root}mod.ts`],
  bun: [`${root}node_modules/.bin/bun`, `${root}mod.ts`],
  deno: [
    `${root}node_modules/.bin/deno`,
    "run",
    "-A",
    "--node-modules-dir=manual",
    "--config",
    `${root}deno.json`,
    `${root}mod.ts`,
  ],
};

/** A folder for one test. */
export function scratch(): string {
  return mkdtempSync(`${tmpdir()}/weir-`);
}

/** A port below the ephemeral range that is free right now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    const bound = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!bound) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}

export interface Running {
  readonly process: ChildProcess;
  output(): string;
  /** Ends it with a signal; the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Runs to the end. */
export async function runToEnd(subject: string, args: readonly string[], cwd = root) {
  const running = spawnSubject(subject, args, cwd);
  const [code] = await once(running.process, "close");
  return { code, output: running.output() };
}

function spawnSubject(
  subject: string,
  args: readonly string[],
  cwd: string,
  descriptors?: number,
): Running {
  const words = [...SUBJECTS[subject] ?? [], ...args];
  const limited = ["sh", "-c", `ulimit -n ${descriptors}; exec "$@"`, "sh"];
  const [command = "", ...rest] = descriptors === undefined ? words : [...limited, ...words];
  const child = spawn(command, rest, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => output += text);
  }
  return {
    process: child,
    output: () => output,
    async stop(signal = "SIGTERM") {
      if (child.exitCode !== null) return child.exitCode;
      const closed = once(child, "close");
      child.kill(signal);
      const [code] = await closed;
      return code;
    },
  };
}

/** Starts it on a configuration and waits until `port` accepts. */
export async function start(
  subject: string,
  conf: string | undefined,
  { port, args = ["--dashboard", "off"], descriptors, cwd = root }: {
    readonly port: number;
    /** Where it starts; without a `conf` it looks for one there. */
    readonly cwd?: string;
    readonly args?: readonly string[];
    /** Its limit of open files. */
    readonly descriptors?: number;
  },
): Promise<Running> {
  const words = [...args];
  if (conf !== undefined) {
    const path = `${scratch()}/weir.conf`;
    writeFileSync(path, conf);
    words.unshift("-p", path.slice(0, -9));
    words.push(path);
  }
  const running = spawnSubject(subject, words, cwd, descriptors);
  for (let tried = 0; tried < 200; tried++) {
    if (running.process.exitCode !== null) break;
    if (await accepts(port)) return running;
    await new Promise((done) => setTimeout(done, 50));
  }
  await running.stop("SIGKILL");
  assert.fail(`${subject} did not start: ${running.output()}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

/** No line of a log may speak of a bug. */
export function assertQuiet(running: Running): void {
  assert.doesNotMatch(running.output(), /\[(alert|crit)\]|unexpected error|Uncaught/);
}

/** A peer of the test process. */
export async function peer(
  serve: (socket: Socket) => void,
  at: number | string = 0,
): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {}); // resets are part of the scenarios
    serve(socket);
  });
  server.listen(typeof at === "string" ? { path: at } : { port: at, host: "127.0.0.1" });
  await once(server, "listening");
  const bound = server.address();
  return { port: typeof bound === "object" && bound !== null ? bound.port : 0, server };
}

/** Sends a text, half-closes only when asked, and collects what comes until the end. */
export function ask(
  target: number | string,
  text: string,
  { end = false } = {},
): Promise<string> {
  return new Promise((resolve) => {
    const socket = typeof target === "string" ? connect(target) : connect(target, "127.0.0.1");
    let answer = "";
    socket.setEncoding("latin1").on("data", (chunk) => answer += chunk);
    socket.on("error", () => {}); // "close" follows and decides
    socket.on("close", () => resolve(answer));
    if (end) socket.end(text);
    else socket.write(text);
  });
}
