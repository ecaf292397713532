/** Picks the peer with the fewest active sessions for its weight; ties go to round robin. */
import { none } from "../../config/args.ts";
import { type Balancer, defineBalancer } from "../balancer.ts";
import type { Peer } from "../peer.ts";

/** Fewer sessions for its weight: a/wa < b/wb, without a division. */
function load(peer: Peer, other: Peer): number {
  return peer.memory.active * other.parameters.weight -
    other.memory.active * peer.parameters.weight;
}

const balancer: Balancer = {
  pick(candidates) {
    let best: Peer | undefined;
    let ties = 0;
    for (const peer of candidates.peers) {
      if (!candidates.isEligible(peer)) continue;
      const order = best === undefined ? -1 : load(peer, best);
      if (order > 0) continue;
      ties = order < 0 ? 1 : ties + 1;
      if (order < 0) best = peer;
    }
    if (best === undefined || ties === 1) return best;
    const least = best;
    return candidates.roundRobin((peer) => load(peer, least) === 0);
  },
};

export const leastConn = defineBalancer({
  directive: "least_conn",
  args: none(),
  accepts: ["weight", "max_conns", "max_fails", "fail_timeout", "backup", "down"],
  bind: () => ({
    label: "least_conn",
    key: undefined,
    balancesBackups: true,
    balance: () => balancer,
  }),
});
