/** The phases of a session in nginx's order, and the walk through the handlers of a virtual server. */
import type { Session } from "./session.ts";

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
  const { handlers } = session.server;
  for (let at = index; at < handlers.length; at++) {
    const handler = handlers[at] as BoundHandler; // in range
    const verdict = handler.run(session);
    if (typeof verdict !== "string") {
      resume(session, verdict, at);
      return;
    }
    if (verdict === "done") return;
    if (verdict === "ok") at = lastOfPhase(handlers, at);
  }
  session.log("error", "no handler for server");
  session.finish(500);
}

function resume(session: Session, pending: Promise<Verdict>, at: number): void {
  pending.then((verdict) => {
    if (verdict === "done") return;
    const { handlers } = session.server;
    runPhases(session, (verdict === "ok" ? lastOfPhase(handlers, at) : at) + 1);
  }).catch((error) => session.failed(error));
}

function lastOfPhase(handlers: readonly BoundHandler[], at: number): number {
  const phase = handlers[at]?.phase;
  let last = at;
  while (handlers[last + 1]?.phase === phase) last += 1;
  return last;
}
