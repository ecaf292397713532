/** `npm start`, as the README says it to a newcomer: the only test on the ports that ship. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ask } from "./harness.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const PORTS = [62_345, 12_345, 12_346];

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

const taken = (await Promise.all(PORTS.map(isTaken))).includes(true);

test("npm start prints five lines and its demo servers take turns", {
  skip: taken ? "a port of conf/stream.conf is in use on this machine" : false,
}, async () => {
  const child = spawn("npm", ["start"], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => output += text);
  }
  try {
    while (!output.includes("Ctrl-C")) {
      assert.equal(child.exitCode, null, output);
      await new Promise((turn) => setTimeout(turn, 20));
    }
    const lines = output.split("\n");
    const first = lines.findIndex((line) => /^weir +\d/.test(line));
    assert.ok(first >= 0, output);
    const banner = lines.slice(first, first + 5).join("\n");
    assert.match(banner, /node/i);
    assert.match(banner, /conf\/stream\.conf/);
    assert.match(banner, /62345.*backend/);
    assert.match(banner, /http:\/\/127\.0\.0\.1:\d+\/#token=/);
    assert.match(banner, /Ctrl-C/);
    const answers = new Set([await ask(62_345, "hello srv\n"), await ask(62_345, "hello srv\n")]);
    assert.equal(answers.size, 2, [...answers].join());
    for (const answer of answers) assert.match(answer, /^hello from 127\.0\.0\.1:1234[56]\n?$/);
    assert.match(output, /demo/);
  } finally {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM"); // npm, its shell and Weir, as Ctrl-C does
    if (child.exitCode === null) await once(child, "close");
  }
});
