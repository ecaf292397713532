/** The phases of a session in nginx's order, and the walk through the handlers of a virtual server. */
import type { Session, VirtualServer } from "./session.ts";

/** Order of nginx; "log" runs when the session has ended, whatever the others said. */
export const PHASES = [
  "postAccept",
  "preAccess",
  "access",
  "ssl",
  "preread",
  "content",
  "log",
] as const;

export type Phase = typeof PHASES[number];

/** A handler's answer: next phase, next handler, session over. */
export type Verdict = "ok" | "declined" | "done";

/** Synchronous where it can be; only promises are awaited. */
export type PhaseHandler<C> = (session: Session, conf: C) => Verdict | Promise<Verdict>;

/** A handler with the configuration that it was merged for. */
export interface BoundHandler {
  readonly phase: Phase;
  run(session: Session): Verdict | Promise<Verdict>;
}

/** Walks the handlers from `index` on; without an answer of "done" the session ends with 500. */
export function runPhases(session: Session, index = 0): void {
  const { server } = session;
  const { handlers } = server;
  for (let at = index; at < handlers.length; at++) {
    const handler = handlers[at] as BoundHandler; // in range
    const verdict = handler.run(session);
    if (typeof verdict !== "string") {
      resume(session, verdict, { server, at });
      return;
    }
    if (verdict === "done") return;
    if (session.server !== server) {
      runPhases(session, firstBehind(session.server.handlers, handler.phase));
      return;
    }
    if (verdict === "ok") at = lastOfPhase(handlers, at);
  }
  session.log("error", "no handler for server");
  session.finish(500);
}

/** Where a session was when a handler made it wait. */
interface Pause {
  readonly server: VirtualServer;
  readonly at: number;
}

function resume(session: Session, pending: Promise<Verdict>, { server, at }: Pause): void {
  pending.then((verdict) => {
    if (verdict === "done") return;
    const { handlers } = session.server;
    const phase = server.handlers[at]?.phase ?? "content";
    const next = session.server !== server
      ? firstBehind(handlers, phase)
      : (verdict === "ok" ? lastOfPhase(handlers, at) : at) + 1;
    runPhases(session, next);
  }).catch((error) => session.failed(error));
}

/** Another server took over in `phase`: it goes on with the phases behind that one. */
function firstBehind(handlers: readonly BoundHandler[], phase: Phase): number {
  const rank = PHASES.indexOf(phase);
  const first = handlers.findIndex((handler) => PHASES.indexOf(handler.phase) > rank);
  return first < 0 ? handlers.length : first;
}

function lastOfPhase(handlers: readonly BoundHandler[], at: number): number {
  const phase = handlers[at]?.phase;
  let last = at;
  while (handlers[last + 1]?.phase === phase) last += 1;
  return last;
}
