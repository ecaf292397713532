/** The experiment that this project was asked for, with clients and servers of another language. */
import assert from "node:assert/strict";
import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assertQuiet, freePort, peer, runToEnd, scratch, start, SUBJECTS } from "./harness.ts";
import { writeFileSync } from "node:fs";

const script = fileURLToPath(new URL("hello.pl", import.meta.url));
const shipped = readFileSync(new URL("../../conf/stream.conf", import.meta.url), "utf8");
const skip = spawnSync("perl", ["-v"]).status === 0 ? false : "no perl on this machine";
const run = promisify(execFile);

async function helloServer(port: number) {
  const child = spawn("perl", [script, "server", String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

async function ask(port: number): Promise<string> {
  const { stdout } = await run("perl", [script, "client", String(port)]);
  return stdout.trim();
}

/** The shipped configuration on ports of its own. */
async function configuration() {
  const ports = [await freePort(), await freePort(), await freePort()] as const;
  const [port, first, second] = ports;
  const conf = shipped.replaceAll("62345", `127.0.0.1:${port}`).replaceAll("12345", String(first))
    .replaceAll("12346", String(second));
  return { conf, port, first, second };
}

const FIRST_TWO = / {8}server 127[^;]*;\n {8}server 127[^;]*;\n/;

for (const subject of Object.keys(SUBJECTS)) {
  test(`experiment on ${subject}: two servers take turns`, { skip }, async () => {
    const { conf, port, first, second } = await configuration();
    const servers = [await helloServer(first), await helloServer(second)];
    const weir = await start(subject, conf, { port });
    try {
      const answers = [await ask(port), await ask(port), await ask(port), await ask(port)];
      assert.deepEqual(
        new Set(answers),
        new Set([first, second].map((each) => `hello from 127.0.0.1:${each}`)),
      );
      assert.equal(answers[0], answers[2]);
      assert.equal(answers[1], answers[3]);
      assert.notEqual(answers[0], answers[1]);
      assertQuiet(weir);
    } finally {
      for (const server of servers) server.kill();
      assert.equal(await weir.stop(), 0);
    }
  });

  test(
    `experiment on ${subject}: consistent hash keeps a client at its server`,
    { skip },
    async () => {
      const { conf, port, first, second } = await configuration();
      const servers = [await helloServer(first), await helloServer(second)];
      const weir = await start(subject, conf.replace("#hash", "hash"), { port });
      try {
        const answers = new Set([await ask(port), await ask(port), await ask(port)]);
        assert.equal(answers.size, 1);
      } finally {
        for (const server of servers) server.kill();
        assert.equal(await weir.stop(), 0);
      }
    },
  );

  test(`experiment on ${subject}: a name with a weight, and a unix socket`, { skip }, async () => {
    const { conf, port, first } = await configuration();
    const path = `${scratch()}/backend3`;
    const { server } = await peer(
      (socket) => socket.once("data", () => socket.end("hello from unix\n")),
      path,
    );
    const named = conf.replace("#server backend1.example.com", "server localhost").replace(
      FIRST_TWO,
      "",
    )
      .replace("#server unix:/tmp/backend3", `server unix:${path}`);
    const hello = await helloServer(first);
    const weir = await start(subject, named, { port });
    try {
      const answers: string[] = [];
      for (let each = 0; each < 12; each++) answers.push(await ask(port));
      assert.ok(answers.includes("hello from unix"));
      assert.ok(answers.filter((answer) => answer === `hello from 127.0.0.1:${first}`).length > 3);
    } finally {
      hello.kill();
      server.close();
      assert.equal(await weir.stop(), 0);
    }
  });

  test(`experiment on ${subject}: a name that does not resolve is nginx's error`, async () => {
    const { conf, first } = await configuration();
    const path = `${scratch()}/weir.conf`;
    writeFileSync(path, conf.replace("#server backend1.example.com", "server backend1.invalid"));
    const { code, output } = await runToEnd(subject, ["-p", path.slice(0, -9), path]);
    assert.equal(code, 1);
    assert.match(
      output,
      new RegExp(
        `nginx: \\[emerg\\] host not found in upstream "backend1.invalid:${first}" in ${path}:4`,
      ),
    );
  });
}
