/** The same configuration under nginx and under Weir: clients and access logs see the same. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { test } from "node:test";
import { ask, freePort, peer, scratch, start, SUBJECTS } from "./harness.ts";

const MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";
const isNginx = spawnSync("nginx", ["-v"]).status === 0 && existsSync(MODULE);
const skip = isNginx ? false : "no nginx with the stream module on this machine";

/** Where each server of the configuration listens. */
const SERVERS = [
  "plain",
  "next",
  "nobody",
  "denied",
  "text",
  "idle",
  "half",
  "big",
  "hashed",
] as const;
type Ports = Readonly<Record<typeof SERVERS[number], number>>;

async function freePorts(): Promise<Ports> {
  const ports: Partial<Record<typeof SERVERS[number], number>> = {};
  for (const name of SERVERS) ports[name] = await freePort();
  return ports as Ports; // every name was just given its port
}

function configuration(ports: Ports, back: number, dead: number, folder: string): string {
  const at = (name: keyof Ports) => `listen 127.0.0.1:${ports[name]};`;
  return `
error_log ${folder}/error.log info;
events { worker_connections 256; }
stream {
  log_format twin '$remote_addr $protocol $status $bytes_sent $bytes_received '
    '[$upstream_addr] [$upstream_bytes_sent] [$upstream_bytes_received] $server_addr:$server_port '
    '"$session_time $upstream_connect_time $upstream_first_byte_time $upstream_session_time"';
  access_log ${folder}/access.log twin;
  proxy_connect_timeout 1s;
  upstream next { server 127.0.0.1:${dead}; server 127.0.0.1:${back}; }
  upstream nobody { server 127.0.0.1:${dead}; server 127.0.0.1:${dead} backup; }
  upstream hashed { hash $remote_addr consistent; server 127.0.0.1:${back} weight=2; server localhost:${back}; }
  server { ${at("plain")} proxy_pass 127.0.0.1:${back}; }
  server { ${at("next")} proxy_pass next; }
  server { ${at("nobody")} proxy_pass nobody; }
  server { ${at("denied")} deny 127.0.0.0/8; proxy_pass 127.0.0.1:${back}; }
  server { ${at("text")} return "$remote_addr $server_port $protocol $bytes_sent\\n"; }
  server { ${at("idle")} proxy_timeout 300ms; proxy_pass 127.0.0.1:${back}; }
  server { ${at("half")} proxy_half_close on; proxy_pass 127.0.0.1:${back}; }
  server { ${at("big")} proxy_buffer_size 4k; proxy_pass 127.0.0.1:${back}; }
  server { ${at("hashed")} proxy_pass hashed; }
}
`;
}

/** What the visits of every server answered, and how the access log tells of them. */
async function visits(ports: Ports, logPath: string): Promise<readonly string[]> {
  const seen: string[] = [];
  const calls: readonly (readonly [keyof Ports, string, boolean])[] = [
    ["plain", "word", false],
    ["plain", "other words", false],
    ["next", "a", false],
    ["next", "b", false],
    ["nobody", "a", false],
    ["nobody", "b", false],
    ["denied", "x", false],
    ["text", "", false],
    ["idle", "wait", false],
    ["half", "to the end", true],
    ["plain", "to the end", true],
    ["big", "200000", false],
    ["hashed", "x", false],
  ];
  for (const [name, text, end] of calls) {
    const answer = await ask(ports[name], text, { end });
    const line = await logLine(logPath, seen.length + 1);
    seen.push(`${name}: ${answer.length} bytes ${answer.slice(0, 20)} | ${line}`);
  }
  return seen.map((line) => normalised(line, ports));
}

async function logLine(path: string, number: number): Promise<string> {
  for (;;) {
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
    if (lines.length > number) return lines[number - 1] ?? "";
    await new Promise((turn) => setTimeout(turn, 10));
  }
}

/** Ports by name; times by whether there is one. */
function normalised(line: string, ports: Ports): string {
  let text = line.replace(/\d+\.\d{3}/g, "TIME");
  for (const [name, port] of Object.entries(ports)) text = text.replaceAll(String(port), name);
  return text;
}

async function back() {
  return await peer((socket) => {
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
      if (text === "wait") return;
      if (text === "200000") socket.end(Buffer.alloc(200_000, "x"));
      else if (text !== "to the end") socket.end(`got ${text}`);
    });
    socket.on("end", () => socket.end(text === "to the end" ? `got ${text}` : ""));
  });
}

async function underNginx(server: number, dead: number): Promise<readonly string[]> {
  const folder = scratch();
  const ports = await freePorts();
  writeFileSync(`${folder}/nginx.conf`, configuration(ports, server, dead, folder));
  const globals = `load_module ${MODULE}; pid ${folder}/pid; daemon off; master_process off;`;
  const nginx = spawn(
    "nginx",
    ["-p", folder, "-e", "stderr", "-g", globals, "-c", `${folder}/nginx.conf`],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  try {
    while (!await isOpen(ports.text)) await new Promise((turn) => setTimeout(turn, 20));
    await logLine(`${folder}/access.log`, 1);
    writeFileSync(`${folder}/access.log`, "");
    return await visits(ports, `${folder}/access.log`);
  } finally {
    nginx.kill();
    await once(nginx, "close");
  }
}

/** The visit that finds out leaves a line in the log, as the harness's does. */
function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => resolve(false));
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

for (const subject of Object.keys(SUBJECTS)) {
  test(`twin on ${subject}: clients and access log see what nginx's do`, { skip }, async () => {
    const dead = await freePort();
    const { port: server, server: closing } = await back();
    const folder = scratch();
    const ports = await freePorts();
    const conf = configuration(ports, server, dead, folder);
    const weir = await start(subject, conf, { port: ports.text });
    try {
      await logLine(`${folder}/access.log`, 1);
      writeFileSync(`${folder}/access.log`, "");
      const ours = await visits(ports, `${folder}/access.log`);
      const theirs = await underNginx(server, dead);
      assert.deepEqual(ours, theirs);
    } finally {
      closing.close();
      assert.equal(await weir.stop(), 0);
    }
  });
}
