/** The state of groups and peers as plain data, with a sentence for every peer. */
import { formatAddress } from "./lib/address.ts";
import type { Runtime } from "./runtime/runtime.ts";
import type { Worker } from "./session/worker.ts";
import type { PeerState, PeerStatus, UpstreamStatus } from "./status/snapshot.ts";
import type { Peer } from "./upstream/peer.ts";
import type { Upstream } from "./upstream/upstream.ts";

/** Bytes of live sessions of one peer. */
interface LiveBytes {
  received: number;
  sent: number;
}

export class PeerReport {
  readonly #runtime: Runtime;
  #demo: ReadonlySet<string> = new Set();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  markDemo(addresses: readonly string[]): void {
    this.#demo = new Set([...this.#demo, ...addresses]);
  }

  report(upstreams: readonly Upstream[], worker: Worker): readonly UpstreamStatus[] {
    const live = liveBytes(worker);
    return upstreams.map((upstream) => ({
      name: upstream.name,
      algorithm: upstream.method.label,
      named: upstream.isNamed,
      source: { file: upstream.place.file ?? "command line", line: upstream.place.line },
      peers: upstream.peers.map((peer, id) => this.#peer(peer, id, live)),
      noLivePeers: upstream.memory.noLivePeers,
      retries: upstream.memory.retries,
    }));
  }

  #peer(peer: Peer, id: number, live: ReadonlyMap<object, LiveBytes>): PeerStatus {
    const { memory, parameters } = peer;
    const { counters } = memory;
    const { now, wall } = { now: this.#runtime.clock.now(), wall: this.#runtime.clock.wall() };
    const state = peer.state(now);
    const bytes = live.get(memory);
    return {
      id,
      server: peer.server,
      name: peer.name,
      backup: parameters.isBackup,
      demo: this.#demo.has(formatAddress(peer.address)),
      weight: parameters.weight,
      effective_weight: peer.effectiveWeight,
      state,
      stateSinceAt: wall - Math.max(0, now - memory.stateSinceAt),
      sentence: sentence(peer, state, now),
      active: memory.active,
      max_conns: parameters.maxConns,
      connections: counters.connections,
      fails: counters.fails,
      fails_by_reason: { ...counters.failsByReason },
      unavail: counters.unavail,
      received: counters.received + (bytes?.received ?? 0),
      sent: counters.sent + (bytes?.sent ?? 0),
      connect_time: counters.connectMs === 0 ? null : counters.connectMs,
      selectedAt: counters.selectedAt,
    };
  }
}

function liveBytes(worker: Worker): ReadonlyMap<object, LiveBytes> {
  const live = new Map<object, LiveBytes>();
  for (const { peerMemory, meter } of worker.sessions()) {
    if (peerMemory === undefined) continue;
    const sum = live.get(peerMemory) ?? { received: 0, sent: 0 };
    sum.received += meter.fromPeer;
    sum.sent += meter.toPeer;
    live.set(peerMemory, sum);
  }
  return live;
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s`;
}

/** Why the peer is in its state, and what comes next. */
function sentence({ memory, parameters, isLone }: Peer, state: PeerState, now: number): string {
  const { fails, checkedAt, lastFailure } = memory;
  const { maxFails, failTimeoutMs, maxConns, isBackup } = parameters;
  const last = lastFailure === undefined
    ? ""
    : `last: ${lastFailure.reason}, ${seconds(now - lastFailure.at)} ago`;
  switch (state) {
    case "down":
      return "down: the configuration says so";
    case "busy":
      return `busy: ${memory.active} of ${maxConns} sessions`;
    case "unavail": {
      const retry = seconds(checkedAt + failTimeoutMs - now);
      const often = fails === 1 ? "a connect failed" : `${fails} connects failed`;
      return `unavail: ${often}, max_fails is ${maxFails} (${last}); retry in ${retry}`;
    }
    case "up": {
      const role = isBackup ? "up: backup, used when no primary is" : "up";
      if (fails > 0 && !isLone) {
        return `${role}: ${fails} failed, max_fails is ${maxFails} (${last})`;
      }
      return last === "" ? role : `${role} (${last})`;
    }
  }
}
