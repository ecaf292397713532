/** The single files: each starts, proxies a connection and serves the dashboard's page. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ask, freePort, peer, scratch } from "./scenario/harness.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = scratch();
const built = promisify(execFile)(process.execPath, [`${root}tests/tools/build.ts`, folder]);

const FORMS: readonly (readonly [string, readonly string[]])[] = [
  ["weir.mjs on Node", [process.execPath, `${folder}/weir.mjs`]],
  ["weir.mjs on Bun", [`${root}node_modules/.bin/bun`, `${folder}/weir.mjs`]],
  ["weir.mjs on Deno", [
    `${root}node_modules/.bin/deno`,
    "run",
    "-A",
    "--no-config",
    `${folder}/weir.mjs`,
  ]],
  ["the executable", [`${folder}/weir`]],
];

for (const [name, [command = "", ...args]] of FORMS) {
  test(`${name} runs the shipped configuration and serves its page`, async () => {
    await built;
    const [port, first, second] = [await freePort(), await freePort(), await freePort()];
    const { server } = await peer((socket) => {
      socket.once("data", () => socket.end("hello"));
      socket.once("end", () => socket.end());
    }, first);
    const conf = readFileSync(`${root}conf/stream.conf`, "utf8").replace(
      "62345",
      `127.0.0.1:${port}`,
    )
      .replaceAll("12345", String(first)).replaceAll("12346", String(second));
    const path = `${scratch()}/stream.conf`;
    writeFileSync(path, conf);
    const web = await freePort();
    const words = ["-p", path.slice(0, -11), "--dashboard", `127.0.0.1:${web}`, path];
    const child = spawn(command, [...args, ...words], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      const [line] = await once(child.stdout.setEncoding("utf8"), "data");
      assert.match(line, new RegExp(`http://127\\.0\\.0\\.1:${web}/#token=[0-9a-f]{64}`));
      assert.equal(await ask(port, "x"), "hello");
      const page = await fetch(`http://127.0.0.1:${web}/`);
      assert.match(await page.text(), /<title>Weir<\/title>/);
    } finally {
      server.close();
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    assert.equal(child.exitCode, 0);
  });
}
