/** Builds snapshots of the engine when somebody asks, and keeps the ring of rare events. */
import { formatAddress, formatHost, isUnix } from "./lib/address.ts";
import { sessionCeiling } from "./budget.ts";
import type { Cycle } from "./cycle.ts";
import type { ListenerCounters } from "./status/counters.ts";
import type { Gate } from "./gate.ts";
import type { LogFiles } from "./log_files.ts";
import { PeerReport } from "./peer_report.ts";
import type { Runtime } from "./runtime/runtime.ts";
import type { Session } from "./session/session.ts";
import type { Worker } from "./session/worker.ts";
import type {
  ConfigStatus,
  ConnectionsPage,
  ConnectionStatus,
  EngineEvent,
  ListenerStatus,
  ProcessStatus,
  Snapshot,
  StatusSource,
} from "./status/snapshot.ts";

const MAX_EVENTS = 256;
const MAX_CONNECTIONS = 500;
const MAX_SUBSCRIBERS = 64;
/** How long a listener counts as limited or failed after it last was. */
const RECENT_MS = 5000;

export interface ReporterParts {
  readonly runtime: Runtime;
  readonly version: string;
  readonly file: string;
  readonly worker: Worker;
  readonly logFiles: LogFiles;
  readonly gates: ReadonlyMap<string, Gate>;
  /** Of listeners that are gone; their part of the totals stays. */
  readonly retired: ReadonlyMap<string, ListenerCounters>;
}

/** Bytes of live sessions, by the counters that get them when they end. */
interface LiveBytes {
  received: number;
  sent: number;
}

export class Reporter implements StatusSource {
  readonly #parts: ReporterParts;
  readonly #peers: PeerReport;
  readonly #events: EngineEvent[] = [];
  readonly #subscribers = new Set<(event: EngineEvent) => void>();
  readonly #startedAt: number;
  #cycle: Cycle | undefined;
  #generation = 0;
  #loadedAt = 0;
  #failedReloads = 0;
  #lastError: string | null = null;
  #draining = false;

  constructor(parts: ReporterParts) {
    this.#parts = parts;
    this.#startedAt = parts.runtime.clock.wall();
    this.#peers = new PeerReport(parts.runtime);
  }

  running(cycle: Cycle): void {
    this.#cycle = cycle;
    this.#generation += 1;
    this.#loadedAt = this.#parts.runtime.clock.wall();
  }

  /** After a reload: undefined for a good one, else nginx's line of what was wrong. */
  reloaded(error: string | undefined): void {
    this.#lastError = error ?? null;
    if (error !== undefined) this.#failedReloads += 1;
    const text = error ?? `generation ${this.#generation} is running`;
    this.#publish({ kind: "reload", at: this.#now(), ok: error === undefined, text });
  }

  draining(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#publish({ kind: "quit", at: this.#now(), text: "no new clients are accepted" });
  }

  markDemo(addresses: readonly string[]): void {
    this.#peers.markDemo(addresses);
  }

