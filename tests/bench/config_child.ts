/** Inside one runtime: how long big configurations take to load, and look-ups in them. Prints JSON. */
import { Engine } from "../../engine/engine.ts";
import { MemoryRuntime } from "../../engine/runtime/memory.ts";
import { Session, type VirtualServer } from "../../engine/session/session.ts";
import { ListenerCounters } from "../../engine/status/counters.ts";
import { Worker } from "../../engine/session/worker.ts";

const PATH = "/weir/x.conf";

function lines(count: number, line: (at: number) => string): string {
  return Array.from({ length: count }, (_, at) => line(at)).join("\n");
}

function network(at: number): string {
  return `${1 + (at >> 16) % 200}.${at >> 8 & 255}.${at & 255}.0/24`;
}

const servers = (count: number) =>
  lines(count, (at) => `server { listen 127.0.0.1:${1000 + at}; proxy_pass u${at % 100}; }`);

const CONFIGURATIONS: Readonly<Record<string, () => string>> = {
  "10,000 peers": () =>
    lines(
      100,
      (group) =>
        `upstream u${group} {\n${lines(100, (at) => `server 10.0.${group}.${at}:80 weight=2;`)}\n}`,
    ),
  "2,000 servers": () =>
    `${lines(100, (at) => `upstream u${at} { server 10.0.0.1:80; }`)}
${servers(2000)}`,
  "2,000 names on 20 addresses": () =>
    lines(
      2000,
      (at) =>
        `server { listen 127.0.0.1:${
          1000 + at % 20
        }; server_name a${at}.test *.b${at}.test; return x; }`,
    ),
  "map of 100,000": () => map(100_000),
  "geo of 100,000": () => geo(100_000),
};

function map(rows: number): string {
  return `map $remote_port $x {\n${lines(rows, (at) => `key${at} value${at};`)}\n}
server { listen 80; return $x; }`;
}

function geo(rows: number): string {
  return `geo $remote_port $x {\n${lines(rows, (at) => `${network(at)} v${at};`)}\n}
server { listen 80; return $x; }`;
}

async function load(stream: string): Promise<{ ms: number; server: VirtualServer | undefined }> {
  const files = { [PATH]: `stream {\n${stream}\n}\n` };
  const runtime = new MemoryRuntime({ files });
  const engine = new Engine(
    runtime,
    { path: PATH, prefix: "/weir/", globals: "", demo: false },
    "bench",
  );
  const started = performance.now();
  const { cycle, errors } = await engine.load();
  const ms = performance.now() - started;
  if (cycle === undefined) throw new Error(String(errors[0]));
  const [socket] = cycle.sockets;
  return { ms, server: socket?.addressOf({ host: "127.0.0.1", port: 80 }).fallback };
}

/** Nanoseconds of one evaluation of the server's `return` text, through a session of its own. */
async function lookup(stream: string, keys: readonly string[]): Promise<number> {
  const { server } = await load(stream);
  if (server === undefined) throw new Error("no server");
  const runtime = new MemoryRuntime();
  const worker = new Worker(runtime);
  const counters = new ListenerCounters({ host: "127.0.0.1", port: 80 });
  const address = { fallback: server, hasProxyProtocol: false, find: () => undefined };
  const client = { local: { host: "127.0.0.1", port: 80 }, remote: { host: "127.0.0.1", port: 1 } };
  let answers = 0;
  const fake = {
    ...client,
    write: () => Promise.resolve(),
    close() {},
  } as unknown as Session["client"]; // `return` asks no more of it
  const run = (key: string) => {
    const session = new Session(worker, fake, { id: 1, address, counters });
    session.remote = { host: "127.0.0.1", port: key as unknown as number }; // any text will do
    const handler = server.handlers.at(-1);
    void handler?.run(session);
    answers += 1;
  };
  const rounds = 20_000;
  for (let at = 0; at < rounds; at++) run(keys[at % keys.length] ?? "");
  const started = performance.now();
  for (let at = 0; at < rounds; at++) run(keys[at % keys.length] ?? "");
  return (performance.now() - started) * 1e6 / rounds + answers * 0;
}

const result: Record<string, number> = {};
for (const [name, make] of Object.entries(CONFIGURATIONS)) {
  const text = make();
  result[`load ${name}, ms`] = Math.round((await load(text)).ms);
}
for (const rows of [1000, 10_000, 100_000]) {
  const at = (index: number) => Math.floor((index * 7919) % rows);
  const mapKeys = Array.from({ length: 1000 }, (_, index) => `key${at(index)}`);
  result[`map look-up at ${rows}, ns`] = Math.round(await lookup(map(rows), mapKeys));
  const geoKeys = Array.from(
    { length: 1000 },
    (_, index) => network(at(index)).replace("0/24", "9"),
  );
  result[`geo look-up at ${rows}, ns`] = Math.round(await lookup(geo(rows), geoKeys));
}
console.log(JSON.stringify(result));
