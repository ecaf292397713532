/** Reload, drain and stop, and the limits of a worker, on the memory runtime. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryRuntime } from "../../engine/runtime/memory.ts";
import { bytesOf, dial, text } from "../conformance/network.ts";
import { greeter, holder, lab } from "./lab.ts";

const to = (port: number, rest = "") =>
  `server { listen 80; ${rest} proxy_pass 127.0.0.1:${port}; }`;

test("a reload moves new clients and leaves old ones at their peer", async () => {
  const { runtime, enter, visit, reload } = await lab(to(1001));
  const held = await holder(runtime, 1001);
  await greeter(runtime, 1002);
  const old = await enter();
  await runtime.settle();
  assert.ok(await reload(to(1002)));
  assert.equal(await visit(), "1002");
  await held[0]?.write(bytesOf("still here"));
  assert.equal(text(await old.read()), "still here");
});

test("a wrong reload keeps the old configuration and says why", async () => {
  const { runtime, visit, reload, errors, engine } = await lab(to(1001));
  await greeter(runtime, 1001);
  assert.equal(await reload("server { listen 80; proxy_pass 127.0.0.1:1; nonsense; }"), false);
  assert.equal(await visit(), "1001");
  assert.match(errors().join("\n"), /\[emerg\].*unknown directive "nonsense" in \/weir\/x\.conf:2/);
  assert.equal(engine.status.snapshot().config.generation, 1);
});

test("a reload that asks for a taken port keeps what ran", async () => {
  const { runtime, visit, reload, errors } = await lab(to(1001));
  await greeter(runtime, 1001);
  await greeter(runtime, 1002);
  const reloading = reload(`${to(1001)} server { listen 127.0.0.1:1002; return x; }`);
  await runtime.advance(3000);
  assert.equal(await reloading, false);
  assert.equal(await visit(), "1001");
  const all = errors().join("\n");
  assert.match(all, /bind\(\) to 127\.0\.0\.1:1002 failed \(98: Address already in use\)/);
});

test("a listener that leaves the configuration closes, one that comes opens", async () => {
  const { runtime, visit, reload } = await lab(to(1001));
  await greeter(runtime, 1001);
  assert.ok(await reload("server { listen 81; proxy_pass 127.0.0.1:1001; }"));
  assert.equal(await visit(81), "1001");
  await assert.rejects(dial(runtime, { host: "127.0.0.1", port: 80 }));
});

test("totals never go back: a listener that leaves and returns keeps its counters", async () => {
  const { runtime, visit, reload, engine } = await lab(to(1001));
  await greeter(runtime, 1001);
  assert.equal(await visit(), "1001");
  const sent = () => engine.status.snapshot().connections.sent;
  assert.equal(sent(), 4);
  assert.ok(await reload("server { listen 81; return x; }"));
  assert.equal(sent(), 4);
  assert.equal(await visit(81), "x");
  assert.ok(await reload(to(1001)));
  assert.equal(await visit(), "1001");
  assert.equal(sent(), 9);
  assert.equal(engine.status.snapshot().server_zones[0]?.connections, 2);
});

test("peers keep their memory over a reload", async () => {
  const group = "upstream u { server 127.0.0.1:1001; server 127.0.0.1:1002; }";
  const server = "server { listen 80; proxy_pass u; }";
  const { runtime, visit, reload, engine } = await lab(group + server);
  await greeter(runtime, 1002);
  assert.equal(await visit(), "1002");
  assert.ok(await reload(group + server));
  const peer = engine.status.snapshot().upstreams[0]?.peers[0];
  assert.deepEqual([peer?.state, peer?.fails], ["unavail", 1]);
});

test("quit serves who is there, takes nobody new, and ends with the last", async () => {
  const { runtime, engine, enter } = await lab(to(1001));
  const held = await holder(runtime, 1001);
  const client = await enter();
  await runtime.settle();
  let isOver = false;
  const quitting = engine.quit().then(() => isOver = true);
  await runtime.settle();
  await assert.rejects(enter());
  await held[0]?.write(bytesOf("bye"));
  assert.equal(text(await client.read()), "bye");
  assert.equal(isOver, false);
  client.close();
  await quitting;
});

test("worker_shutdown_timeout ends who is left", async () => {
  const { runtime, engine, enter, reload } = await lab(to(1001));
  await holder(runtime, 1001);
  runtime.files.put("/weir/x.conf", `worker_shutdown_timeout 5s; stream { ${to(1001)} }`);
  assert.ok(await engine.reload());
  const client = await enter();
  await runtime.settle();
  const quitting = engine.quit();
  await runtime.advance(5000);
  await quitting;
  assert.equal(await client.read(), null);
  assert.equal(await reload(to(1001)), false);
});

test("worker_connections are a ceiling: the client over it is closed and counted", async () => {
  const runtime = new MemoryRuntime();
  const { enter, engine } = await lab(to(1001), runtime);
  runtime.files.put("/weir/x.conf", `events { worker_connections 4; } stream { ${to(1001)} }`);
  assert.ok(await engine.reload());
  await holder(runtime, 1001);
  const [first, second] = [await enter(), await enter()];
  await runtime.settle();
  const third = await enter();
  assert.equal(await third.read(), null);
  const [listener] = engine.status.snapshot().server_zones;
  assert.deepEqual([listener?.processing, listener?.discarded], [2, 1]);
  first.close();
  second.close();
  await runtime.settle();
  const after = engine.status.snapshot();
  assert.deepEqual([after.server_zones[0]?.processing, after.connections.active], [0, 0]);
  assert.equal(engine.status.connections(10).total, 0);
});

test("every gauge is back where it was after clients of all kinds", async () => {
  const { runtime, engine, visit, enter, accesses } = await lab(`
    upstream u { server 127.0.0.1:1001; server 127.0.0.1:1002 max_conns=2; }
    server { listen 80; proxy_connect_timeout 1s; proxy_pass u; }
    server { listen 81; deny all; proxy_pass u; }
    server { listen 82; return 'x'; }`);
  await greeter(runtime, 1002);
  const kinds = [() => visit(80), () => visit(81), () => visit(82), async () => {
    (await enter(80)).reset();
    return "";
  }];
  await Promise.all(Array.from({ length: 80 }, (_, each) => kinds[each % 4]?.()));
  await runtime.advance(2000);
  const { server_zones, upstreams, connections } = engine.status.snapshot();
  assert.deepEqual(server_zones.map(({ processing }) => processing), [0, 0, 0]);
  assert.deepEqual(upstreams.flatMap(({ peers }) => peers.map(({ active }) => active)), [0, 0]);
  assert.equal(connections.active, 0);
  assert.equal(accesses().length, 80);
});
