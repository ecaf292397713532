/** Rates of single connections: what moved between the last two ticks, by the server's clock. */
import type { Tick } from "../stream.ts";

/** Bytes a second of each connection that both ticks have, both ways together. */
export function ratesOf(before: Tick | undefined, now: Tick): ReadonlyMap<number, number> {
  const rates = new Map<number, number>();
  if (before === undefined) return rates;
  const seconds = (now.status.monotonicMs - before.status.monotonicMs) / 1000;
  if (seconds <= 0 || before.status.process.startedAt !== now.status.process.startedAt) {
    return rates;
  }
  const moved = new Map<number, number>();
  for (const { id, received, sent } of before.connections.items) moved.set(id, received + sent);
  for (const { id, received, sent } of now.connections.items) {
    const then = moved.get(id);
    if (then !== undefined) rates.set(id, (received + sent - then) / seconds);
  }
  return rates;
}
