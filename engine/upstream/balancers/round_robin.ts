/** nginx's default method: smooth weighted round robin. */
import type { Balancer, BoundMethod, Candidates } from "../balancer.ts";
import type { Peer } from "../peer.ts";

/**
 * One step of smooth weighted round robin: every accepted peer gains its effective weight, the
 * first with the most is chosen and pays the total. Weights 5, 1, 1 give a a b a c a a.
 */
export function smoothStep(
  peers: readonly Peer[],
  accept: (peer: Peer) => boolean,
): Peer | undefined {
  let total = 0;
  let best: Peer | undefined;
  for (const peer of peers) {
    if (!accept(peer)) continue;
    peer.currentWeight += peer.effectiveWeight;
    total += peer.effectiveWeight;
    if (peer.effectiveWeight < peer.parameters.weight) peer.effectiveWeight += 1;
    if (best === undefined || peer.currentWeight > best.currentWeight) best = peer;
  }
  if (best !== undefined) best.currentWeight -= total;
  return best;
}

const balancer: Balancer = { pick: (candidates: Candidates) => candidates.roundRobin() };

/** What a group without a method directive uses. */
export const roundRobin: BoundMethod = {
  label: "round_robin",
  key: undefined,
  balancesBackups: true,
  balance: () => balancer,
};
