/** Looks at a client's first bytes without taking them: the preread phase. */
import { Deadline } from "./deadline.ts";
import type { Verdict } from "./phases.ts";
import type { Session } from "./session.ts";

export interface PrereadLimits {
  /** `preread_buffer_size`. */
  readonly bytes: number;
  /** `preread_timeout`, for the whole phase: bytes that trickle do not extend it. */
  readonly timeoutMs: number;
}

/** Reads until `decide` knows; all bytes are there again for who reads next. */
export async function preread(
  session: Session,
  { bytes, timeoutMs }: PrereadLimits,
  decide: (held: Uint8Array) => "again" | Verdict,
): Promise<Verdict> {
  // Who stays undecided is let go without a word, as in nginx.
  const deadline = new Deadline(session, timeoutMs, () => session.finish(200));
  session.action = "prereading client data";
  try {
    return await readUntil(session, bytes, decide);
  } catch {
    return session.finish(200); // the client was reset
  } finally {
    deadline.clear();
    if (!session.ended) session.action = "initializing session";
  }
}

async function readUntil(
  session: Session,
  most: number,
  decide: (held: Uint8Array) => "again" | Verdict,
): Promise<Verdict> {
  let held = new Uint8Array(0);
  for (;;) {
    const chunk = await session.client.read();
    if (session.ended) return "done";
    if (chunk === null) return session.finish(200);
    const more = new Uint8Array(held.length + chunk.length);
    more.set(held);
    more.set(chunk, held.length);
    held = more;
    const verdict = decide(held.subarray(0, most));
    if (verdict !== "again") {
      session.client.unread(held);
      return verdict;
    }
    if (held.length >= most) {
      session.log("error", "preread buffer full");
      return session.finish(400, "denied");
    }
  }
}
