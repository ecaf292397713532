import assert from "node:assert/strict";
import { test } from "node:test";
import type { Signal } from "../../engine/runtime/runtime.ts";
import { CYCLE, Scene } from "./fake_engine.ts";
import { settle } from "./fake_host.ts";

/** A program that runs; `code` settles with its exit code. */
async function running(...args: string[]): Promise<{ scene: Scene; code: Promise<number> }> {
  const scene = new Scene();
  const code = scene.run(...args);
  await settle();
  scene.engine.lines.length = 0;
  scene.engine.calls.length = 0;
  return { scene, code };
}

for (const [signal, number] of [["SIGTERM", 15], ["SIGINT", 2]] as const) {
  test(`${signal} stops at once and exits 0`, async () => {
    const { scene, code } = await running();
    scene.signal(signal);
    assert.equal(await code, 0);
    assert.deepEqual(scene.engine.calls, ["stop"]);
    assert.deepEqual(scene.engine.lines, [
      `notice: signal ${number} (${signal}) received, exiting`,
      "notice: exiting",
      "notice: exit",
    ]);
  });
}

test("SIGTERM ends the process even when the engine does not stop", async () => {
  const { scene, code } = await running();
  scene.engine.stop = () => new Promise(() => {});
  scene.signal("SIGTERM");
  await settle();
  scene.runtime.clock.advance(2000);
  assert.equal(await code, 0);
});

test("SIGQUIT waits for the last session", async () => {
  const { scene, code } = await running();
  scene.signal("SIGQUIT");
  await settle();
  assert.deepEqual(scene.engine.lines, [
    "notice: signal 3 (SIGQUIT) received, shutting down",
    "notice: gracefully shutting down",
  ]);
  assert.equal(scene.runtime.files.exists("/w/weir.pid"), true);
  scene.engine.pending.shift()?.();
  assert.equal(await code, 0);
  assert.deepEqual(scene.engine.calls, ["quit"]);
  assert.equal(scene.runtime.files.exists("/w/weir.pid"), false);
});

for (const second of ["SIGQUIT", "SIGTERM", "SIGINT"] as const) {
  test(`${second} during a graceful end stops at once`, async () => {
    const { scene, code } = await running();
    scene.signal("SIGQUIT");
    await settle();
    scene.signal(second);
    assert.equal(await code, 0);
    assert.deepEqual(scene.engine.calls, ["quit", "stop"]);
  });
}

test("SIGTERM twice stops once", async () => {
  const { scene, code } = await running();
  scene.signal("SIGTERM");
  scene.signal("SIGTERM");
  assert.equal(await code, 0);
  assert.deepEqual(scene.engine.calls, ["stop"]);
});

test("SIGTERM during the start ends it", async () => {
  const scene = new Scene();
  scene.engine.start = () => new Promise(() => {});
  const code = scene.run();
  await settle();
  scene.signal("SIGTERM");
  assert.equal(await code, 0);
  assert.equal(scene.runtime.files.exists("/w/weir.pid"), false);
});

test("a quit that fails is logged and exits 1", async () => {
  const { scene, code } = await running();
  scene.engine.quit = () => Promise.reject(new Error("a bug"));
  scene.signal("SIGQUIT");
  assert.equal(await code, 1);
  assert.ok(scene.engine.lines.some((line) => line.startsWith("alert: Error: a bug")));
});

async function stop(scene: Scene, code: Promise<number>): Promise<void> {
  scene.signal("SIGTERM");
  assert.equal(await code, 0);
}

test("SIGHUP reloads; the pid file stays when its path does", async () => {
  const { scene, code } = await running();
  scene.engine.next = CYCLE;
  scene.signal("SIGHUP");
  scene.engine.pending.shift()?.();
  await settle();
  assert.deepEqual(scene.engine.lines, [
    "notice: signal 1 (SIGHUP) received, reconfiguring",
    "notice: reconfiguring",
  ]);
  assert.equal(scene.runtime.files.texts.get("/w/weir.pid"), "4242\n");
  await stop(scene, code);
});

test("SIGHUP moves the pid file when `pid` changed", async () => {
  const { scene, code } = await running();
  scene.engine.next = { ...CYCLE, main: { pidFile: "/w/other.pid" } };
  scene.signal("SIGHUP");
  scene.engine.pending.shift()?.();
  await settle();
  assert.equal(scene.runtime.files.exists("/w/weir.pid"), false);
  assert.equal(scene.runtime.files.texts.get("/w/other.pid"), "4242\n");
  await stop(scene, code);
  assert.equal(scene.runtime.files.exists("/w/other.pid"), false);
});