  snapshot(): Snapshot {
    const { runtime, version, logFiles } = this.#parts;
    const live = this.#liveBytes();
    const server_zones = [...this.#parts.gates.values()].map((gate) => this.#listener(gate, live));
    return {
      version,
      runtime: { name: runtime.name, version: runtime.version },
      at: this.#now(),
      monotonicMs: runtime.clock.now(),
      process: this.#process(),
      config: this.#config(),
      connections: this.#connections(live),
      logDropped: logFiles.dropped,
      server_zones,
      upstreams: this.#peers.report(this.#cycle?.upstreams ?? [], this.#parts.worker),
    };
  }

  connections(limit: number): ConnectionsPage {
    const { worker } = this.#parts;
    const most = Math.min(limit, MAX_CONNECTIONS);
    const items: ConnectionStatus[] = [];
    for (const session of worker.sessions()) {
      if (items.length >= most) break;
      items.push(this.#connection(session));
    }
    return { total: worker.active, items };
  }

  events(): readonly EngineEvent[] {
    return this.#events;
  }

  subscribe(listener: (event: EngineEvent) => void): () => void {
    if (this.#subscribers.size >= MAX_SUBSCRIBERS) throw new Error("Too many subscribers");
    this.#subscribers.add(listener);
    return () => this.#subscribers.delete(listener);
  }

  notReady(): readonly string[] {
    const reasons: string[] = [];
    if (this.#cycle === undefined) reasons.push("no configuration is running");
    if (this.#draining) reasons.push("draining: no new clients are accepted");
    for (const [address, gate] of this.#parts.gates) {
      if (!gate.isOpen) reasons.push(`${address} is not bound`);
    }
    return reasons;
  }

  #now(): number {
    return this.#parts.runtime.clock.wall();
  }

  #publish(event: EngineEvent): void {
    this.#events.push(event);
    if (this.#events.length > MAX_EVENTS) this.#events.shift();
    for (const tell of this.#subscribers) tell(event);
  }

  #liveBytes(): Map<object, LiveBytes> {
    const live = new Map<object, LiveBytes>();
    for (const { counters, meter } of this.#parts.worker.sessions()) {
      const sum = live.get(counters) ?? { received: 0, sent: 0 };
      sum.received += meter.fromClient;
      sum.sent += meter.toClient;
      live.set(counters, sum);
    }
    return live;
  }

  #process(): ProcessStatus {
    const { runtime: { host }, worker } = this.#parts;
    const { ceiling, from } = sessionCeiling(worker.limits);
    return {
      pid: host.pid,
      startedAt: this.#startedAt,
      residentBytes: host.residentBytes(),
      descriptorLimit: host.descriptorLimit() ?? null,
      sessionCeiling: ceiling,
      ceilingFrom: from,
    };
  }

  #config(): ConfigStatus {
    return {
      file: this.#parts.file,
      generation: this.#generation,
      loadedAt: this.#loadedAt,
      reloads: { succeeded: Math.max(0, this.#generation - 1), failed: this.#failedReloads },
      lastError: this.#lastError,
    };
  }

  #connections(live: ReadonlyMap<object, LiveBytes>): Snapshot["connections"] {
    const { worker, gates, retired } = this.#parts;
    const all = [...[...gates.values()].map(({ counters }) => counters), ...retired.values()];
    const sum = (of: (counters: ListenerCounters) => number) =>
      all.reduce((total, counters) => total + of(counters), 0);
    return {
      active: worker.active,
      highWater: worker.highWater,
      accepted: worker.accepted,
      dropped: sum(({ discarded }) => discarded),
      failed: sum((counters) => counters.discarded + failedSessions(counters)),
      received: sum((counters) => counters.received + (live.get(counters)?.received ?? 0)),
      sent: sum((counters) => counters.sent + (live.get(counters)?.sent ?? 0)),
    };
  }

  #listener(gate: Gate, live: ReadonlyMap<object, LiveBytes>): ListenerStatus {
    const { counters, plan } = gate;
    const bytes = live.get(counters);
    const address = formatAddress(plan.address);
    return {
      id: address,
      listen: address,
      protocol: "tcp",
      ...this.#listenerState(gate),
      source: { file: plan.place.file ?? "command line", line: plan.place.line },
      target: plan.target,
      processing: counters.processing,
      connections: counters.connections,
      discarded: counters.discarded,
      sessions: { ...counters.sessions },
      dropped: { ...counters.dropped },
      received: counters.received + (bytes?.received ?? 0),
      sent: counters.sent + (bytes?.sent ?? 0),
      lastAcceptedAt: counters.lastAcceptedAt,
    };
  }

  #listenerState(gate: Gate): Pick<ListenerStatus, "state" | "reason"> {
    const now = this.#parts.runtime.clock.now();
    if (this.#draining) return { state: "draining", reason: "the process is shutting down" };
    if (gate.lastFailure !== undefined && now - gate.lastFailure.at < RECENT_MS) {
      return { state: "failed", reason: `accept() failed (${gate.lastFailure.error.message})` };
    }
    if (now - gate.limitedAt >= RECENT_MS) return { state: "accepting", reason: null };
    const { ceiling, from } = sessionCeiling(this.#parts.worker.limits);
    return { state: "limited", reason: `${from} allow ${ceiling} sessions` };
  }

  #connection(session: Session): ConnectionStatus {
    const { clock } = this.#parts.runtime;
    const { remote } = session.client;
    const ageMs = clock.now() - session.startedAt;
    return {
      id: session.id,
      state: session.state,
      client: isUnix(remote) ? formatHost(remote) : formatAddress(remote),
      listener: formatAddress(session.counters.address),
      upstream: session.upstream ?? null,
      peer: session.peer ?? null,
      startedAt: clock.wall() - ageMs,
      ageMs,
      // `touchedAt` is coarse and may lie a little before the accept.
      idleMs: Math.min(ageMs, Math.max(0, clock.now() - session.meter.touchedAt)),
      received: session.meter.fromClient,
      sent: session.meter.toClient,
    };
  }
}

/** Sessions that ended with a status of 400 or more. */
function failedSessions({ sessions }: ListenerCounters): number {
  let failed = 0;
  for (const [status, count] of Object.entries(sessions)) {
    if (Number(status) >= 400) failed += count;
  }
  return failed;
}
