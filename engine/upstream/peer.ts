/** One address of a group: what the file says of it, and the state that outlives a reload. */
import type { Address } from "../lib/address.ts";
import { formatAddress } from "../lib/address.ts";
import type { SystemError } from "../lib/errno.ts";
import { PeerCounters } from "../status/counters.ts";
import type { FailReason, PeerState } from "../status/snapshot.ts";

/** Parameters of a `server` line in `upstream {}`, with nginx's defaults filled in. */
export interface PeerParameters {
  readonly weight: number;
  /** 0 is no limit. */
  readonly maxConns: number;
  /** 0 turns the accounting of failures off. */
  readonly maxFails: number;
  readonly failTimeoutMs: number;
  readonly isBackup: boolean;
  readonly isDown: boolean;
}

export const DEFAULT_PARAMETERS: PeerParameters = {
  weight: 1,
  maxConns: 0,
  maxFails: 1,
  failTimeoutMs: 10_000,
  isBackup: false,
  isDown: false,
};

/** What a peer remembers, also over reloads. Times are monotonic ms. */
export class PeerMemory {
  /** Sessions that hold it now. */
  active = 0;
  fails = 0;
  /** Last failure, and start of the current window of failures. */
  accessedAt = -Infinity;
  checkedAt = -Infinity;
  /** When it last became unavailable or eligible again, for people. */
  stateSinceAt = 0;
  lastFailure: { readonly reason: FailReason; readonly at: number } | undefined;
  readonly counters = new PeerCounters();
}

export class Peer {
  readonly address: Address;
  /** "127.0.0.1:80", as logs and `$upstream_addr` show it. */
  readonly server: string;
  /** The words of the `server` line; the ring of a consistent hash is made of them. */
  readonly name: string;
  readonly parameters: PeerParameters;
  readonly memory: PeerMemory;
  effectiveWeight: number;
  currentWeight = 0;
  /** A lone peer is never taken out for failures (nginx's rule); set by its group. */
  isLone = false;

  constructor(address: Address, name: string, parameters: PeerParameters, memory: PeerMemory) {
    this.address = address;
    this.server = formatAddress(address);
    this.name = name;
    this.parameters = parameters;
    this.memory = memory;
    this.effectiveWeight = parameters.weight;
  }

  /** The state at a moment; "up" is what makes it eligible. */
  state(now: number): PeerState {
    const { isDown, maxConns } = this.parameters;
    if (isDown) return "down";
    if (this.#isPunished(now)) return "unavail";
    return maxConns > 0 && this.memory.active >= maxConns ? "busy" : "up";
  }

  #isPunished(now: number): boolean {
    const { maxFails, failTimeoutMs } = this.parameters;
    const { fails, checkedAt } = this.memory;
    return !this.isLone && maxFails > 0 && fails >= maxFails && now - checkedAt <= failTimeoutMs;
  }

  /** A session was given this peer. */
  taken(now: number, wall: number): void {
    const { memory } = this;
    memory.active += 1;
    memory.counters.connections += 1;
    memory.counters.selectedAt = wall;
    // The first session after the penalty is the only probe until it succeeds or the window ends.
    if (now - memory.checkedAt > this.parameters.failTimeoutMs) memory.checkedAt = now;
  }

  /** The session that held it is over, or goes on to another peer. */
  released(): void {
    this.memory.active -= 1;
  }

  /** A connection to it stands. */
  succeeded(): void {
    const { memory } = this;
    if (memory.accessedAt >= memory.checkedAt) return;
    if (memory.fails > 0) memory.stateSinceAt = memory.checkedAt;
    memory.fails = 0;
  }

  /** A connect failed. True when this failure took the peer out. */
  failed(now: number, error: SystemError): boolean {
    const { memory } = this;
    const { maxFails, weight } = this.parameters;
    const reason = failReason(error);
    memory.counters.failed(reason);
    memory.lastFailure = { reason, at: now };
    memory.accessedAt = now;
    memory.checkedAt = now;
    if (this.isLone || maxFails === 0) return false;
    memory.fails += 1;
    const penalty = Math.floor(weight / maxFails);
    this.effectiveWeight = Math.max(0, this.effectiveWeight - penalty);
    if (memory.fails < maxFails) return false;
    if (memory.fails === maxFails) {
      memory.counters.unavail += 1;
      memory.stateSinceAt = now;
    }
    return true;
  }
}

function failReason(error: SystemError): FailReason {
  switch (error.code) {
    case "ECONNREFUSED":
      return "refused";
    case "ETIMEDOUT":
      return "timeout";
    case "ECONNRESET":
      return "reset";
    case "ENETUNREACH":
    case "EHOSTUNREACH":
    case "EADDRNOTAVAIL":
      return "unreachable";
    default:
      return "other";
  }
}
