/** Reads the PROXY header that a client of a `listen ... proxy_protocol` must send first. */
import { parseProxyHeader } from "../lib/proxy_protocol.ts";
import { Deadline } from "./deadline.ts";
import type { Session } from "./session.ts";

/** Sets `session.proxyHeader`; false when the session has ended instead. Never rejects. */
export async function readProxyHeader(session: Session, timeoutMs: number): Promise<boolean> {
  const deadline = new Deadline(session, timeoutMs, () => {
    // nginx calls that a normal end.
    session.log("info", "client timed out (110: Connection timed out)");
    session.finish(200);
  });
  session.action = "reading PROXY protocol";
  try {
    return await readHeader(session);
  } catch {
    session.finish(200); // the client was reset: nothing is owed to it
    return false;
  } finally {
    deadline.clear();
    session.action = "initializing session";
  }
}

async function readHeader(session: Session): Promise<boolean> {
  let held = new Uint8Array(0);
  for (;;) {
    const chunk = await session.client.read();
    if (session.ended) return false;
    held = chunk === null ? held : joined(held, chunk);
    const result = parseProxyHeader(held, chunk === null);
    if (result.kind === "more") continue;
    if (result.kind === "broken") {
      session.log("error", result.message);
      session.finish(400, "denied");
      return false;
    }
    session.proxyHeader = result.header;
    if (held.length > result.bytes) session.client.unread(held.subarray(result.bytes));
    return true;
  }
}

/** A copy: what was read is only valid until the next read. The header's size bounds it. */
function joined(held: Uint8Array, chunk: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(held.length + chunk.length);
  bytes.set(held);
  bytes.set(chunk, held.length);
  return bytes;
}
