/** The variables of nginx's stream core: the client, the server, the session, the time. */
import { formatHost, isUnix } from "../lib/address.ts";
import { fromBytes } from "../lib/bytes.ts";
import { parseIp } from "../lib/ip.ts";
import { isoTime, localTime, secondsText } from "../lib/time_text.ts";
import type { Address } from "../runtime/runtime.ts";
import { proxyProtocolVariables } from "./proxy_variables.ts";
import type { Session } from "./session.ts";

/** Bytes of an address, as `$binary_remote_addr` has them. */
function binaryAddress(address: Address): string {
  if (isUnix(address)) return "unix:";
  const bytes = parseIp(address.host);
  return bytes === undefined ? "" : fromBytes(bytes);
}

function portText(address: Address): string {
  return isUnix(address) ? "" : String(address.port);
}

const wall = (session: Session) => session.worker.runtime.clock.wall();

interface Volatile {
  readonly volatile: true;
  get(session: Session): string;
}

/** By name; a volatile one is asked for every time. */
export const coreVariables: Readonly<
  Record<string, Volatile | ((session: Session) => string | undefined)>
> = {
  binary_remote_addr: (session) => binaryAddress(session.remote),
  bytes_received: (session) => String(session.meter.fromClient),
  bytes_sent: (session) => String(session.meter.toClient),
  connection: (session) => String(session.id),
  hostname: (session) => session.worker.runtime.host.hostname.toLowerCase(),
  msec: { volatile: true, get: (session) => secondsText(wall(session)) },
  nginx_version: () => "1.31.5",
  pid: (session) => String(session.worker.runtime.host.pid),
  protocol: () => "TCP",
  ...proxyProtocolVariables,
  remote_addr: (session) => formatHost(session.remote),
  remote_port: (session) => portText(session.remote),
  server_addr: (session) => formatHost(session.local),
  server_name: (session) => session.server.name,
  server_port: (session) => portText(session.local),
  session_time: {
    volatile: true,
    get: (session) => secondsText(session.worker.runtime.clock.now() - session.startedAt),
  },
  status: { volatile: true, get: (session) => String(session.status).padStart(3, "0") },
  time_iso8601: { volatile: true, get: (session) => isoTime(wall(session)) },
  time_local: { volatile: true, get: (session) => localTime(wall(session)) },
};
