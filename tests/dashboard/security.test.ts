/** What guards the dashboard: hosts, methods, token, headers; and that its data is what the engine says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createDashboard } from "../../dashboard/dashboard.ts";
import type { Snapshot, StatusSource } from "../../engine/status/snapshot.ts";

const snapshot: Snapshot = {
  version: "1",
  runtime: { name: "node", version: "1" },
  at: 1,
  monotonicMs: 1,
  process: {
    pid: 1,
    startedAt: 1,
    residentBytes: 1,
    descriptorLimit: 1,
    sessionCeiling: 1,
    ceilingFrom: "descriptors",
  },
  config: {
    file: "f",
    generation: 3,
    loadedAt: 1,
    reloads: { succeeded: 2, failed: 1 },
    lastError: null,
  },
  connections: {
    active: 0,
    highWater: 0,
    accepted: 0,
    dropped: 0,
    failed: 0,
    received: 0,
    sent: 0,
  },
  logDropped: 0,
  server_zones: [],
  upstreams: [],
};
const source: StatusSource = {
  snapshot: () => snapshot,
  connections: () => ({ total: 0, items: [] }),
  events: () => [],
  subscribe: () => () => {},
  notReady: () => ["draining"],
};
const dashboard = createDashboard(source, {
  token: "secret",
  hosts: () => ["127.0.0.1:7070", "localhost:7070"],
  unix: false,
  now: () => 0,
  after: () => ({ stop() {} }),
});

function ask(path: string, { host = "127.0.0.1:7070", token = "", method = "GET" } = {}) {
  const headers = { host, ...token === "" ? {} : { authorization: `Bearer ${token}` } };
  return dashboard.fetch(new Request(`http://x${path}`, { method, headers }));
}

for (
  const host of [
    "evil.example",
    "127.0.0.1",
    "127.0.0.1:70700",
    "localhost.:7070",
    "127.0.0.1:7070.evil",
  ]
) {
  for (const path of ["/", "/healthz", "/assets/app.js", "/api/v1/status", "/nothing"]) {
    test(`host ${host} is refused on ${path}`, async () => {
      assert.equal((await ask(path, { host, token: "secret" })).status, 421);
    });
  }
}

for (
  const path of [
    "/api/v1/status",
    "/api/v1/connections",
    "/api/v1/events",
    "/api/v1/stream",
    "/metrics",
  ]
) {
  test(`${path} needs the token`, async () => {
    assert.equal((await ask(path)).status, 401);
    assert.equal((await ask(path, { token: "wrong" })).status, 401);
    const answer = await ask(path, { token: "secret" });
    assert.equal(answer.status, 200);
    await answer.body?.cancel();
  });
}

for (
  const [path, status] of [["/", 200], ["/assets/app.css", 200], ["/healthz", 200], [
    "/readyz",
    503,
  ], ["/no", 404]] as const
) {
  test(`${path} needs no token, answers ${status} and carries the headers`, async () => {
    const answer = await ask(path);
    assert.equal(answer.status, status);
    assert.match(answer.headers.get("content-security-policy") ?? "", /^default-src 'none'/);
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    assert.equal(answer.headers.get("access-control-allow-origin"), null);
  });
}

for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
  test(`${method} changes nothing`, async () => {
    assert.equal((await ask("/api/v1/status", { method, token: "secret" })).status, 405);
  });
}

test("metrics and status say what the snapshot says", async () => {
  const metrics = await (await ask("/metrics", { token: "secret" })).text();
  assert.match(metrics, /^weir_config_generation 3$/m);
  assert.match(metrics, /^weir_config_reloads_total\{result="failure"\} 1$/m);
  assert.deepEqual(await (await ask("/api/v1/status", { token: "secret" })).json(), snapshot);
});

test("wrong tokens are turned away after ten in a minute, the right one never is", async () => {
  let now = 1_000_000;
  const guarded = createDashboard(source, {
    token: "secret",
    hosts: () => ["127.0.0.1:7070"],
    unix: false,
    now: () => now,
    after: () => ({ stop() {} }),
  });
  const statusOf = async (token: string) => {
    const headers = { host: "127.0.0.1:7070", authorization: `Bearer ${token}` };
    return (await guarded.fetch(new Request("http://x/api/v1/status", { headers }))).status;
  };
  for (let each = 0; each < 10; each++) assert.equal(await statusOf("wrong"), 401);
  assert.deepEqual([await statusOf("wrong"), await statusOf("secret")], [429, 200]);
  now += 61_000;
  assert.equal(await statusOf("wrong"), 401);
});
