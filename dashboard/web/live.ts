/** The live state: one stream with the token, read over fetch, reconnected when it stops. */
import { signal } from "@preact/signals";
import type { Tick } from "../stream.ts";
import { ratesOf } from "./rates.ts";

export const tick = signal<Tick | undefined>(undefined);
/** Bytes a second of each connection, by its id. */
export const rates = signal<ReadonlyMap<number, number>>(new Map());
/** Set once the process behind the page is another one: its counters start again. */
export const restartedAt = signal<number | undefined>(undefined);
/** Set once the page is older than the program that serves the data. */
export const isOutdated = signal(false);
/** Why the stream cannot be had, when the server said so. */
export const refusal = signal("");
/** When the last tick came (performance.now), and how often was tried since. */
export const lastAt = signal(0);
export const attempt = signal(0);
export const needsToken = signal(false);
/** The last token that was given is not the right one. */
export const wasRefused = signal(false);
/** Ticks each half second, so that staleness shows without data. */
export const now = signal(0);

const RETRY_MS = 1000;
const MAX_RETRY_MS = 15_000;
const KEY = "weir-token";

/** Takes the token out of the address bar, where it would be copied along. */
function takeToken(): string {
  const given = /[#&]token=([^&]+)/.exec(location.hash)?.[1];
  if (given !== undefined) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", "#overview");
  }
  return given ?? sessionStorage.getItem(KEY) ?? "";
}

export function signIn(token: string): void {
  sessionStorage.setItem(KEY, token.trim());
  needsToken.value = false;
  void connect();
}

export function start(): void {
  setInterval(() => (now.value = performance.now()), 500);
  void connect();
}

async function connect(): Promise<void> {
  for (;;) {
    try {
      if (!await readStream(takeToken())) return;
    } catch {
      // The banner says that there is no data; the next try follows.
    }
    attempt.value += 1;
    const wait = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.min(4, attempt.value - 1));
    await new Promise((done) => setTimeout(done, wait * (0.8 + 0.4 * Math.random())));
  }
}

/** False when the token was refused. */
async function readStream(token: string): Promise<boolean> {
  if (token === "") {
    needsToken.value = true;
    return false;
  }
  const answer = await fetch("/api/v1/stream", { headers: { authorization: `Bearer ${token}` } });
  if (answer.status === 401) {
    sessionStorage.removeItem(KEY);
    wasRefused.value = true;
    needsToken.value = true;
    return false;
  }
  if (!answer.ok || answer.body === null) {
    const { detail } = await answer.json();
    refusal.value = typeof detail === "string" ? detail : `status ${answer.status}`;
    throw new Error(`status ${answer.status}`);
  }
  refusal.value = "";
  wasRefused.value = false;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    text += read.value;
    const frames = text.split("\n\n");
    text = frames.pop() ?? "";
    for (const frame of frames) take(frame);
  }
  return true;
}

function take(frame: string): void {
  const data = frame.split("\n").find((line) => line.startsWith("data: "));
  if (data === undefined) return;
  const before = tick.value;
  const next: Tick = JSON.parse(data.slice(6));
  if (before !== undefined && before.status.process.startedAt !== next.status.process.startedAt) {
    restartedAt.value = next.status.process.startedAt;
    isOutdated.value = before.status.version !== next.status.version;
  }
  rates.value = ratesOf(before, next);
  tick.value = next;
  lastAt.value = performance.now();
  attempt.value = 0;
}
