/** The live connections: newest first, narrowed by words that a row has to contain. */
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import type { ConnectionStatus } from "../../engine/status/snapshot.ts";
import type { Tick } from "../stream.ts";
import { age, bytes, count } from "./format.ts";
import { html } from "./html.ts";
import { rates } from "./live.ts";
import { cell, table } from "./table.ts";

const filter = signal("");

/** All words of the filter occur in what the row shows. */
export function matches(each: ConnectionStatus, words: readonly string[]): boolean {
  const text = `${each.client} ${each.listener} ${each.upstream ?? ""} ${
    each.peer ?? ""
  } ${each.state}`;
  return words.every((word) => text.includes(word));
}

function row(each: ConnectionStatus): VNode {
  const rate = rates.value.get(each.id);
  return html`<tr key=${each.id}>
    <td class="key">${each.client}<small>${each.state}</small></td>
    <td data-label="listener">${each.listener}</td>
    <td data-label="peer">${each.peer ?? each.upstream ?? "–"}</td>
    ${cell("age", age(each.ageMs))}${cell("idle", age(each.idleMs))}
    ${cell("in", bytes(each.received))}${cell("out", bytes(each.sent))}
    ${cell("rate", rate === undefined ? "–" : `${bytes(rate)}/s`)}</tr>`;
}

const HEADS = ["Client", "Listener", "Peer", ">Age", ">Idle", ">In", ">Out", ">Rate"];

function empty({ status }: Tick): VNode {
  const listen = status.server_zones[0]?.listen ?? "";
  const target = listen.replace("0.0.0.0", "127.0.0.1").replace(/:(\d+)$/, " $1");
  const hint = listen === "" || listen.startsWith("unix:") ? "" : ` Try: nc ${target}`;
  return html`<p class="muted">No connections now.${hint}</p>`;
}

export function connections(tick: Tick): VNode {
  const { total, items } = tick.connections;
  const words = filter.value.split(/\s+/).filter((word) => word !== "");
  const shown = words.length === 0 ? items : items.filter((each) => matches(each, words));
  const title = total > items.length
    ? `newest ${count(items.length)} of ${count(total)}`
    : count(total);
  return html`<section>
    <div class="head"><h2>Connections <span class="muted">${title}</span></h2>
      <label>Filter <input id="filter" type="search" value=${filter.value}
        placeholder="address, peer or state" onInput=${(event: Event) => {
    if (event.target instanceof HTMLInputElement) filter.value = event.target.value;
  }} /></label></div>
    ${total === 0 && empty(tick)}
    ${
    total > 0 && shown.length === 0 && html`
      <p
        class="muted">No row of ${count(items.length)} contains “${filter.value
          .trim()}”. <button onClick=${() => {
          filter.value = "";
        }}>Clear the filter</button></p>
    `
  }
    ${shown.length > 0 && table(HEADS, shown.map(row))}</section>`;
}
