/** What every balancing method must do, whatever it prefers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SystemError } from "../../engine/lib/errno.ts";
import type { BoundMethod } from "../../engine/upstream/balancer.ts";
import { Selection } from "../../engine/upstream/upstream.ts";
import { clock, group, pick, runtime } from "../upstream/make.ts";

const PEER = fc.record({
  weight: fc.integer({ min: 1, max: 9 }),
  isDown: fc.boolean(),
  isFull: fc.boolean(),
  hasFailed: fc.boolean(),
  isBackup: fc.boolean(),
});

/** Peers in random states, at least one of them a primary. */
const PEERS = fc.array(PEER, { minLength: 1, maxLength: 8 })
  .filter((peers) => peers.some(({ isBackup }) => !isBackup));

type States = readonly {
  weight: number;
  isDown: boolean;
  isFull: boolean;
  hasFailed: boolean;
  isBackup: boolean;
}[];

function groupIn(make: () => BoundMethod, states: States) {
  const upstream = group(
    make(),
    states.map(({ weight, isDown, isFull, isBackup }) => ({
      weight,
      isDown,
      isBackup,
      maxConns: isFull ? 1 : 0,
    })),
  );
  const inFileOrder = [...upstream.peers].sort((a, b) => a.server < b.server ? -1 : 1);
  for (const [at, peer] of inFileOrder.entries()) {
    if (states[at]?.isFull === true) peer.taken(clock.time, 0);
    if (states[at]?.hasFailed === true) peer.failed(clock.time, new SystemError("ECONNREFUSED"));
  }
  return upstream;
}

/** `make` builds the method anew: a balancer's memory belongs to one group. */
export function balancerConformance(label: string, make: () => BoundMethod): void {
  test(`${label}: one session is given every eligible peer once and no other`, () => {
    fc.assert(fc.property(PEERS, fc.string(), (states, key) => {
      const upstream = groupIn(make, states);
      const primaries = upstream.primaries.peers.filter((peer) => peer.state(clock.time) === "up");
      const backups = (upstream.backups?.peers ?? [])
        .filter((peer) => peer.state(clock.time) === "up");
      const selection = new Selection(upstream, runtime, key);
      for (const expected of [primaries, backups]) {
        const given = expected.map(() => selection.next(clock.time));
        assert.deepEqual(new Set(given), new Set(expected));
      }
      assert.equal(selection.next(clock.time), undefined);
    }));
  });

  test(`${label}: many sessions are spread in proportion to the weights`, () => {
    const weights = [1, 2, 3, 6];
    const upstream = group(make(), weights.map((weight) => ({ weight })));
    const counts = weights.map(() => 0);
    const total = 12_000;
    for (let at = 0; at < total; at++) {
      const chosen = pick(upstream, `10.${at >> 8 & 255}.${at & 255}.7`) - 1;
      counts[chosen] = (counts[chosen] ?? 0) + 1;
    }
    for (const [at, weight] of weights.entries()) {
      const share = (counts[at] ?? 0) / total / (weight / 12);
      assert.ok(share > 0.7 && share < 1.3, `weight ${weight} got ${share} of its share`);
    }
  });

  test(`${label}: a peer that comes back is used again`, () => {
    const upstream = group(make(), [{ failTimeoutMs: 1000 }, { failTimeoutMs: 1000 }]);
    const peer = upstream.peers[0];
    peer?.failed(clock.time, new SystemError("ETIMEDOUT"));
    const seen = () => new Set(Array.from({ length: 64 }, (_, at) => pick(upstream, `key ${at}`)));
    assert.deepEqual(seen(), new Set([2]));
    clock.time += 1001;
    assert.ok(seen().has(1));
    clock.time += 1;
    peer?.succeeded();
    assert.deepEqual(seen(), new Set([1, 2]));
  });
}
