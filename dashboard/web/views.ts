/** The views of the page, each a function of the last tick. */
import type { VNode } from "preact";
import type { ListenerStatus, PeerStatus, UpstreamStatus } from "../../engine/status/snapshot.ts";
import type { Rates, Tick } from "../stream.ts";
import { bytes, count } from "./format.ts";
import { html } from "./html.ts";
import { cell, table } from "./table.ts";

const GLYPHS: Readonly<Record<string, string>> = {
  up: "●",
  accepting: "●",
  busy: "▲",
  limited: "▲",
  draining: "◐",
  unavail: "✕",
  failed: "✕",
  down: "▬",
};

function stateCell(state: string, sentence: string | null): VNode {
  return html`<td class="state"><span class=${`s-${state}`}>${GLYPHS[state] ?? "?"} ${state}</span>
    ${
    sentence !== null && sentence !== state &&
    html`<small>${sentence.replace(`${state}: `, "")}</small>`
  }</td>`;
}

function sparkline(values: readonly number[], colour: string): VNode {
  const top = Math.max(1, ...values);
  const points = values.map((value, at) => `${at + 60 - values.length},${30 - 28 * value / top}`);
  return html`
    <svg viewBox="0 0 59 32" preserveAspectRatio="none" aria-hidden="true">
      <polyline points=${points.join(" ")} fill="none" stroke=${`var(--${colour})`}
        stroke-width="1.5" vector-effect="non-scaling-stroke" />
    </svg>
  `;
}

function tile(name: string, value: string, series: readonly number[], colour: string): VNode {
  return html`<div class="tile"><span class="muted">${name}</span>
    <b>${value}</b>${sparkline(series, colour)}</div>`;
}

function problems({ status }: Tick): readonly string[] {
  const peers = status.upstreams.flatMap((group) =>
    group.peers.filter(({ state }) => state === "unavail")
      .map((peer) => `${peer.server} in ${group.name} is ${peer.sentence}`)
  );
  const listeners = status.server_zones.filter(({ state }) => state !== "accepting")
    .map((zone) => `${zone.listen}: ${zone.state}, ${zone.reason}`);
  const config = status.config.lastError === null
    ? []
    : [`the last reload failed: ${status.config.lastError}`];
  return [...config, ...listeners, ...peers].slice(0, 5);
}

/** "Is anything broken", in words. */
export function sentence({ status }: Tick): string {
  const peers = status.upstreams.flatMap((group) => group.peers);
  const up = peers.filter(({ state }) => state === "up").length;
  const listeners = status.server_zones.filter(({ state }) => state === "accepting").length;
  return `${listeners} of ${status.server_zones.length} listeners accept; ` +
    `${up} of ${peers.length} peers up.`;
}

export function overview(tick: Tick): VNode {
  const { status, history } = tick;
  const last: Rates | undefined = history.at(-1);
  const series = (of: (rates: Rates) => number) => history.map(of);
  const rate = (value: number | undefined, text: (value: number) => string) =>
    value === undefined ? "–" : `${text(value)}/s`;
  return html`<section>
    <p class="sentence">${sentence(tick)}</p>
    ${problems(tick).map((text) => html`<p class="problem">✕ ${text}</p>`)}
    <div class="tiles live">
      ${tile("Active sessions", count(status.connections.active), series((r) => r.active), "text")}
      ${tile("New", rate(last?.accepted, count), series((r) => r.accepted), "text")}
      ${tile("In, from clients", rate(last?.received, bytes), series((r) => r.received), "in")}
      ${tile("Out, to clients", rate(last?.sent, bytes), series((r) => r.sent), "out")}
      ${tile("Failed", rate(last?.failed, count), series((r) => r.failed), "bad")}
    </div>
    ${listeners(tick)}${upstreams(tick)}</section>`;
}

/** The file's name alone: the whole path is in the title of the page's header. */
function place({ source: { file, line } }: ListenerStatus): string {
  return `${file.slice(file.lastIndexOf("/") + 1)}:${line}`;
}

export function listeners({ status }: Tick): VNode {
  const rows = status.server_zones.map((zone) =>
    html`<tr key=${zone.id}>
    ${stateCell(zone.state, zone.reason)}
    <td class="key">${zone.listen}<small>${place(zone)}</small></td>
    <td data-label="target">${zone.target.name}</td>
    ${cell("active", count(zone.processing))}${cell("accepted", count(zone.connections))}
    ${cell("discarded", count(zone.discarded))}
    ${cell("in", bytes(zone.received))}${cell("out", bytes(zone.sent))}</tr>`
  );
  const heads = [
    "State",
    "Listener",
    "Target",
    ">Active",
    ">Accepted",
    ">Discarded",
    ">In",
    ">Out",
  ];
  return html`<section><h2>Listeners</h2>${table(heads, rows)}</section>`;
}

function peerRow(peer: PeerStatus, total: number): VNode {
  const share = total === 0 ? 0 : (peer.received + peer.sent) / total;
  const marks = [peer.backup && "backup", peer.demo && "demo"].filter(Boolean).join(", ");
  const limit = peer.max_conns === 0 ? "" : ` / ${count(peer.max_conns)}`;
  return html`<tr key=${peer.id}>${stateCell(peer.state, peer.sentence)}
    <td class="key">${peer.server}${marks !== "" && html`<small>${marks}</small>`}</td>
    ${cell("weight", count(peer.weight))}${cell("active", count(peer.active) + limit)}
    ${cell("total", count(peer.connections))}${cell("fails", count(peer.fails))}
    ${cell("in", bytes(peer.received))}${cell("out", bytes(peer.sent))}
    <td data-label="share"><span class="share"><svg viewBox="0 0 100 6" preserveAspectRatio="none">
      <rect width=${100 * share} height="6" fill="var(--in)" /></svg></span>${
    Math.round(100 * share)
  } %</td></tr>`;
}

function group(upstream: UpstreamStatus): VNode {
  const total = upstream.peers.reduce((sum, peer) => sum + peer.received + peer.sent, 0);
  const heads = [
    "State",
    "Peer",
    ">Weight",
    ">Active",
    ">Total",
    ">Fails",
    ">In",
    ">Out",
    "Share of traffic",
  ];
  return html`<section key=${upstream.name}>
    <h2>${upstream.name} <span class="muted">${upstream.algorithm}</span></h2>
    ${table(heads, upstream.peers.map((peer) => peerRow(peer, total)))}</section>`;
}

export function upstreams({ status }: Tick): VNode {
  if (status.upstreams.length === 0) {
    return html`<p class="muted">No upstream groups: no server passes to a peer.</p>`;
  }
  return html`<div>${status.upstreams.map(group)}</div>`;
}
