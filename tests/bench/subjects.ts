/** What is measured: Weir on each runtime, a bare relay on each, nginx and HAProxy. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));
const bin = `${root}node_modules/.bin/`;
const here = fileURLToPath(new URL(".", import.meta.url));

/** Where a proxy listens and its peer is; `dir` is its own folder. */
export interface Place {
  readonly port: number;
  readonly peerPort: number;
  readonly dir: string;
}

export interface Subject {
  readonly name: string;
  /** The relay that its cost is held against. */
  readonly bare?: string;
  /** Undefined where the program is not installed. */
  command(place: Place): readonly string[] | undefined;
}

const NODE = [process.execPath];
const BUN = [`${bin}bun`];
const DENO = [`${bin}deno`, "run", "-A", "--quiet", "--node-modules-dir=none"];

function weirOn(name: string, runtime: readonly string[]): Subject {
  return {
    name: `weir/${name}`,
    bare: `bare/${name}`,
    command({ port, peerPort, dir }) {
      writeFileSync(
        `${dir}/weir.conf`,
        `worker_rlimit_nofile 20000;
         events { worker_connections 20000; }
         stream { server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${peerPort}; } }`,
      );
      const args = ["-p", `${dir}/`, "-c", "weir.conf", "--dashboard", `127.0.0.1:${port + 500}`];
      return [...runtime, `${root}dist/weir.mjs`, ...args];
    },
  };
}

function bareOn(name: string, runtime: readonly string[]): Subject {
  return {
    name: `bare/${name}`,
    command: ({ port, peerPort }) => [
      ...runtime,
      `${here}bare_${name}.ts`,
      String(port),
      String(peerPort),
    ],
  };
}

function isInstalled(program: string): boolean {
  return spawnSync(program, ["-v"], { stdio: "ignore" }).status === 0;
}

const nginx: Subject = {
  name: "nginx",
  command({ port, peerPort, dir }) {
    if (!isInstalled("nginx")) return undefined;
    writeFileSync(
      `${dir}/nginx.conf`,
      `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
       daemon off; master_process off; pid ${dir}/nginx.pid; error_log ${dir}/error.log error;
       worker_rlimit_nofile 20000;
       events { worker_connections 20000; }
       stream { server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${peerPort}; } }`,
    );
    return ["nginx", "-p", dir, "-c", `${dir}/nginx.conf`, "-e", `${dir}/error.log`];
  },
};

const haproxy: Subject = {
  name: "haproxy",
  command({ port, peerPort, dir }) {
    if (!isInstalled("haproxy")) return undefined;
    writeFileSync(
      `${dir}/haproxy.cfg`,
      `global
  maxconn 9000
  nbthread 1
defaults
  mode tcp
  timeout connect 60s
  timeout client 10m
  timeout server 10m
listen all
  bind 127.0.0.1:${port}
  server peer 127.0.0.1:${peerPort}
`,
    );
    return ["haproxy", "-db", "-f", `${dir}/haproxy.cfg`];
  },
};

export const SUBJECTS: readonly Subject[] = [
  nginx,
  haproxy,
  weirOn("bun", BUN),
  bareOn("bun", BUN),
  weirOn("deno", DENO),
  bareOn("deno", DENO),
  weirOn("node", NODE),
  bareOn("node", NODE),
];

/** Pinned to one processor where there are two, so that the load has the other. */
export function launch(command: readonly string[], cpu: number): ChildProcess {
  return spawn("taskset", ["-c", String(cpu), ...command], {
    cwd: root,
    stdio: "ignore",
  });
}

/** Settles with milliseconds since the call once the port accepts. */
export async function accepting(port: number, child: ChildProcess): Promise<number> {
  const started = performance.now();
  while (child.exitCode === null && performance.now() - started < 20_000) {
    if (await accepts(port)) return performance.now() - started;
    await new Promise((done) => setTimeout(done, 2));
  }
  throw new Error(`nothing listens on port ${port}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
}
