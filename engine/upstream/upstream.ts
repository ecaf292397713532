/** A group of peers, and one session's way through it. Eligibility is decided here and only here. */
import type { Place } from "../config/tree.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Session } from "../session/session.ts";
import type { Balancer, BoundMethod, Candidates } from "./balancer.ts";
import { smoothStep } from "./balancers/round_robin.ts";
import type { Peer } from "./peer.ts";

/** Counters of a group, kept over reloads. */
export class GroupMemory {
  noLivePeers = 0;
  retries = 0;
}

/** Primaries or backups of a group, with the balancer built over them. */
interface PeerSet {
  readonly peers: readonly Peer[];
  readonly balancer: Balancer;
}

export interface UpstreamParts {
  readonly name: string;
  readonly place: Place;
  /** False for the hidden group of a literal `proxy_pass`. */
  readonly isNamed: boolean;
  readonly method: BoundMethod;
  readonly peers: readonly Peer[];
  readonly memory: GroupMemory;
}

export class Upstream {
  readonly name: string;
  readonly place: Place;
  readonly isNamed: boolean;
  readonly method: BoundMethod;
  readonly memory: GroupMemory;
  readonly primaries: PeerSet;
  readonly backups: PeerSet | undefined;

  constructor(parts: UpstreamParts, fallback: BoundMethod) {
    this.name = parts.name;
    this.place = parts.place;
    this.isNamed = parts.isNamed;
    this.method = parts.method;
    this.memory = parts.memory;
    const primaries = parts.peers.filter((peer) => !peer.parameters.isBackup);
    const backups = parts.peers.filter((peer) => peer.parameters.isBackup);
    this.primaries = { peers: primaries, balancer: parts.method.balance(primaries) };
    const backupMethod = parts.method.balancesBackups ? parts.method : fallback;
    this.backups = backups.length === 0
      ? undefined
      : { peers: backups, balancer: backupMethod.balance(backups) };
    if (primaries.length === 1 && backups.length === 0) {
      for (const peer of primaries) peer.isLone = true;
    }
  }

  /** All peers, primaries first. */
  get peers(): readonly Peer[] {
    return this.backups === undefined
      ? this.primaries.peers
      : [...this.primaries.peers, ...this.backups.peers];
  }

  /** Starts a session's way through the group. */
  select(session: Session): Selection {
    return new Selection(this, session.worker.runtime, this.method.key?.evaluate(session) ?? "");
  }
}

/** Peers that one session was given, one after the other, never the same twice in a set. */
export class Selection implements Candidates {
  readonly key: string;
  steps = 0;
  cursor = 0;
  /** How many more peers the session may try; nginx counts the ones that are not down. */
  triesLeft: number;
  readonly #upstream: Upstream;
  readonly #runtime: Runtime;
  #set: PeerSet;
  #now = 0;
  /** The first peer that was tried, and the further ones: most sessions have just one. */
  #first: Peer | undefined;
  #tried: Set<Peer> | undefined;

  constructor(upstream: Upstream, runtime: Runtime, key: string) {
    this.#upstream = upstream;
    this.#runtime = runtime;
    this.key = key;
    this.#set = upstream.primaries;
    this.triesLeft = countUsable(upstream.primaries) + countUsable(upstream.backups);
  }

  get peers(): readonly Peer[] {
    return this.#set.peers;
  }

  isEligible(peer: Peer): boolean {
    return peer !== this.#first && this.#tried?.has(peer) !== true &&
      peer.state(this.#now) === "up";
  }

  roundRobin(accept?: (peer: Peer) => boolean): Peer | undefined {
    return smoothStep(
      this.peers,
      (peer) => this.isEligible(peer) && (accept === undefined || accept(peer)),
    );
  }

  /** The next peer, counted as active until `released`; undefined when there is none left. */
  next(now: number): Peer | undefined {
    this.#now = now;
    const peer = this.#set.balancer.pick(this) ?? this.#fromBackups();
    if (peer === undefined) {
      this.#upstream.memory.noLivePeers += 1;
      return undefined;
    }
    this.triesLeft -= 1;
    this.#markTried(peer);
    peer.taken(now, this.#runtime.clock.wall());
    return peer;
  }

  /** The session stays on the backups from here on; what it tried before does not count there. */
  #fromBackups(): Peer | undefined {
    const { backups } = this.#upstream;
    if (backups === undefined || this.#set === backups) return undefined;
    this.#set = backups;
    this.#first = undefined;
    this.#tried = undefined;
    return backups.balancer.pick(this);
  }

  #markTried(peer: Peer): void {
    if (this.#first === undefined) this.#first = peer;
    else (this.#tried ??= new Set()).add(peer);
  }
}

function countUsable(set: PeerSet | undefined): number {
  let count = 0;
  for (const peer of set?.peers ?? []) if (!peer.parameters.isDown) count += 1;
  return count;
}
