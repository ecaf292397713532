/**
 * How many connections the process may hold: `worker_connections` and the descriptor limit.
 *
 * Running out of descriptors is survivable on no runtime, so the process never gets there: it
 * holds a ceiling below the limit, with spare descriptors for logs, the dashboard and reloads.
 */
import type { Runtime } from "./runtime/runtime.ts";
import type { Limits } from "./session/worker.ts";

/** What a runtime holds open on its own where this cannot be counted. */
const USUAL_OPEN = 40;
/** Spare descriptors, and those that the dashboard may use; less under a small limit. */
const SPARE = 64;
const DASHBOARD = 64;

/** Descriptors open right now; counted where /proc can be read. */
function openNow({ files }: Runtime): number {
  try {
    return files.list("/proc/self/fd").length;
  } catch {
    return USUAL_OPEN; // no /proc, or no permission to read it
  }
}

export function budget(
  runtime: Runtime,
  need: { readonly workerConnections: number | undefined; readonly listeners: number },
): Limits {
  const limit = runtime.host.descriptorLimit();
  const connections = need.workerConnections ?? Infinity;
  if (limit === undefined) return { connections, descriptors: Infinity };
  const small = Math.floor(limit / 8);
  const reserve = openNow(runtime) + need.listeners + Math.min(SPARE, small) +
    Math.min(DASHBOARD, small);
  return { connections, descriptors: Math.max(2, limit - reserve) };
}

/** The most sessions that fit, each with a peer, and what limits them. */
export function sessionCeiling(
  { connections, descriptors }: Limits,
): { readonly ceiling: number; readonly from: "worker_connections" | "descriptors" } {
  const byDescriptors = Math.floor(descriptors / 2);
  const byConnections = Math.floor(connections / 2);
  return byConnections < byDescriptors
    ? { ceiling: byConnections, from: "worker_connections" }
    : { ceiling: byDescriptors, from: "descriptors" };
}
