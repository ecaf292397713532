/** The page: bar, navigation, banner, one view. The hash is the state. */
import { signal } from "@preact/signals";
import { render, type VNode } from "preact";
import type { Tick } from "../stream.ts";
import { connections } from "./connections.ts";
import { age, clock } from "./format.ts";
import { html } from "./html.ts";
import {
  attempt,
  isOutdated,
  lastAt,
  needsToken,
  now,
  refusal,
  restartedAt,
  signIn,
  start,
  tick,
  wasRefused,
} from "./live.ts";
import { listeners, overview, upstreams } from "./views.ts";

const VIEWS: Readonly<Record<string, readonly [string, (tick: Tick) => VNode]>> = {
  overview: ["Overview", overview],
  listeners: ["Listeners", listeners],
  upstreams: ["Upstreams", upstreams],
  connections: ["Connections", connections],
};

const STALE_MS = 3000;
const view = signal("overview");

function readHash(): void {
  const name = location.hash.slice(1);
  view.value = Object.hasOwn(VIEWS, name) ? name : "overview";
}

function toggleTheme(): void {
  const root = document.documentElement;
  const isDark = root.dataset["theme"] === undefined
    ? matchMedia("(prefers-color-scheme: dark)").matches
    : root.dataset["theme"] === "dark";
  root.dataset["theme"] = isDark ? "light" : "dark";
  localStorage.setItem("weir-theme", root.dataset["theme"]);
}

function SignIn(): VNode {
  const submit = (event: Event) => {
    event.preventDefault();
    const field = document.querySelector<HTMLInputElement>("#token");
    signIn(field?.value ?? "");
  };
  return html`<form class="sign" onSubmit=${submit}><strong>Weir</strong>
    <label for="token">Token, from the link that was printed at the start</label>
    ${
    wasRefused.value &&
    html`<p class="problem" role="alert">That token was refused. Every start has a new one.</p>`
  }
    <input id="token" type="password" autocomplete="off" required />
    <button>Open</button></form>`;
}

function Banner({ isStale }: { readonly isStale: boolean }): VNode | null {
  const data = tick.value;
  if (!isStale || data === undefined) return null;
  const seconds = Math.round((now.value - lastAt.value) / 1000);
  return html`<p class="banner" role="status">No data for ${seconds} s. Showing values from
    ${" "}${clock(data.status.at)}. Reconnecting (attempt ${attempt.value}).</p>`;
}

/** Counters of another process must not look like a sudden drop. */
function Restarted(): VNode | null {
  if (restartedAt.value === undefined) return null;
  const close = () => (restartedAt.value = undefined);
  return html`
    <p class="banner"
      role="status">The process restarted at ${clock(
        restartedAt.value,
      )}: its counters start again.${isOutdated.value
        ? " It is another version: reload this page."
        : ""} <button onClick=${close}>Close</button></p>
  `;
}

/** The tab says what is wrong, also while it is in the background. */
function titleOf({ status }: Tick, isStale: boolean): string {
  if (isStale) return "○ no data · Weir";
  const bad = status.upstreams.flatMap(({ peers }) => peers)
    .filter(({ state }) => state === "unavail").length;
  return bad === 0 ? "Weir" : `✕ ${bad} unavail · Weir`;
}

function App(): VNode {
  if (needsToken.value) return html`<${SignIn} />`;
  const data = tick.value;
  if (data === undefined) {
    return html`<p class="sign muted">${
      refusal.value === "" ? "Connecting …" : `No data: ${refusal.value}. Trying again.`
    }</p>`;
  }
  const isStale = now.value - lastAt.value > STALE_MS;
  const { version, runtime, config, process, at } = data.status;
  document.title = titleOf(data, isStale);
  const show = VIEWS[view.value]?.[1] ?? overview;
  return html`
    <div class=${isStale ? "stale" : ""}>
      <a class="skip" href="#main">Skip to content</a>
      <header><strong>Weir</strong>
          <span class="muted" title=${config.file}>${version} on ${runtime.name} ${runtime
            .version} · configuration ${config.generation} · up ${age(
              at - process.startedAt,
            )}</span>
          <span class="grow"></span>
          <span class=${isStale ? "s-busy" : "s-up"}>${isStale ? "○ stopped" : "● live"}</span>
          <button onClick=${toggleTheme}>Theme</button></header>
      <${Banner} isStale=${isStale} />
      <${Restarted} />
      <nav aria-label="Views">${Object.entries(VIEWS).map(([name, [title]]) =>
        html`<a key=${name} href=${`#${name}`} aria-current=${
          view.value === name ? "page" : undefined
        }>${title}</a>`
      )}</nav>
      <main id="main" tabindex="-1">${show(data)}</main>
    </div>
  `;
}

const theme = localStorage.getItem("weir-theme");
if (theme !== null) document.documentElement.dataset["theme"] = theme;
addEventListener("hashchange", readHash);
const root = document.querySelector("#app");
if (root !== null) render(html`<${App} />`, root);
start();
readHash();
