/** What the proxy does when peers or clients misbehave, on each runtime. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { ask, assertQuiet, freePort, peer, runToEnd, scratch, start, SUBJECTS } from "./harness.ts";

const hello = (text: string) => (socket: import("node:net").Socket) => {
  socket.once("data", () => socket.end(text));
  // The harness's first connect sends nothing and leaves.
  socket.once("end", () => socket.end());
};

for (const subject of Object.keys(SUBJECTS)) {
  test(`faults on ${subject}: refused peers are passed over, and none left is 502`, async () => {
    const [port, dead, deader] = [await freePort(), await freePort(), await freePort()];
    const { port: good, server } = await peer(hello("good"));
    const log = `${scratch()}/access.log`;
    const conf = `error_log stderr info; stream {
      log_format main "$status $upstream_addr $bytes_received $bytes_sent";
      access_log ${log} main;
      upstream u { server 127.0.0.1:${dead}; server 127.0.0.1:${deader}; server 127.0.0.1:${good}; }
      server { listen 127.0.0.1:${port}; proxy_pass u; }
    }`;
    const weir = await start(subject, conf, { port });
    try {
      assert.equal(await ask(port, "x"), "good");
      server.close();
      await once(server, "close");
      assert.equal(await ask(port, "x"), "");
      assertQuiet(weir);
    } finally {
      assert.equal(await weir.stop("SIGQUIT"), 0);
    }
    assert.match(
      weir.output(),
      /connect\(\) failed \(111: Connection refused\) while connecting to upstream, client: 127\.0\.0\.1, server: 127/,
    );
    assert.match(weir.output(), /no live upstreams while connecting to upstream/);
    const lines = readFileSync(log, "utf8");
    assert.match(lines, new RegExp(`^200 .*127\\.0\\.0\\.1:${good} 1 4$`, "m"));
    assert.match(lines, /^502 /m);
  });

  test(`faults on ${subject}: silence ends after proxy_timeout, half close is nginx's`, async () => {
    const [silent, off, on] = [await freePort(), await freePort(), await freePort()];
    const { port: back, server } = await peer((socket) => {
      let text = "";
      socket.on("data", (chunk) => text += chunk);
      socket.on("end", () => socket.end(`got ${text}`));
    });
    const conf = `stream { proxy_timeout 10s;
      server { listen 127.0.0.1:${silent}; proxy_timeout 200ms; proxy_pass 127.0.0.1:${back}; }
      server { listen 127.0.0.1:${off}; proxy_pass 127.0.0.1:${back}; }
      server { listen 127.0.0.1:${on}; proxy_half_close on; proxy_pass 127.0.0.1:${back}; }
    }`;
    const weir = await start(subject, conf, { port: on });
    try {
      assert.equal(await ask(silent, "never answered"), "");
      assert.equal(await ask(off, "lost", { end: true }), "");
      assert.equal(await ask(on, "kept", { end: true }), "got kept");
      assertQuiet(weir);
    } finally {
      server.close();
      assert.equal(await weir.stop(), 0);
    }
  });

  test(`faults on ${subject}: access rules, return, unix listener and 4 MiB intact`, async () => {
    const [port, denied, text] = [await freePort(), await freePort(), await freePort()];
    const path = `${scratch()}/weir.sock`;
    const big = Buffer.alloc(4 << 20, "0123456789abcdef!");
    const { port: back, server } = await peer((socket) =>
      void socket.once("data", () => socket.end(big))
    );
    const conf = `stream {
      server { listen 127.0.0.1:${port}; listen unix:${path}; proxy_pass 127.0.0.1:${back}; }
      server { listen 127.0.0.1:${denied}; allow 10.0.0.0/8; deny all; proxy_pass 127.0.0.1:${back}; }
      server { listen 127.0.0.1:${text}; return "you are $remote_addr on $server_port\\n"; }
    }`;
    const weir = await start(subject, conf, { port });
    try {
      assert.ok(await ask(port, "x") === big.toString("latin1"), "4 MiB over TCP");
      assert.ok(await ask(path, "x") === big.toString("latin1"), "4 MiB over a unix socket");
      assert.equal(await ask(denied, "x"), "");
      assert.equal(await ask(text, ""), `you are 127.0.0.1 on ${text}\n`);
      assertQuiet(weir);
    } finally {
      server.close();
      assert.equal(await weir.stop(), 0);
    }
    assert.match(weir.output(), /access forbidden by rule/);
  });

  test(`faults on ${subject}: a reload changes peers, a broken one keeps the old`, async () => {
    const port = await freePort();
    const one = await peer(hello("one"));
    const two = await peer(hello("two"));
    const conf = (back: number) =>
      `stream { server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${back}; } }`;
    const path = `${scratch()}/x.conf`;
    writeFileSync(path, conf(one.port));
    const weir = await start(subject, `include ${path};`, { port });
    try {
      assert.equal(await ask(port, "x"), "one");
      const long = connect(port, "127.0.0.1");
      await once(long, "connect");
      writeFileSync(path, "stream { nonsense; }");
      weir.process.kill("SIGHUP");
      while (!weir.output().includes('unknown directive "nonsense"')) {
        await new Promise((done) => setTimeout(done, 20));
      }
      assert.equal(await ask(port, "x"), "one");
      writeFileSync(path, conf(two.port));
      weir.process.kill("SIGHUP");
      while (await ask(port, "x") !== "two") await new Promise((done) => setTimeout(done, 20));
      long.end("y");
      long.resume();
      await once(long, "close");
    } finally {
      one.server.close();
      two.server.close();
      assert.equal(await weir.stop(), 0);
    }
  });

  test(`faults on ${subject}: 300 clients that reset at once do no harm`, async () => {
    const port = await freePort();
    const { port: back, server } = await peer(hello("alive"));
    const conf = `stream { server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${back}; } }`;
    const weir = await start(subject, conf, { port });
    try {
      await Promise.all(Array.from({ length: 300 }, async () => {
        const socket = connect(port, "127.0.0.1");
        socket.on("error", () => {}); // it resets itself
        await once(socket, "connect");
        socket.resetAndDestroy();
      }));
      assert.equal(await ask(port, "x"), "alive");
      assertQuiet(weir);
    } finally {
      server.close();
      assert.equal(await weir.stop(), 0);
    }
  });

  test(`faults on ${subject}: wrong configurations are nginx's errors, exit 1`, async () => {
    const path = `${scratch()}/x.conf`;
    const rows: readonly (readonly [string, string])[] = [
      ["stream {\n  sever {}\n}", `unknown directive "sever" in ${path}:2`],
      ["listen 80;", `"listen" directive is not allowed here in ${path}:1`],
      [
        "stream { server { proxy_pass 127.0.0.1:1; } }",
        `no "listen" is defined for server in ${path}:1`,
      ],
      ["stream { upstream u { } }", `no servers are inside upstream in ${path}:1`],
      [
        "stream { server { listen 1; proxy_timeout x; } }",
        `"proxy_timeout" directive invalid value in ${path}:1`,
      ],
      ["stream { server { listen 1; proxy_pass u; } }", `no port in upstream "u" in ${path}:1`],
      ["stream { server { listen 1; return $nope; } }", 'unknown "nope" variable'],
    ];
    for (const [conf, message] of rows) {
      writeFileSync(path, conf);
      const { code, output } = await runToEnd(subject, ["-t", "-c", path]);
      assert.equal(
        output,
        `nginx: [emerg] ${message}\nnginx: configuration file ${path} test failed\n`,
      );
      assert.equal(code, 1);
    }
  });
}
