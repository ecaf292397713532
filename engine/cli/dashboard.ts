/** Finds an address for the dashboard: the one that was asked for, or the next free port. */
import { type Address, formatAddress } from "../lib/address.ts";
import { SystemError } from "../lib/errno.ts";
import { DASHBOARD_HOST } from "./dashboard_address.ts";
import type { DashboardParts } from "./parts.ts";

/** Tried first, and how many ports are tried in all. */
const FIRST_PORT = 7070;
const PORTS = 21;

/** Where the dashboard listens by default. */
export const DEFAULT_DASHBOARD: Address = { host: DASHBOARD_HOST, port: FIRST_PORT };

/** A running dashboard, or what is to be said; `isFatal` when the asked address is taken. */
export type DashboardResult =
  | { readonly dashboard: DashboardParts }
  | { readonly message: string; readonly isFatal: boolean };

/** Undefined asks for the default address or a free port near it. */
export async function openDashboard(
  start: (address: Address) => Promise<DashboardParts>,
  asked: Address | undefined,
): Promise<DashboardResult> {
  const last = asked === undefined ? PORTS - 1 : 0;
  for (let step = 0;; step++) {
    const address = asked ?? { host: DASHBOARD_HOST, port: FIRST_PORT + step };
    try {
      return { dashboard: await start(address) };
    } catch (error) {
      const isTaken = error instanceof SystemError && error.code === "EADDRINUSE";
      if (isTaken && step < last) continue;
      return { message: messageOf(error, address), isFatal: isTaken && asked !== undefined };
    }
  }
}

function messageOf(error: unknown, address: Address): string {
  if (error instanceof SystemError) {
    return `bind() to ${formatAddress(address)} failed (${error.message})`;
  }
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
