/** Groups of peers without a configuration, for the suites of this room. */
import type { Runtime } from "../../engine/runtime/runtime.ts";
import { ComplexValue } from "../../engine/session/variables.ts";
import type { AnyMethod, BoundMethod } from "../../engine/upstream/balancer.ts";
import { roundRobin } from "../../engine/upstream/balancers/round_robin.ts";
import {
  DEFAULT_PARAMETERS,
  Peer,
  PeerMemory,
  type PeerParameters,
} from "../../engine/upstream/peer.ts";
import { GroupMemory, Selection, Upstream } from "../../engine/upstream/upstream.ts";

export const clock = { time: 1000 };
// Only the clock of a runtime is read by the room under test.
export const runtime = {
  clock: { now: () => clock.time, wall: () => clock.time },
} as unknown as Runtime;

export function group(method: BoundMethod, peers: readonly Partial<PeerParameters>[]): Upstream {
  const made = peers.map((parameters, at) => {
    const port = 18_101 + at;
    const name = `127.0.0.1:${port}`;
    return new Peer(
      { host: "127.0.0.1", port },
      name,
      { ...DEFAULT_PARAMETERS, ...parameters },
      new PeerMemory(),
    );
  });
  const place = { file: "test", line: 1 };
  const memory = new GroupMemory();
  return new Upstream({ name: "g", place, isNamed: true, method, peers: made, memory }, roundRobin);
}

export function bind(method: AnyMethod, value: unknown): BoundMethod {
  return method.bind(value, (tree) => new ComplexValue(tree));
}

/** Number of the picked peer, 1-based, of a fresh session that keeps no peer; 0 for none. */
export function pick(upstream: Upstream, key = ""): number {
  const peer = new Selection(upstream, runtime, key).next(clock.time);
  peer?.released();
  return upstream.peers.findIndex((each) => each === peer) + 1;
}
