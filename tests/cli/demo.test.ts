import assert from "node:assert/strict";
import { test } from "node:test";
import { type DemoPlan, DemoServers } from "../../engine/cli/demo.ts";
import { type Address, formatAddress } from "../../engine/lib/address.ts";
import { fromBytes, toBytes } from "../../engine/lib/bytes.ts";
import type { Connection } from "../../engine/runtime/runtime.ts";
import { FakeRuntime, settle } from "./fake_host.ts";

const tcp = (port: number, host = "127.0.0.1"): Address => ({ host, port });

function plan(peers: readonly Address[], sockets: readonly Address[] = []): DemoPlan {
  return {
    sockets: sockets.map((address) => ({ address })),
    upstreams: [{ peers: peers.map((address) => ({ address })) }],
  };
}

function servers(runtime: FakeRuntime): { demo: DemoServers; lines: string[] } {
  const lines: string[] = [];
  return { demo: new DemoServers(runtime, (line) => lines.push(line)), lines };
}

async function connected(address: Address): Promise<{ runtime: FakeRuntime; client: Connection }> {
  const runtime = new FakeRuntime();
  await servers(runtime).demo.serve(plan([address]));
  const client = await new Promise<Connection>((connected, refused) => {
    runtime.connect(address, {}, { connected, refused });
  });
  return { runtime, client };
}

/** Peers, own sockets, and the servers that are started. */
const PLANS: readonly (readonly [string, readonly Address[], readonly Address[], string[]])[] = [
  ["each local peer", [tcp(1), tcp(2, "127.9.9.9"), tcp(3, "::1"), { path: "/s" }], [], [
    "127.0.0.1:1",
    "127.9.9.9:2",
    "[::1]:3",
    "unix:/s",
  ]],
  ["a peer of two groups once", [tcp(1), tcp(1)], [], ["127.0.0.1:1"]],
  ["no peer elsewhere", [tcp(1, "10.0.0.1"), tcp(1, "2001:db8::1")], [], []],
  ["no address of the proxy itself", [tcp(1), tcp(2)], [tcp(1)], ["127.0.0.1:2"]],
  ["no port of a wildcard", [tcp(1), tcp(1, "::1")], [tcp(1, "0.0.0.0")], ["[::1]:1"]],
];

for (const [title, peers, sockets, expected] of PLANS) {
  test(`DemoServers serves ${title}`, async () => {
    const runtime = new FakeRuntime();
    const { demo, lines } = servers(runtime);
    assert.deepEqual(await demo.serve(plan(peers, sockets)), expected);
    assert.deepEqual(lines, expected.map((name) => `demo server on ${name}`));
    assert.deepEqual([...runtime.listeners.keys()], expected);
  });
}

test("DemoServers leaves a peer alone where somebody listens", async () => {
  const runtime = new FakeRuntime();
  const options = { backlog: 1, ipv6Only: true, accept: () => {}, failed: () => {} };
  runtime.listeners.set("127.0.0.1:1", options);
  assert.deepEqual(await servers(runtime).demo.serve(plan([tcp(1)])), []);
  assert.equal(runtime.listeners.get("127.0.0.1:1"), options);
  assert.equal(runtime.clock.pending, 0);
});

test("DemoServers starts at most 64", async () => {
  const runtime = new FakeRuntime();
  const peers = Array.from({ length: 70 }, (_, at) => tcp(at + 1));
  assert.equal((await servers(runtime).demo.serve(plan(peers))).length, 64);
});

test("DemoServers starts only what is new the second time, and closes all", async () => {
  const runtime = new FakeRuntime();
  const { demo } = servers(runtime);
  await demo.serve(plan([tcp(1)]));
  assert.deepEqual(await demo.serve(plan([tcp(1), tcp(2)])), ["127.0.0.1:2"]);
  await demo.close();
  assert.equal(runtime.listeners.size, 0);
});

for (const address of [tcp(12345), tcp(7, "::1"), { path: "/tmp/s" }]) {
  test(`DemoServers answers the first bytes with ${formatAddress(address)}`, async () => {
    const { runtime, client } = await connected(address);
    await settle();
    await client.write(toBytes("hello srv\n"));
    const answer = await client.read();
    assert.equal(fromBytes(answer ?? toBytes("")), `hello from ${formatAddress(address)}\n`);
    assert.equal(await client.read(), null);
    assert.equal(runtime.accepted[0]?.isClosed, false);
    await client.closeWrite();
    await settle();
    assert.equal(runtime.accepted[0]?.isClosed, true);
    assert.equal(runtime.clock.pending, 0);
  });
}

test("DemoServers answers a client that only finishes sending", async () => {
  const { runtime, client } = await connected(tcp(1));
  await client.closeWrite();
  assert.equal(fromBytes(await client.read() ?? toBytes("")), "hello from 127.0.0.1:1\n");
  assert.equal(await client.read(), null);
  await settle();
  assert.equal(runtime.accepted[0]?.isClosed, true);
});

test("DemoServers lets a silent client go after a minute", async () => {
  const { runtime } = await connected(tcp(1));
  runtime.clock.advance(59_999);
  assert.equal(runtime.accepted[0]?.isClosed, false);
  runtime.clock.advance(1);
  assert.equal(runtime.accepted[0]?.isClosed, true);
});

test("DemoServers holds 1024 clients and closes the next at once", async () => {
  const { runtime } = await connected(tcp(1));
  for (let made = 1; made < 1025; made++) {
    runtime.connect(tcp(1), {}, { connected() {}, refused() {} });
  }
  assert.equal(runtime.accepted[1023]?.isClosed, false);
  assert.equal(runtime.accepted[1024]?.isClosed, true);
});
