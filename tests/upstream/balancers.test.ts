/** The methods against picks that were recorded from a running nginx. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "valibot";
import { parseValue } from "../../engine/config/value.ts";
import { SystemError } from "../../engine/lib/errno.ts";
import { hash } from "../../engine/upstream/balancers/hash.ts";
import { BALANCERS } from "../../engine/upstream/balancers/index.ts";
import { leastConn } from "../../engine/upstream/balancers/least_conn.ts";
import { roundRobin } from "../../engine/upstream/balancers/round_robin.ts";
import { Selection } from "../../engine/upstream/upstream.ts";
import { balancerConformance } from "../conformance/balancer.ts";
import { bind, clock, group, pick, runtime } from "./make.ts";

/** Every method of the language with the words of an example; a new one adds its row. */
const EXAMPLES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  hash: [["$k"], ["$k", "consistent"]],
  least_conn: [[]],
};

balancerConformance("round robin", () => roundRobin);
for (const method of BALANCERS) {
  const examples = EXAMPLES[method.directive];
  assert.ok(examples, `no example for ${method.directive}`);
  for (const words of examples) {
    const make = () => bind(method, parse(method.args, [...words]));
    balancerConformance([method.directive, ...words].join(" "), make);
  }
}

test("round robin over weights 5, 1, 1 gives a a b a c a a", () => {
  const upstream = group(roundRobin, [{ weight: 5 }, {}, {}]);
  const picks = Array.from({ length: 14 }, () => pick(upstream)).join("");
  assert.equal(picks, "11213111121311");
});

const HASH_VECTORS: readonly (readonly [string, readonly number[], number, number])[] = [
  ["10.0.0.1", [1, 1, 1], 2, 1],
  ["10.0.0.2", [1, 1, 1], 2, 3],
  ["10.0.0.3", [1, 1, 1], 1, 1],
  ["10.0.0.4", [1, 1, 1], 1, 1],
  ["10.0.0.5", [1, 1, 1], 1, 2],
  ["10.0.0.7", [1, 1, 1], 3, 1],
  ["10.0.0.9", [1, 1, 1], 3, 3],
  ["10.0.0.12", [1, 1, 1], 1, 2],
  ["10.0.0.1", [2, 1, 3], 3, 3],
  ["10.0.0.2", [2, 1, 3], 1, 3],
  ["10.0.0.4", [2, 1, 3], 1, 1],
  ["10.0.0.7", [2, 1, 3], 3, 1],
  ["10.0.0.12", [2, 1, 3], 3, 2],
];

for (const [key, weights, plain, consistent] of HASH_VECTORS) {
  test(`hash of ${key} over weights ${weights} picks nginx's peers ${plain} and ${consistent}`, () => {
    const peers = weights.map((weight) => ({ weight }));
    assert.equal(pick(group(bind(hash, [parseValue("$k"), undefined]), peers), key), plain);
    assert.equal(pick(group(bind(hash, [parseValue("$k"), "consistent"]), peers), key), consistent);
  });
}

test("hash with an empty key falls back to round robin", () => {
  const upstream = group(bind(hash, [parseValue("$k"), undefined]), [{}, {}]);
  assert.equal([pick(upstream), pick(upstream), pick(upstream)].join(""), "121");
});

test("consistent hash moves only the keys of a peer that is taken out", () => {
  const method = () => bind(hash, [parseValue("$k"), "consistent"]);
  const all = group(method(), [{}, {}, {}]);
  const fewer = group(method(), [{}, { isDown: true }, {}]);
  for (let key = 0; key < 300; key++) {
    const before = pick(all, `key${key}`);
    const after = pick(fewer, `key${key}`);
    if (before === 2) assert.notEqual(after, 2);
    else assert.equal(after, before);
  }
});

test("least_conn picks the fewest sessions for the weight, ties by round robin", () => {
  const upstream = group(bind(leastConn, undefined), [{ weight: 2 }, {}]);
  const held = () => {
    const peer = new Selection(upstream, runtime, "").next(clock.time);
    return upstream.peers.findIndex((each) => each === peer) + 1;
  };
  assert.equal([held(), held(), held(), held(), held(), held()].join(""), "121211");
});

test("max_fails takes a peer out; after fail_timeout one session probes it", () => {
  const upstream = group(roundRobin, [{ failTimeoutMs: 1000 }, { failTimeoutMs: 1000 }]);
  const [first] = upstream.peers;
  assert.ok(first?.failed(clock.time, new SystemError("ECONNREFUSED")));
  assert.equal([pick(upstream), pick(upstream), pick(upstream)].join(""), "222");
  clock.time += 1001;
  const seen = new Set([pick(upstream), pick(upstream), pick(upstream)]);
  assert.ok(seen.has(1));
  assert.equal(first?.state(clock.time), "unavail");
  first?.succeeded();
  assert.equal(first?.state(clock.time), "up");
});

test("a lone peer is never taken out for failures", () => {
  const upstream = group(roundRobin, [{}]);
  upstream.peers[0]?.failed(clock.time, new SystemError("ECONNREFUSED"));
  assert.equal(pick(upstream), 1);
});

test("backups are used when no primary is eligible, and only then", () => {
  const upstream = group(roundRobin, [{ maxConns: 1 }, { isBackup: true }]);
  const first = new Selection(upstream, runtime, "");
  assert.equal(first.next(clock.time), upstream.peers[0]);
  assert.equal(pick(upstream), 2);
  upstream.peers[0]?.released();
  assert.equal(pick(upstream), 1);
});

test("one session never gets a peer twice", () => {
  const upstream = group(roundRobin, [{}, {}, {}]);
  const selection = new Selection(upstream, runtime, "");
  assert.equal(selection.triesLeft, 3);
  const peers = [
    selection.next(clock.time),
    selection.next(clock.time),
    selection.next(clock.time),
    selection.next(clock.time),
  ];
  assert.equal(new Set(peers).size, 4);
  assert.equal(peers[3], undefined);
  assert.equal(upstream.memory.noLivePeers, 1);
});
