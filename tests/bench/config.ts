/**
 * `npm run bench:config`: how long big configurations take to load on each runtime, what look-ups
 * in them cost, and whether 500 reloads of a running process leave memory behind.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const bin = `${root}node_modules/.bin/`;
const DENO = [`${bin}deno`, "run", "-A", "--no-check", "--node-modules-dir=manual"];
const RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  bun: [`${bin}bun`],
  deno: DENO,
  node: [process.execPath],
};
const RELOADS = 500;
const PORT = 13_999;

const columns: Record<string, Record<string, number>> = {};
for (const [name, [command = "", ...args]] of Object.entries(RUNTIMES)) {
  const child = spawnSync(command, [...args, `${root}tests/bench/config_child.ts`], {
    encoding: "utf8",
  });
  if (child.status !== 0) throw new Error(child.stderr);
  columns[name] = JSON.parse(child.stdout);
}
const rows = Object.keys(columns["bun"] ?? {});
const width = Math.max(...rows.map(({ length }) => length));
console.log(`${"".padEnd(width)}${Object.keys(RUNTIMES).map((name) => name.padStart(9)).join("")}`);
for (const row of rows) {
  const cells = Object.values(columns).map((column) => String(column[row]).padStart(9)).join("");
  console.log(row.padEnd(width) + cells);
}

function residentKib(pid: number): number {
  const found = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(found?.[1] ?? 0);
}

function answers(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(PORT, "127.0.0.1");
    socket.on("error", () => resolve(false)).on("data", () => resolve(true)).on(
      "close",
      () => resolve(true),
    );
  });
}

/** KiB of memory at every fiftieth reload. */
async function reloadMemory(
  [command = "", ...args]: readonly string[],
): Promise<readonly number[]> {
  const folder = mkdtempSync(`${tmpdir()}/weir-bench-`);
  const text = `error_log ${folder}/log notice; stream {
    map $remote_addr $a { ${Array.from({ length: 500 }, (_, at) => `k${at} v${at};`).join(" ")} }
    upstream u { ${
    Array.from({ length: 50 }, (_, at) => `server 127.0.0.1:${9000 + at};`).join(" ")
  } }
    server { listen 127.0.0.1:${PORT}; return "$a"; } }`;
  writeFileSync(`${folder}/x.conf`, text);
  const child = spawn(command, [
    ...args,
    `${root}mod.ts`,
    "--dashboard",
    "off",
    "-p",
    folder,
    `${folder}/x.conf`,
  ], {
    stdio: "ignore",
  });
  while (!await answers()) await new Promise((done) => setTimeout(done, 20));
  const reloads = () => readFileSync(`${folder}/log`, "utf8").split(": reconfiguring").length - 1;
  const memory: number[] = [];
  for (let reload = 1; reload <= RELOADS; reload++) {
    child.kill("SIGHUP");
    for (let tried = 0; reloads() < reload && tried < 500; tried++) {
      await new Promise((done) => setTimeout(done, 4));
    }
    if (reload % 50 === 0) memory.push(residentKib(child.pid ?? 0));
  }
  child.kill("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
  return memory;
}

console.log(`\nresident MiB at every 50th of ${RELOADS} reloads`);
for (const [name, command] of Object.entries(RUNTIMES)) {
  const memory = await reloadMemory(command);
  console.log(
    `${name.padEnd(5)} ${memory.map((kib) => (kib / 1024).toFixed(0).padStart(5)).join("")}`,
  );
}
