/** The contract of a balancing method: one file under `balancers/`, one line in their list. */
import type { ArgsSchema } from "../config/args.ts";
import type { ValueTree } from "../config/tree.ts";
import type { ComplexValue } from "../session/variables.ts";
import type { Peer } from "./peer.ts";

/**
 * One session's choice among the peers of a set. Who is eligible is decided here and nowhere else;
 * a balancer asks instead of being handed a list, so that a choice allocates nothing.
 */
export interface Candidates {
  /** All peers of the set in the order of the file, eligible or not. */
  readonly peers: readonly Peer[];
  /** Up, and not tried by this session. */
  isEligible(peer: Peer): boolean;
  /** Smooth weighted round robin among the eligible peers that `accept` (default: all). */
  roundRobin(accept?: (peer: Peer) => boolean): Peer | undefined;
  /** The evaluated key of the method; empty when it has none. */
  readonly key: string;
  /** A balancer's own memory within this session; both start at 0. */
  steps: number;
  cursor: number;
}

/** Picks an eligible peer, or undefined when there is none. */
export interface Balancer {
  pick(candidates: Candidates): Peer | undefined;
}

export type PeerParameterName =
  | "weight"
  | "max_conns"
  | "max_fails"
  | "fail_timeout"
  | "backup"
  | "down";

/** A method as an upstream uses it. */
export interface BoundMethod {
  /** What the status calls it: "least_conn", "hash consistent". */
  readonly label: string;
  readonly key: ComplexValue | undefined;
  /** False gives the backup peers to round robin. */
  readonly balancesBackups: boolean;
  balance(peers: readonly Peer[]): Balancer;
}

export interface Method<T> {
  readonly directive: string;
  readonly args: ArgsSchema<T>;
  /** Which parameters a `server` line may carry after this directive. */
  readonly accepts: readonly PeerParameterName[];
  bind(value: T, compile: (tree: ValueTree) => ComplexValue): BoundMethod;
}

/** A method whose argument type is closed over; the list holds these. */
export type AnyMethod = Method<unknown>;

export function defineBalancer<T>(method: Method<T>): AnyMethod {
  // `bind` is only ever given what the same entry's `args` returned.
  return method as unknown as AnyMethod;
}
