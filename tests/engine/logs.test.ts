/** Where access logs go: buffers, compression, paths with variables, syslog. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SystemError } from "../../engine/lib/errno.ts";
import { MemoryRuntime } from "../../engine/runtime/memory.ts";
import type { AppendFile } from "../../engine/runtime/runtime.ts";
import { text } from "../conformance/network.ts";
import { lab } from "./lab.ts";

const FORMAT = "log_format port $server_port;";
const linesOf = (runtime: MemoryRuntime, path: string) =>
  runtime.files.exists(path) ? runtime.files.text(path) : undefined;

test("a buffered log is written when it is full, after its time, and when logs are reopened", async () => {
  const { runtime, engine, visit } = await lab(`${FORMAT}
    server { listen 80; access_log /log/full port buffer=7; return x; }
    server { listen 81; access_log /log/timed port buffer=1k flush=5s; return x; }`);
  for (let visits = 0; visits < 3; visits++) await visit(80);
  assert.equal(linesOf(runtime, "/log/full"), "80\n80\n");
  await visit(81);
  await runtime.advance(4000);
  await visit(81);
  assert.equal(linesOf(runtime, "/log/timed"), "");
  await runtime.advance(1000);
  assert.equal(linesOf(runtime, "/log/timed"), "81\n81\n");
  await visit(81);
  engine.reopen();
  assert.equal(linesOf(runtime, "/log/timed"), "81\n81\n81\n");
  assert.equal(linesOf(runtime, "/log/full"), "80\n80\n80\n");
});

test("what a buffer holds is written at the end and after a reload; each flush is a gzip member", async () => {
  const conf = `${FORMAT} server { listen 80; access_log /log/x port gzip=3; return x; }`;
  const { runtime, engine, visit, reload } = await lab(conf);
  await visit(80);
  assert.equal(await reload(conf), true);
  await runtime.settle();
  assert.deepEqual([...runtime.files.read("/log/x")], [0x1f, 3, 56, 48, 10]);
  await visit(80);
  await engine.stop();
  assert.equal(runtime.files.read("/log/x").length, 10);
});

test("a log with variables in its path goes to as many files, cached or not", async () => {
  for (const cache of ["", "open_log_file_cache max=1;"]) {
    const { runtime, visit } = await lab(
      `${FORMAT} ${cache} map $server_port $name { 82 "../up"; default "p$server_port"; }
      access_log /log/$name.log port; server { listen 80; return x; } server { listen 81; return x; }
      server { listen 82; return x; }`,
    );
    for (const port of [80, 81, 80, 82]) await visit(port);
    assert.equal(linesOf(runtime, "/log/p80.log"), "80\n80\n");
    assert.equal(linesOf(runtime, "/log/p81.log"), "81\n");
    // Nobody climbs out of the folder by what a client sent.
    assert.equal(linesOf(runtime, "/log/../up.log"), undefined);
    assert.match(runtime.host.output, /write\(\) to "\/log\/\.\.\/up\.log" failed \(13: /);
  }
});

test("lines go to syslog with facility, severity, host and tag; errors with their own level", async () => {
  const { runtime, visit } = await lab(`${FORMAT}
    access_log syslog:server=127.0.0.1,tag=weir,facility=local0,severity=notice port;
    error_log syslog:server=127.0.0.1:5514,nohostname info;
    server { listen 80; deny all; return x; }`);
  await visit(80);
  const sent = (port: number) => (runtime.datagrams.get(`127.0.0.1:${port}`) ?? []).map(text);
  assert.match(sent(514)[0] ?? "", /^<133>Nov 23 \d\d:00:01 memory weir: 80$/);
  assert.match(sent(5514)[0] ?? "", /^<190>Nov 23 \d\d:00:01 nginx: 2026.* \[info\] .* client /);
  assert.match(sent(5514)[1] ?? "", /^<187>.* \[error\] .* access forbidden by rule/);
});

test("a condition decides which sessions are logged", async () => {
  const { runtime, visit } = await lab(
    `${FORMAT} map $server_port $wanted { 80 1; 81 0; default ""; }
    access_log /log/x port if=$wanted;
    server { listen 80; return x; } server { listen 81; return x; } server { listen 82; return x; }`,
  );
  for (const port of [80, 81, 82]) await visit(port);
  assert.equal(linesOf(runtime, "/log/x"), "80\n");
});

test("a disk that is full costs lines, is told once a minute, and nothing else", async () => {
  const runtime = new MemoryRuntime();
  const append = runtime.files.append.bind(runtime.files);
  runtime.files.append = (path): AppendFile => ({
    ...append(path),
    write: (bytes) => path === "/log/x" ? new SystemError("ENOSPC") : append(path).write(bytes),
  });
  const { visit, engine } = await lab(
    `${FORMAT} server { listen 80; access_log /log/x port; return x; }`,
    runtime,
  );
  for (let visits = 0; visits < 5; visits++) assert.equal(await visit(80), "x");
  assert.equal(engine.status.snapshot().logDropped, 5);
  const told = () => runtime.host.output.match(/write\(\) to "\/log\/x" failed/g)?.length;
  assert.equal(told(), 1);
  await runtime.advance(61_000);
  await visit(80);
  assert.equal(told(), 2);
});
