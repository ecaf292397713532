/** What every request passes: Host allow-list, methods, token, headers. */
import type { Context, MiddlewareHandler } from "hono";

export interface SecurityOptions {
  readonly token: string;
  /** Values of the Host header that are answered, in lower case. */
  hosts(): readonly string[];
  /** Served on a unix socket: the file's mode guards it, the Host header says nothing. */
  readonly unix: boolean;
  /** Wall clock, ms. */
  now(): number;
}

/** Wrong tokens in a minute before further ones are turned away unseen. */
const MOST_FAILURES = 10;
const WINDOW_MS = 60_000;

/** Counts wrong tokens. The right one always passes, so nobody can be locked out by it. */
class Failures {
  readonly #now: () => number;
  #since = 0;
  #count = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** One more; true when there were too many in this minute. */
  add(): boolean {
    const now = this.#now();
    if (now - this.#since > WINDOW_MS) {
      this.#since = now;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count > MOST_FAILURES;
  }
}

const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; " +
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; " +
    "frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** An answer in the form of RFC 9457. */
export function problem(status: number, title: string, detail: string): Response {
  return new Response(JSON.stringify({ type: "about:blank", title, status, detail }), {
    status,
    headers: { "content-type": "application/problem+json" },
  });
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** Compares digests of equal length without an early exit. */
function sameDigest(a: Uint8Array, b: Uint8Array): boolean {
  let difference = 0;
  for (let at = 0; at < a.length; at++) difference |= (a[at] ?? 0) ^ (b[at] ?? 0);
  return difference === 0;
}

function needsToken(path: string): boolean {
  return path.startsWith("/api/") || path === "/metrics";
}

export function guard(options: SecurityOptions): MiddlewareHandler {
  const expected = digest(options.token);
  const failures = new Failures(() => options.now());
  return async (context, next) => {
    const refused = await refusal(context, options, { expected, failures });
    if (refused === undefined) await next();
    else context.res = refused;
    for (const [name, value] of Object.entries(HEADERS)) context.res.headers.set(name, value);
    return undefined;
  };
}

async function refusal(
  { req }: Context,
  options: SecurityOptions,
  { expected, failures }: { readonly expected: Promise<Uint8Array>; readonly failures: Failures },
): Promise<Response | undefined> {
  const host = req.header("host")?.toLowerCase();
  if (!options.unix && (host === undefined || !options.hosts().includes(host))) {
    return problem(421, "Misdirected request", "This dashboard does not answer to that host name");
  }
  if (req.method !== "GET" && req.method !== "HEAD") {
    const answer = problem(405, "Method not allowed", "The dashboard only reads");
    answer.headers.set("allow", "GET, HEAD");
    return answer;
  }
  if (!needsToken(req.path)) return undefined;
  const given = /^Bearer (\S{1,256})$/i.exec(req.header("authorization") ?? "")?.[1] ?? "";
  if (sameDigest(await digest(given), await expected)) return undefined;
  if (given !== "" && failures.add()) {
    const answer = problem(429, "Too many requests", "Too many wrong tokens in this minute");
    answer.headers.set("retry-after", "60");
    return answer;
  }
  const answer = problem(
    401,
    "Unauthorized",
    "Give the token of the printed link as a bearer token",
  );
  answer.headers.set("www-authenticate", "Bearer");
  return answer;
}