test("SIGHUP keeps the old pid file when the new one cannot be written", async () => {
  const { scene, code } = await running();
  scene.runtime.files.failures.set("/n/x.pid", "ENOENT");
  scene.engine.next = { ...CYCLE, main: { pidFile: "/n/x.pid" } };
  scene.signal("SIGHUP");
  scene.engine.pending.shift()?.();
  await settle();
  const line = 'emerg: open() "/n/x.pid" failed (2: No such file or directory)';
  assert.equal(scene.engine.lines.at(-1), line);
  assert.equal(scene.runtime.files.texts.get("/w/weir.pid"), "4242\n");
  await stop(scene, code);
});

test("SIGHUP that is refused changes nothing", async () => {
  const { scene, code } = await running();
  scene.signal("SIGHUP");
  scene.engine.pending.shift()?.();
  await settle();
  assert.equal(scene.runtime.files.texts.get("/w/weir.pid"), "4242\n");
  assert.deepEqual(scene.engine.calls, ["reload"]);
  await stop(scene, code);
});

test("SIGHUPs during a reload make one more", async () => {
  const { scene, code } = await running();
  scene.signal("SIGHUP");
  scene.signal("SIGHUP");
  scene.signal("SIGHUP");
  assert.deepEqual(scene.engine.calls, ["reload"]);
  scene.engine.pending.shift()?.();
  await settle();
  assert.deepEqual(scene.engine.calls, ["reload", "reload"]);
  scene.engine.pending.shift()?.();
  await settle();
  assert.deepEqual(scene.engine.calls, ["reload", "reload"]);
  await stop(scene, code);
});

test("SIGHUP works again after a reload that threw", async () => {
  const { scene, code } = await running();
  const { reload } = scene.engine;
  scene.engine.reload = () => Promise.reject(new Error("a bug"));
  scene.signal("SIGHUP");
  await settle();
  scene.engine.reload = reload;
  scene.signal("SIGHUP");
  assert.deepEqual(scene.engine.calls, ["reload"]);
  await stop(scene, code);
});

test("SIGHUP during a graceful end does nothing but a line", async () => {
  const { scene, code } = await running();
  scene.signal("SIGQUIT");
  scene.signal("SIGHUP");
  assert.deepEqual(scene.engine.calls, ["quit"]);
  assert.match(scene.engine.lines.at(-1) ?? "", /signal 1 \(SIGHUP\) received, nothing is done/);
  await stop(scene, code);
});

test("SIGHUP with --demo starts servers for new peers", async () => {
  const { scene, code } = await running("--demo");
  const peers = [{ address: { path: "/tmp/new" } }];
  scene.engine.next = { ...CYCLE, upstreams: [{ peers }] };
  scene.signal("SIGHUP");
  scene.engine.pending.shift()?.();
  await settle();
  assert.deepEqual(scene.engine.calls, ["reload", "demo unix:/tmp/new"]);
  await stop(scene, code);
});

test("SIGUSR1 reopens the logs", async () => {
  const { scene, code } = await running();
  scene.signal("SIGUSR1");
  assert.deepEqual(scene.engine.calls, ["reopen"]);
  assert.deepEqual(scene.engine.lines, [
    "notice: signal 10 (SIGUSR1) received, reopening logs",
    "notice: reopening logs",
  ]);
  await stop(scene, code);
});

const INSTEAD: readonly (readonly [Signal, RegExp])[] = [
  ["SIGUSR2", /^notice: signal 12 \(SIGUSR2\) received, nothing is done: start the new program/],
  ["SIGWINCH", /^notice: signal 28 \(SIGWINCH\) received, nothing is done: send QUIT/],
];

for (const [signal, line] of INSTEAD) {
  test(`${signal} says what to do instead`, async () => {
    const { scene, code } = await running();
    scene.signal(signal);
    assert.deepEqual(scene.engine.calls, []);
    assert.match(scene.engine.lines.at(-1) ?? "", line);
    await stop(scene, code);
  });
}

test("SIGWINCH of a terminal's window is not listened to", async () => {
  const scene = new Scene();
  scene.runtime.terminals.add("stdin");
  await scene.runAndStop();
  assert.equal(scene.runtime.signals.has("SIGWINCH"), false);
});
