/** The command line and the process, as an operator meets them, on each runtime. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { ask, freePort, peer, runToEnd, scratch, start, SUBJECTS } from "./harness.ts";

const isRoot = process.getuid?.() === 0;

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!await isSo()) await new Promise((turn) => setTimeout(turn, 20));
}

for (const subject of Object.keys(SUBJECTS)) {
  test(`cli on ${subject}: what cannot be read is said plainly, exit 1`, async () => {
    const folder = scratch();
    mkdirSync(`${folder}/sub`);
    writeFileSync(`${folder}/secret.conf`, "");
    chmodSync(`${folder}/secret.conf`, 0);
    const rows = [
      ["none.conf", `open() "${folder}/none.conf" failed (2: No such file or directory)`],
      ["sub", `pread() "${folder}/sub" failed (21: Is a directory)`],
      ...isRoot
        ? []
        : [["secret.conf", `open() "${folder}/secret.conf" failed (13: Permission denied)`]],
    ];
    for (const [name, message] of rows) {
      const { code, output } = await runToEnd(subject, ["-c", `${folder}/${name}`]);
      assert.equal(output, `nginx: [emerg] ${message}\n`);
      assert.equal(code, 1);
    }
  });

  test(`cli on ${subject}: -t, -T, -q and -g do what nginx's do`, async () => {
    const folder = scratch();
    writeFileSync(`${folder}/a.conf`, "stream { include b.conf; }\n");
    writeFileSync(`${folder}/b.conf`, "# b\n");
    const path = `${folder}/a.conf`;
    const run = (...args: string[]) => runToEnd(subject, ["-p", folder, ...args]);
    const good = `nginx: the configuration file ${path} syntax is ok\n` +
      `nginx: configuration file ${path} test is successful\n`;
    assert.deepEqual(await run("-t", "-c", "a.conf"), { code: 0, output: good });
    assert.deepEqual(await run("-t", "-q", "-c", "a.conf"), { code: 0, output: "" });
    const dump = await run("-T", "-q", "-c", "a.conf");
    assert.ok(dump.output.includes(`# configuration file ${path}:\n`));
    assert.ok(dump.output.includes(`# configuration file ${folder}/b.conf:\n# b\n`));
    const wrong = await run("-t", "-c", "a.conf", "-g", "nonsense on;");
    assert.ok(wrong.output.includes('[emerg] unknown directive "nonsense" in command line'));
    assert.equal(wrong.code, 1);
  });

  test(`cli on ${subject}: a port in use is nginx's error after five tries, exit 1`, async () => {
    const { port, server } = await peer(() => {});
    const folder = scratch();
    writeFileSync(`${folder}/a.conf`, `stream { server { listen 127.0.0.1:${port}; return x; } }`);
    const { code, output } = await runToEnd(subject, ["-p", folder, "-c", "a.conf"]);
    server.close();
    assert.match(
      output,
      new RegExp(`bind\\(\\) to 127.0.0.1:${port} failed \\(98: Address already in use\\)`),
    );
    assert.equal(code, 1);
    assert.equal(existsSync(`${folder}/weir.pid`), false);
  });

  test(`cli on ${subject}: -s reload, reopen and quit reach the process by its pid file`, async () => {
    const port = await freePort();
    const folder = scratch();
    const write = (text: string) =>
      writeFileSync(
        `${folder}/weir.conf`,
        `pid ${folder}/w.pid; stream { log_format f '$status'; access_log ${folder}/access.log f;
         server { listen 127.0.0.1:${port}; return ${text}; } }`,
      );
    write("one");
    const args = ["-p", folder, "--dashboard", "off"];
    const weir = await start(subject, `include ${folder}/weir.conf;`, { port, args });
    const send = async (word: string) => {
      const { code, output } = await runToEnd(subject, [
        "-p",
        folder,
        "-c",
        "weir.conf",
        "-s",
        word,
      ]);
      assert.deepEqual([code, output], [0, ""]);
    };
    try {
      assert.equal(Number(readFileSync(`${folder}/w.pid`, "utf8")), weir.process.pid);
      assert.equal(await ask(port, ""), "one");
      write("two");
      await send("reload");
      await until(async () => await ask(port, "") === "two");
      renameSync(`${folder}/access.log`, `${folder}/old.log`);
      await send("reopen");
      await until(() => existsSync(`${folder}/access.log`));
      const before = readFileSync(`${folder}/old.log`, "utf8");
      assert.equal(await ask(port, ""), "two");
      await until(() => readFileSync(`${folder}/access.log`, "utf8") === "200\n");
      assert.equal(readFileSync(`${folder}/old.log`, "utf8"), before);
      const ended = once(weir.process, "close");
      await send("quit");
      assert.equal((await ended)[0], 0);
      assert.equal(existsSync(`${folder}/w.pid`), false);
    } finally {
      await weir.stop("SIGKILL");
    }
  });

  test(`cli on ${subject}: without words it finds its configuration, and http is passed over`, async () => {
    const port = await freePort();
    const folder = scratch();
    mkdirSync(`${folder}/conf`);
    const conf = `worker_processes auto; events { worker_connections 64; }
      http { server { listen 80; location / { proxy_pass http://x; } } }
      stream { server { listen 127.0.0.1:${port}; return found; } }`;
    writeFileSync(`${folder}/conf/nginx.conf`, conf);
    const weir = await start(subject, undefined, { port, args: [], cwd: folder });
    try {
      assert.equal(await ask(port, ""), "found");
      await until(() => weir.output().includes("#token="));
      assert.match(weir.output(), /http:\/\/127\.0\.0\.1:\d+\/#token=[0-9a-f]{64}/);
    } finally {
      assert.equal(await weir.stop(), 0);
    }
  });

  test(`cli on ${subject}: the dashboard's data is what happened`, async () => {
    const [port, dashboard] = [await freePort(), await freePort()];
    const back = await peer((socket) => {
      socket.on("data", () => socket.end("12345"));
      socket.on("end", () => socket.end());
    });
    const conf = `stream { upstream u { server 127.0.0.1:${back.port}; }
      server { listen 127.0.0.1:${port}; proxy_pass u; } }`;
    const args = ["--dashboard", `127.0.0.1:${dashboard}`];
    const weir = await start(subject, conf, { port, args });
    try {
      await until(() => weir.output().includes("#token="));
      const token = /#token=(\w+)/.exec(weir.output())?.[1] ?? "";
      const get = (path: string, headers: Record<string, string> = {}) =>
        fetch(`http://127.0.0.1:${dashboard}${path}`, { headers });
      const authorization = `Bearer ${token}`;
      assert.equal(await ask(port, "abc"), "12345");
      const status = await (await get("/api/v1/status", { authorization })).json();
      const [zone] = status.server_zones;
      const [group] = status.upstreams;
      assert.deepEqual([zone.received, zone.sent], [3, 5]);
      assert.equal(group.peers[0].server, `127.0.0.1:${back.port}`);
      assert.deepEqual([group.peers[0].sent, group.peers[0].received], [3, 5]);
      const metrics = await (await get("/metrics", { authorization })).text();
      assert.match(metrics, /^weir_\w+.* 5$/m);
      assert.equal((await get("/metrics")).status, 401);
      assert.equal((await get("/api/v1/stream")).status, 401);
      for (const path of ["/", "/healthz", "/readyz"]) assert.equal((await get(path)).status, 200);
      const stream = await get("/api/v1/stream", { authorization });
      const first = await stream.body?.getReader().read();
      assert.match(new TextDecoder().decode(first?.value), /^id: .*\nevent: tick\ndata: \{/);
    } finally {
      back.server.close();
      assert.equal(await weir.stop(), 0);
    }
  });

  test(`cli on ${subject}: both families on one port, proxy_bind and unix sockets`, async () => {
    const [port, bound] = [await freePort(), await freePort()];
    const path = `${scratch()}/back.sock`;
    const back = await peer((socket) => {
      socket.on("end", () => socket.end());
      socket.write(socket.remoteAddress ?? "");
      socket.on("data", () => socket.end());
    });
    const unix = await peer((socket) => void socket.end("unix"), path);
    const conf = `stream {
      server { listen ${port}; listen [::]:${port}; return $remote_addr; }
      server { listen 127.0.0.1:${bound}; proxy_bind 127.0.0.3; proxy_pass 127.0.0.1:${back.port}; }
      server { listen [::1]:${bound}; proxy_pass unix:${path}; } }`;
    const weir = await start(subject, conf, { port });
    try {
      assert.equal(await ask(port, ""), "127.0.0.1");
      assert.equal(await askAt("::1", port), "::1");
      assert.equal(await ask(bound, "x"), "127.0.0.3");
      assert.equal(await askAt("::1", bound), "unix");
    } finally {
      back.server.close();
      unix.server.close();
      assert.equal(await weir.stop(), 0);
    }
  });
}

function askAt(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    connect(port, host).setEncoding("latin1").on("data", (chunk) => text += chunk)
      .on("error", (error) => text += error.message).on("close", () => resolve(text));
  });
}

test("cli on deno without flags: the command with what is missing, exit 1", () => {
  const folder = scratch();
  writeFileSync(`${folder}/a.conf`, "stream { server { listen 127.0.0.1:21111; return x; } }");
  const [deno = "", , , ...rest] = SUBJECTS["deno"] ?? [];
  const { status, stdout, stderr } = spawnSync(
    deno,
    ["run", ...rest, "--dashboard", "off", `${folder}/a.conf`],
    { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
  );
  assert.equal(status, 1);
  assert.match(stdout + stderr, /deno run .*--allow-read/);
});

test("cli on deno: the command that it prints runs to the end and asks for nothing more", async () => {
  const folder = scratch();
  const [port, back] = [await freePort(), await peer((socket) => void socket.end("hello"))];
  const path = `${folder}/a.conf`;
  writeFileSync(
    path,
    `stream { server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${back.port}; } }`,
  );
  const [deno = "", run = "", , ...rest] = SUBJECTS["deno"] ?? [];
  const words = [...rest, "-p", folder, "--dashboard", "off", path];
  const options = { encoding: "utf8", input: "" } as const;
  const asked = spawnSync(deno, [run, `--allow-read=${path}`, ...words], options);
  const flags = /deno run (.*?) \S*mod\.ts/.exec(asked.stderr)?.[1]?.split(" ") ?? [];
  assert.ok(flags.length > 0 && flags.every((flag) => flag.includes("=")), asked.stderr);
  const child = spawn(deno, [run, ...flags, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => output += text);
  }
  try {
    while (await ask(port, "x") !== "hello") {
      assert.equal(child.exitCode, null, output);
      await new Promise((done) => setTimeout(done, 50));
    }
  } finally {
    back.server.close();
    child.kill("SIGTERM");
    await once(child, "close");
  }
  assert.equal(child.exitCode, 0, output);
  assert.doesNotMatch(output, /emerg|alert|error|permission|Requires/);
  assert.ok(!existsSync(`${folder}/weir.pid`));
});
