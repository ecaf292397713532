/**
 * Weir: a TCP stream proxy and load balancer that speaks nginx's stream language.
 *
 * Run directly it is the program (`weir -h` says how); imported it is the engine for other
 * programs. Nothing runs on import.
 */
import { main } from "./engine/cli/main.ts";
import type { Engine } from "./engine/engine.ts";
import { detectRuntime, isEntry } from "./engine/runtime/detect.ts";
import type { Address, Runtime } from "./engine/runtime/runtime.ts";
import { formatAddress, isUnix } from "./engine/lib/address.ts";

export { Engine } from "./engine/engine.ts";
export type { Cycle, Loaded, LoadOptions } from "./engine/engine.ts";
export type { Runtime } from "./engine/runtime/runtime.ts";
export type * from "./engine/status/snapshot.ts";
export { detectRuntime } from "./engine/runtime/detect.ts";

export const VERSION = "0.1.0";

/** Bytes of the random token in the dashboard's link. */
const TOKEN_BYTES = 32;

/** A dashboard that answers. `link` carries the token behind `#`, where no log sees it. */
export interface RunningDashboard {
  readonly link: string;
  close(): Promise<void>;
}

/** Serves the engine's dashboard; the code of the dashboard is loaded only now. */
export async function startDashboard(
  runtime: Runtime,
  engine: Engine,
  address: Address,
): Promise<RunningDashboard> {
  const { createDashboard } = await import("./dashboard/dashboard.ts");
  const token = [...runtime.randomBytes(TOKEN_BYTES)]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const hosts: string[] = [];
  const dashboard = createDashboard(engine.status, {
    token,
    hosts: () => hosts,
    unix: isUnix(address),
    now: () => runtime.clock.wall(),
    after: (ms, run) => runtime.clock.after(ms, run),
  });
  const server = await runtime.serveHttp(address, (request) => dashboard.fetch(request));
  hosts.push(...hostNames(server.address));
  return {
    link: linkOf(server.address, token),
    async close() {
      dashboard.close();
      await server.close();
    },
  };
}

/** The values of a Host header that may reach the dashboard. */
function hostNames(address: Address): readonly string[] {
  if (isUnix(address)) return ["localhost"];
  const names = [formatAddress(address), `localhost:${address.port}`];
  return address.host === "127.0.0.1" || address.host === "::1" || address.host === "0.0.0.0" ||
      address.host === "::"
    ? [...names, `127.0.0.1:${address.port}`, `[::1]:${address.port}`]
    : names;
}

function linkOf(address: Address, token: string): string {
  if (isUnix(address)) return `${formatAddress(address)} (token ${token})`;
  const isAny = address.host === "0.0.0.0" || address.host === "::";
  const host = isAny ? `127.0.0.1:${address.port}` : formatAddress(address);
  return `http://${host}/#token=${token}`;
}

if (isEntry(import.meta)) {
  const runtime = await detectRuntime();
  await main(runtime, {
    version: VERSION,
    startDashboard: (engine, address) => startDashboard(runtime, engine, address),
  });
}
