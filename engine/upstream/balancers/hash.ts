/** Picks by a hash of a key, nginx's way; `consistent` is ketama's ring. */
import { complexValue, oneThen } from "../../config/args.ts";
import { crc32, CRC32_START, crc32End, crc32Step, crc32StepUint32 } from "../../lib/crc32.ts";
import { type Balancer, type Candidates, defineBalancer } from "../balancer.ts";
import type { Peer } from "../peer.ts";

/** After this many misses round robin decides. */
const MAX_STEPS = 20;
const POINTS_PER_WEIGHT = 160;

function falls(candidates: Candidates): boolean {
  return candidates.steps > MAX_STEPS || candidates.peers.length < 2 || candidates.key === "";
}

/** The peer whose slice of the weights holds `slot`; down peers keep theirs. */
function atSlot(peers: readonly Peer[], slot: number): Peer | undefined {
  let left = slot;
  for (const peer of peers) {
    left -= peer.parameters.weight;
    if (left < 0) return peer;
  }
  return undefined;
}

function plainHash(peers: readonly Peer[]): Balancer {
  const total = peers.reduce((sum, peer) => sum + peer.parameters.weight, 0);
  return {
    pick(candidates) {
      while (!falls(candidates)) {
        const { steps } = candidates;
        const text = steps === 0 ? candidates.key : `${steps}${candidates.key}`;
        candidates.cursor += (crc32(text) >>> 16) & 0x7fff;
        candidates.steps += 1;
        const peer = atSlot(peers, candidates.cursor % total);
        if (peer !== undefined && candidates.isEligible(peer)) return peer;
      }
      return candidates.roundRobin();
    },
  };
}

interface Point {
  readonly hash: number;
  /** The words of the `server` line that the point belongs to. */
  readonly name: string;
}

/** Host and port of a `server` line as ketama hashes them: "host\0port". */
function pointBase(name: string): number {
  if (name.startsWith("unix:")) return crc32Step(CRC32_START, `${name.slice(5)}\0`);
  const colon = name.lastIndexOf(":");
  const portless = colon < 0 || name.endsWith("]");
  const text = portless ? `${name}\0` : `${name.slice(0, colon)}\0${name.slice(colon + 1)}`;
  return crc32Step(CRC32_START, text);
}

/** The ring: 160 points for each unit of weight, sorted, equal hashes once. */
export function makeRing(peers: readonly Peer[]): readonly Point[] {
  const points: Point[] = [];
  for (const { name, parameters } of peers) {
    const base = pointBase(name);
    let hash = 0;
    for (let point = 0; point < POINTS_PER_WEIGHT * parameters.weight; point++) {
      hash = crc32End(crc32StepUint32(base, hash));
      points.push({ hash, name });
    }
  }
  points.sort((a, b) => a.hash - b.hash);
  return points.filter((point, at) => at === 0 || points[at - 1]?.hash !== point.hash);
}

/** Index of the first point at or behind the hash; the ring's length means its start. */
function findPoint(ring: readonly Point[], hash: number): number {
  let low = 0;
  let high = ring.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ring[middle]?.hash ?? 0) < hash) low = middle + 1;
    else high = middle;
  }
  return low;
}

function consistentHash(peers: readonly Peer[]): Balancer {
  const ring = makeRing(peers);
  return {
    pick(candidates) {
      if (candidates.steps === 0) candidates.cursor = findPoint(ring, crc32(candidates.key));
      while (!falls(candidates)) {
        const name = ring[candidates.cursor % ring.length]?.name;
        const peer = candidates.roundRobin((each) => each.name === name);
        if (peer !== undefined) return peer;
        // The next point of the ring, which may belong to the same peer.
        candidates.cursor += 1;
        candidates.steps += 1;
      }
      return candidates.roundRobin();
    },
  };
}

export const hash = defineBalancer({
  directive: "hash",
  args: oneThen(complexValue, ["consistent"]),
  accepts: ["weight", "max_conns", "max_fails", "fail_timeout", "down"],
  bind: ([key, consistent], compile) => ({
    label: consistent !== undefined ? "hash consistent" : "hash",
    key: compile(key),
    balancesBackups: false,
    balance: consistent !== undefined ? consistentHash : plainHash,
  }),
});
