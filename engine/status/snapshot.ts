/**
 * The state of the engine as plain data. Field names follow the NGINX Plus API where it has one.
 *
 * Counters count since the start of the process. Times: `...At` are wall clock milliseconds since
 * 1970, `...Ms` are durations in milliseconds. Bytes are bytes.
 */

/** "up" takes sessions; "busy" is at max_conns; "unavail" failed too often; "down" by configuration. */
export type PeerState = "up" | "busy" | "unavail" | "down";

/** A session's way: before a peer is known, connecting to one, moving bytes, ending. */
export type SessionState = "starting" | "connecting" | "established" | "closing";

/** Why a client was closed without a session's normal end. */
export type DropReason = "limit" | "denied" | "no_peer" | "connect_failed" | "no_handler" | "error";

export interface ListenerStatus {
  /** The address as bound: "0.0.0.0:62345". */
  readonly id: string;
  readonly listen: string;
  readonly protocol: "tcp";
  /** "failed" when accepting failed within the last seconds. */
  readonly state: "accepting" | "limited" | "failed" | "draining";
  readonly reason: string | null;
  readonly source: { readonly file: string; readonly line: number };
  readonly target: {
    readonly kind: "upstream" | "address" | "return" | "pass" | "none";
    readonly name: string;
  };
  /** Sessions now. */
  readonly processing: number;
  /** Accepted since the start. */
  readonly connections: number;
  /** Closed at once: over the connection ceiling. */
  readonly discarded: number;
  /** Finished sessions by `$status`: {"200": 12, "502": 1}. */
  readonly sessions: Readonly<Record<string, number>>;
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** From clients, and to clients. */
  readonly received: number;
  readonly sent: number;
  readonly lastAcceptedAt: number | null;
}

export interface PeerStatus {
  /** Position in the file, 0-based, primaries then backups. */
  readonly id: number;
  /** The address connected to. */
  readonly server: string;
  /** The words of the `server` line. */
  readonly name: string;
  readonly backup: boolean;
  /** Started by --demo. */
  readonly demo: boolean;
  readonly weight: number;
  readonly effective_weight: number;
  readonly state: PeerState;
  readonly stateSinceAt: number;
  /** One sentence: "unavail: 3 connects failed, max_fails is 3 (last: refused, 4 s ago); retry in 6 s". */
  readonly sentence: string;
  readonly active: number;
  /** 0 is no limit. */
  readonly max_conns: number;
  /** Sessions that were given this peer. */
  readonly connections: number;
  readonly fails: number;
  readonly fails_by_reason: Readonly<Partial<Record<FailReason, number>>>;
  /** How often it became unavail. */
  readonly unavail: number;
  /** From the peer, and to the peer. */
  readonly received: number;
  readonly sent: number;
  /** Mean of the last connects, ms; null before the first. */
  readonly connect_time: number | null;
  readonly selectedAt: number | null;
}

export type FailReason = "refused" | "timeout" | "unreachable" | "reset" | "other";

export interface UpstreamStatus {
  /** Name of the group; for a literal `proxy_pass` the address. */
  readonly name: string;
  /** Directive of the method: "round_robin", "least_conn", "hash", "hash consistent". */
  readonly algorithm: string;
  /** False for a hidden group made by a literal `proxy_pass`. */
  readonly named: boolean;
  readonly source: { readonly file: string; readonly line: number };
  readonly peers: readonly PeerStatus[];
  readonly noLivePeers: number;
  readonly retries: number;
}

export interface ConnectionStatus {
  /** `$connection`. */
  readonly id: number;
  readonly state: SessionState;
  /** "host:port", or "unix:". */
  readonly client: string;
  readonly listener: string;
  readonly upstream: string | null;
  readonly peer: string | null;
  readonly startedAt: number;
  readonly ageMs: number;
  readonly idleMs: number;
  /** From the client, and to the client. */
  readonly received: number;
  readonly sent: number;
}

export interface ProcessStatus {
  readonly pid: number;
  readonly startedAt: number;
  readonly residentBytes: number;
  /** Soft limit of open descriptors; null where it cannot be read. */
  readonly descriptorLimit: number | null;
  /** Sessions the process holds at most, from worker_connections and the descriptor budget. */
  readonly sessionCeiling: number;
  /** What limits it: "worker_connections" or "descriptors". */
  readonly ceilingFrom: "worker_connections" | "descriptors";
}

export interface ConfigStatus {
  readonly file: string;
  /** 1 at start, one more with every successful reload. */
  readonly generation: number;
  readonly loadedAt: number;
  readonly reloads: { readonly succeeded: number; readonly failed: number };
  /** nginx's line of the last failed reload, null after a good one. */
  readonly lastError: string | null;
}

/** Everything but the single connections. */
export interface Snapshot {
  readonly version: string;
  readonly runtime: { readonly name: string; readonly version: string };
  /** Wall clock of this snapshot. */
  readonly at: number;
  /** Monotonic ms of this snapshot: rates divide by differences of this. */
  readonly monotonicMs: number;
  readonly process: ProcessStatus;
  readonly config: ConfigStatus;
  readonly connections: {
    /** Sessions now, most at once, accepted, closed at once over the ceiling. */
    readonly active: number;
    readonly highWater: number;
    readonly accepted: number;
    readonly dropped: number;
    /** Finished with a status of 400 or more, or dropped. */
    readonly failed: number;
    readonly received: number;
    readonly sent: number;
  };
  /** Lines of log that could not be written. */
  readonly logDropped: number;
  readonly server_zones: readonly ListenerStatus[];
  readonly upstreams: readonly UpstreamStatus[];
}

export interface ConnectionsPage {
  /** Live sessions in all; `items` are the newest of them. */
  readonly total: number;
  readonly items: readonly ConnectionStatus[];
}

/** Something rare that happened. */
export type EngineEvent =
  | { readonly kind: "reload"; readonly at: number; readonly ok: boolean; readonly text: string }
  | {
    readonly kind: "peer";
    readonly at: number;
    readonly upstream: string;
    readonly peer: string;
    readonly to: PeerState;
    readonly text: string;
  }
  | { readonly kind: "overload"; readonly at: number; readonly text: string }
  | { readonly kind: "quit"; readonly at: number; readonly text: string };

/** What readers of the engine get; plain data, built when asked for. */
export interface StatusSource {
  snapshot(): Snapshot;
  /** The newest sessions first, at most `limit` (<= 500). */
  connections(limit: number): ConnectionsPage;
  /** Newest last, at most 256. */
  events(): readonly EngineEvent[];
  subscribe(listener: (event: EngineEvent) => void): () => void;
  /** For /readyz: [] when every listener is bound and nothing drains, else the reasons. */
  notReady(): readonly string[];
}
