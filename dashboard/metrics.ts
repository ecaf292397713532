/** Prometheus text, version 0.0.4, made of a snapshot. */
import type {
  ListenerStatus,
  PeerStatus,
  Snapshot,
  UpstreamStatus,
} from "../engine/status/snapshot.ts";

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [Labels, number];

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) =>
    `${name}="${value.replace(/[\\"\n]/g, (char) => char === "\n" ? "\\n" : `\\${char}`)}"`
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function metric(
  name: string,
  type: "counter" | "gauge",
  help: string,
  samples: readonly Sample[],
): string {
  const lines = samples.map(([labels, value]) => `${name}${labelText(labels)} ${value}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
}

function listenerMetrics(zones: readonly ListenerStatus[]): readonly string[] {
  const each = (of: (zone: ListenerStatus) => number): readonly Sample[] =>
    zones.map((zone) => [{ listener: zone.id, protocol: zone.protocol }, of(zone)]);
  const plain = (of: (zone: ListenerStatus) => number): readonly Sample[] =>
    zones.map((zone) => [{ listener: zone.id }, of(zone)]);
  const split = (label: string, of: (zone: ListenerStatus) => Readonly<Record<string, number>>) =>
    zones.flatMap((zone) =>
      Object.entries(of(zone)).map((
        [key, count],
      ): Sample => [{ listener: zone.id, [label]: key }, count])
    );
  return [
    metric(
      "weir_listener_up",
      "gauge",
      "1 while the listener accepts.",
      each(({ state }) => state === "accepting" || state === "limited" ? 1 : 0),
    ),
    metric("weir_listener_connections_active", "gauge", "Sessions now.", each((z) => z.processing)),
    metric(
      "weir_listener_connections_total",
      "counter",
      "Accepted clients.",
      each((z) => z.connections),
    ),
    metric(
      "weir_listener_connections_dropped_total",
      "counter",
      "Clients that were not served.",
      split("reason", (zone) => zone.dropped),
    ),
    metric(
      "weir_listener_sessions_total",
      "counter",
      "Finished sessions.",
      split("status", (zone) => zone.sessions),
    ),
    metric(
      "weir_listener_received_bytes_total",
      "counter",
      "From clients.",
      plain((z) => z.received),
    ),
    metric("weir_listener_sent_bytes_total", "counter", "To clients.", plain((z) => z.sent)),
  ];
}

/** Labels of a peer; the id only where an address repeats in its group. */
function peerLabels({ name, peers }: UpstreamStatus, peer: PeerStatus): Labels {
  const labels = { upstream: name, peer: peer.server };
  const repeats = peers.filter(({ server }) => server === peer.server).length > 1;
  return repeats ? { ...labels, id: String(peer.id) } : labels;
}

function upstreamMetrics(upstreams: readonly UpstreamStatus[]): readonly string[] {
  const peers = (of: (peer: PeerStatus) => number): readonly Sample[] =>
    upstreams.flatMap((group) =>
      group.peers.map((peer): Sample => [peerLabels(group, peer), of(peer)])
    );
  const groups = (of: (group: UpstreamStatus) => number): readonly Sample[] =>
    upstreams.map((group) => [{ upstream: group.name }, of(group)]);
  const states = (["up", "busy", "unavail", "down"] as const).flatMap((state) =>
    upstreams.map((group): Sample => [
      { upstream: group.name, state },
      group.peers.filter((peer) => peer.state === state).length,
    ])
  );
  const failures = upstreams.flatMap((group) =>
    group.peers.flatMap((peer) =>
      Object.entries(peer.fails_by_reason).map(([reason, count]): Sample => [
        { ...peerLabels(group, peer), reason },
        count,
      ])
    )
  );
  return [
    metric("weir_upstream_peers", "gauge", "Peers by state.", states),
    metric(
      "weir_upstream_retries_total",
      "counter",
      "Sessions moved to the next peer.",
      groups((g) => g.retries),
    ),
    metric(
      "weir_upstream_no_live_peers_total",
      "counter",
      "Sessions without a peer.",
      groups((g) => g.noLivePeers),
    ),
    metric(
      "weir_peer_up",
      "gauge",
      "1 while the peer takes sessions.",
      peers((p) => p.state === "up" ? 1 : 0),
    ),
    metric("weir_peer_connections_active", "gauge", "Sessions now.", peers((p) => p.active)),
    metric(
      "weir_peer_connections_max",
      "gauge",
      "max_conns; 0 is no limit.",
      peers((p) => p.max_conns),
    ),
    metric(
      "weir_peer_connections_total",
      "counter",
      "Sessions given to the peer.",
      peers((p) => p.connections),
    ),
    metric("weir_peer_connect_failures_total", "counter", "Failed connects.", failures),
    metric("weir_peer_received_bytes_total", "counter", "From the peer.", peers((p) => p.received)),
    metric("weir_peer_sent_bytes_total", "counter", "To the peer.", peers((p) => p.sent)),
  ];
}

export function metricsText(status: Snapshot): string {
  const { process: host, config, runtime } = status;
  const build = {
    version: status.version,
    runtime: runtime.name,
    runtime_version: runtime.version,
  };
  return [
    metric("weir_build_info", "gauge", "What runs.", [[build, 1]]),
    metric("weir_start_time_seconds", "gauge", "Start of the process.", [[
      {},
      host.startedAt / 1000,
    ]]),
    metric("weir_config_generation", "gauge", "Loads that succeeded.", [[{}, config.generation]]),
    metric("weir_config_last_reload_successful", "gauge", "0 after a failed reload.", [
      [{}, config.lastError === null ? 1 : 0],
    ]),
    metric("weir_config_reloads_total", "counter", "Reloads.", [
      [{ result: "success" }, config.reloads.succeeded],
      [{ result: "failure" }, config.reloads.failed],
    ]),
    ...listenerMetrics(status.server_zones),
    ...upstreamMetrics(status.upstreams),
    metric("weir_log_dropped_total", "counter", "Lines of log that were lost.", [[
      {},
      status.logDropped,
    ]]),
    metric("process_resident_memory_bytes", "gauge", "Resident memory.", [[
      {},
      host.residentBytes,
    ]]),
  ].join("");
}
