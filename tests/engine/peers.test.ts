/** How peers are chosen and given up, by nginx's rules and to the millisecond. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryRuntime } from "../../engine/runtime/memory.ts";
import { greeter, holder, lab } from "./lab.ts";

const at = (port: number) => ({ host: "127.0.0.1", port });
const GROUP = "upstream u { server 127.0.0.1:1001; server 127.0.0.1:1002; }";
const SERVER = "server { listen 80; proxy_pass u; }";

test("a silent peer is given up after proxy_connect_timeout and the next one answers", async () => {
  const { runtime, visit, accesses, errors, engine } = await lab(
    `proxy_connect_timeout 2s; ${GROUP} ${SERVER}`,
  );
  runtime.silence(at(1001));
  await greeter(runtime, 1002);
  const visiting = visit();
  await runtime.advance(1900);
  assert.equal(engine.status.snapshot().upstreams[0]?.peers[0]?.fails, 0);
  await runtime.advance(300);
  assert.equal(await visiting, "1002");
  await runtime.settle();
  assert.match(
    errors().join("\n"),
    /upstream timed out \(110: Connection timed out\) while connecting to upstream, client: 127\.0\.0\.1, server: 0\.0\.0\.0:80, upstream: "127\.0\.0\.1:1001"/,
  );
  assert.match(accesses()[0] ?? "", /^200 127\.0\.0\.1:1001, 127\.0\.0\.1:1002 -, 0\.000 2\.[01]/);
});

test("proxy_next_upstream off stays with the first peer", async () => {
  const { runtime, visit, accesses } = await lab(`proxy_next_upstream off; ${GROUP} ${SERVER}`);
  await greeter(runtime, 1002);
  assert.equal(await visit(), "");
  assert.match(accesses()[0] ?? "", /^502 127\.0\.0\.1:1001 /);
});

test("proxy_next_upstream_tries and _timeout limit the tries", async () => {
  const many = [1, 2, 3, 4].map((each) => `server 127.0.0.1:100${each};`).join("");
  const { runtime, visit, accesses } = await lab(`upstream u { ${many} }
    proxy_connect_timeout 3s;
    server { listen 80; proxy_next_upstream_tries 2; proxy_pass u; }
    server { listen 81; proxy_next_upstream_timeout 4s; proxy_pass u; }`);
  assert.equal(await visit(80), "");
  assert.match(accesses()[0] ?? "", /^502 127\.0\.0\.1:1001, 127\.0\.0\.1:1002 /);
  for (const each of [1001, 1002, 1003, 1004]) runtime.silence(at(each));
  await runtime.advance(11_000);
  const visiting = visit(81);
  await runtime.advance(7000);
  assert.equal(await visiting, "");
  assert.equal((accesses()[1] ?? "").match(/127\.0\.0\.1:100/g)?.length, 2);
});

test("max_fails in fail_timeout takes a peer out, one probe brings it back", async () => {
  const { runtime, visit, errors } = await lab(
    `upstream u { server 127.0.0.1:1001 max_fails=2 fail_timeout=5s; server 127.0.0.1:1002; }
     ${SERVER}`,
  );
  await greeter(runtime, 1002);
  for (let each = 0; each < 6; each++) assert.equal(await visit(), "1002");
  const refused = () => errors().filter((line) => line.includes("111: Connection refused")).length;
  assert.equal(refused(), 2);
  assert.ok(errors().some((line) => line.includes("upstream server temporarily disabled")));
  await greeter(runtime, 1001);
  await runtime.advance(4900);
  const before = [await visit(), await visit()];
  assert.deepEqual(before, ["1002", "1002"]);
  await runtime.advance(200);
  const after = [await visit(), await visit(), await visit(), await visit()];
  assert.ok(after.includes("1001"));
  assert.equal(refused(), 2);
});

test("backup peers serve while no primary can, down ones never", async () => {
  const { runtime, visit } = await lab(`upstream u { server 127.0.0.1:1001;
    server 127.0.0.1:1002 down; server 127.0.0.1:1003 backup; } ${SERVER}`);
  await greeter(runtime, 1002);
  await greeter(runtime, 1003);
  assert.equal(await visit(), "1003");
  await greeter(runtime, 1001);
  await runtime.advance(11_000);
  assert.deepEqual([await visit(), await visit()], ["1001", "1001"]);
});

test("max_conns holds: the client over it finds no live upstream, and a place frees it", async () => {
  const { runtime, enter, visit, accesses } = await lab(
    `upstream u { server 127.0.0.1:1001 max_conns=1; } ${SERVER}`,
  );
  const held = await holder(runtime, 1001);
  const client = await enter();
  await runtime.settle();
  assert.equal(held.length, 1);
  assert.equal(await visit(), "");
  assert.match(accesses()[0] ?? "", /^502 u /);
  client.close();
  await runtime.settle();
  void enter();
  await runtime.settle();
  assert.equal(held.length, 2);
});

test("proxy_timeout ends a session that moves nothing, and not one that moves something", async () => {
  const { runtime, enter, accesses, errors } = await lab(`proxy_timeout 3s; ${GROUP} ${SERVER}`);
  const held = await holder(runtime, 1001);
  const client = await enter();
  await runtime.settle();
  for (let each = 0; each < 5; each++) {
    await runtime.advance(2500);
    await held[0]?.write(new Uint8Array(1));
    await client.read();
  }
  assert.deepEqual(accesses(), []);
  await runtime.advance(3500);
  assert.equal(await client.read(), null);
  assert.match(accesses()[0] ?? "", /^200 127\.0\.0\.1:1001 0\.000 15\.|16\./);
  assert.ok(errors().some((line) => line.includes("timed out")), errors().join("\n"));
});

test("hash keeps a client at its peer, least_conn goes where fewest are", async () => {
  const { runtime, visit, enter } = await lab(`
    upstream h { hash $remote_addr consistent; server 127.0.0.1:1001; server 127.0.0.1:1002; }
    upstream l { least_conn; server 127.0.0.1:1003; server 127.0.0.1:1002; }
    server { listen 80; proxy_pass h; } server { listen 81; proxy_pass l; }`);
  await greeter(runtime, 1001);
  await greeter(runtime, 1002);
  const seen = new Set<string>();
  for (let each = 0; each < 20; each++) {
    const from = `10.0.0.${each}`;
    const answers = new Set([await visit(80, { from }), await visit(80, { from })]);
    assert.equal(answers.size, 1);
    for (const answer of answers) seen.add(answer);
  }
  assert.equal(seen.size, 2);
  await holder(runtime, 1003);
  await enter(81);
  await runtime.settle();
  assert.deepEqual([await visit(81), await visit(81), await visit(81)], ["1002", "1002", "1002"]);
});

test("the same seed gives the same picks", async () => {
  const picks = async (seed: number) => {
    const { runtime, visit } = await lab(`${GROUP} ${SERVER}`, new MemoryRuntime({ seed }));
    await greeter(runtime, 1001);
    await greeter(runtime, 1002);
    return [await visit(), await visit(), await visit()].join();
  };
  assert.equal(await picks(5), await picks(5));
});
