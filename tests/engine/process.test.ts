/** What a configuration does to its process: user, priority, limits, and what it only says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Engine } from "../../engine/engine.ts";
import { MemoryRuntime } from "../../engine/runtime/memory.ts";

const PATH = "/weir/x.conf";
const ACCOUNTS = {
  "/etc/passwd": "root:x:0:0::/:\nnobody:x:65534:65534::/:\n",
  "/etc/group": "nobody:x:65533:\nnogroup:x:65534:\n",
};

async function start(text: string, runtime = new MemoryRuntime({ files: ACCOUNTS })) {
  runtime.files.put(PATH, text);
  const options = { path: PATH, prefix: "/weir/", globals: "", demo: false };
  const engine = new Engine(runtime, options, "test");
  const loaded = await engine.load();
  assert.deepEqual(loaded.errors, []);
  assert.ok(loaded.cycle);
  assert.deepEqual(await engine.start(loaded.cycle), []);
  assert.equal(engine.settle(loaded.cycle), undefined);
  return { runtime, engine, ...loaded };
}

test("user and worker_priority take effect once the sockets are bound; logs are given away", async () => {
  const { runtime } = await start(`user nobody nogroup; worker_priority -5; error_log /log/e;
    stream { log_format f x; access_log /log/a f; server { listen 80; return x; } }`);
  assert.deepEqual(runtime.host.user, { name: "nobody", uid: 65_534, gid: 65_534 });
  assert.equal(runtime.host.nice, -5);
  assert.deepEqual([...runtime.files.owners], [["/log/e", 65_534], ["/log/a", 65_534]]);
});

test("a user without a group is of the group of its name", async () => {
  const { runtime } = await start("user nobody; stream {}");
  assert.equal(runtime.host.user.gid, 65_533);
});

test("who is not privileged is warned that user does nothing", async () => {
  const runtime = new MemoryRuntime({ files: ACCOUNTS });
  runtime.host.user = { name: "joe", uid: 1000, gid: 1000 };
  const { warnings } = await start("user nobody; stream {}", runtime);
  assert.match(
    String(warnings[0]),
    /the "user" directive makes sense only if .*, ignored in .*:1$/,
  );
  assert.equal(runtime.host.user.uid, 1000);
});

test("directives without an effect are named in one notice, with why", async () => {
  const { notices } = await start(
    "events { multi_accept on; epoll_events 5; } lock_file x; env A; env B; stream {}",
  );
  const about = notices.filter((notice) => notice.includes("no effect"));
  assert.deepEqual(about, [
    'these directives have no effect: "multi_accept", "epoll_events" (the runtime decides); ' +
    '"lock_file", "env" (there is one process)',
  ]);
});

test("worker_rlimit_nofile above the limit in force is warned of", async () => {
  const { warnings } = await start("worker_rlimit_nofile 4096; stream {}");
  assert.deepEqual(warnings.map(String), [
    "worker_rlimit_nofile 4096 exceeds the limit in force: 1024 is used",
  ]);
  assert.deepEqual((await start("worker_rlimit_nofile 512; stream {}")).warnings, []);
});
