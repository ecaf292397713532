/** Counters that the engine writes; a snapshot reads them. Hot paths only add numbers. */
import type { Address } from "../lib/address.ts";
import type { DropReason, FailReason } from "./snapshot.ts";

/** The part of a relay's meter that is counted per listener. */
export interface ClientBytes {
  readonly fromClient: number;
  readonly toClient: number;
}

/** One listening socket, since the start of the process. */
export class ListenerCounters {
  readonly address: Address;
  processing = 0;
  connections = 0;
  discarded = 0;
  /** Of finished sessions; live ones carry their own. */
  received = 0;
  sent = 0;
  lastAcceptedAt: number | null = null;
  readonly sessions: Record<string, number> = {};
  readonly dropped: Partial<Record<DropReason, number>> = {};

  constructor(address: Address) {
    this.address = address;
  }

  accepted(wall: number): void {
    this.processing += 1;
    this.connections += 1;
    this.lastAcceptedAt = wall;
  }

  /** Closed at once, over a limit. */
  refused(): void {
    this.discarded += 1;
    this.dropped.limit = (this.dropped.limit ?? 0) + 1;
  }

  /** Handed to another listening socket, which counts it from now on. */
  passed({ fromClient, toClient }: ClientBytes): void {
    this.processing -= 1;
    this.received += fromClient;
    this.sent += toClient;
  }

  finished(status: number, bytes: ClientBytes, reason: DropReason | undefined): void {
    this.processing -= 1;
    this.received += bytes.fromClient;
    this.sent += bytes.toClient;
    this.sessions[status] = (this.sessions[status] ?? 0) + 1;
    if (reason !== undefined) this.dropped[reason] = (this.dropped[reason] ?? 0) + 1;
  }
}

/** One peer, since the start of the process. */
export class PeerCounters {
  connections = 0;
  fails = 0;
  unavail = 0;
  /** Of finished attempts; live ones carry their own. */
  received = 0;
  sent = 0;
  /** Moving average of connect times, ms; 0 before the first. */
  connectMs = 0;
  selectedAt: number | null = null;
  readonly failsByReason: Partial<Record<FailReason, number>> = {};

  connected(ms: number): void {
    this.connectMs = this.connectMs === 0 ? ms : 0.9 * this.connectMs + 0.1 * ms;
  }

  failed(reason: FailReason): void {
    this.fails += 1;
    this.failsByReason[reason] = (this.failsByReason[reason] ?? 0) + 1;
  }
}
