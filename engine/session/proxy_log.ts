/** What the error log says of a proxied session. */
import { type Address, formatAddress } from "../lib/address.ts";
import type { RelayEnd } from "../runtime/runtime.ts";
import type { Session } from "./session.ts";

/** Why a relay ended: nginx's lines, whichever side it was. */
export function logEnd(session: Session, { by, failure }: RelayEnd, hasExpired: boolean): void {
  if (hasExpired) {
    session.action = "proxying connection";
    session.log("info", "connection timed out (110: Connection timed out)");
    return;
  }
  if (failure !== undefined) {
    const side = failure.side === "client" ? "client" : "upstream";
    const way = failure.call === "recv" ? "reading from" : "sending to";
    session.action = `proxying and ${way} ${side}`;
    const level = failure.side === "client" ? "info" : "error";
    session.log(level, `${failure.call}() failed`, failure.error);
  }
  if (by === "stop" || !session.server.log.takes("info")) return;
  const side = by === "client" ? "client" : "upstream";
  session.server.log.write("info", `${side} disconnected, ${session.bytesText()}`, session.id);
}

/** nginx's line for a peer that was reached: from where to where. */
export function logConnected(session: Session, local: Address, peer: string): void {
  const from = formatAddress(local);
  session.server.log.write("info", `proxy ${from} connected to ${peer}`, session.id);
}
