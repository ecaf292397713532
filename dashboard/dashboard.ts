/** The dashboard: a page, an API, metrics and a stream of live state, over a `StatusSource`. */
import { Hono } from "hono";
import type { StatusSource } from "../engine/status/snapshot.ts";
import { ASSETS } from "./assets.ts";
import { metricsText } from "./metrics.ts";
import { guard, problem, type SecurityOptions } from "./security.ts";
import { Streams } from "./stream.ts";
import { readableCopy } from "./text.ts";

export interface DashboardOptions extends SecurityOptions {
  /** Calls once after `ms`. */
  after(ms: number, run: () => void): { stop(): void };
}

export interface Dashboard {
  fetch(request: Request): Response | Promise<Response>;
  close(): void;
}

/** Most connections in one answer of the API. */
const MAX_CONNECTIONS = 500;
const USUAL_CONNECTIONS = 200;

function limitOf(text: string | undefined): number | undefined {
  if (text === undefined) return USUAL_CONNECTIONS;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  return limit >= 1 && limit <= MAX_CONNECTIONS ? limit : undefined;
}

export function createDashboard(status: StatusSource, options: DashboardOptions): Dashboard {
  const app = new Hono();
  const streams = new Streams(status, options);
  app.use("*", guard(options));
  app.get("/", () => asset("index.html"));
  app.get("/assets/:name", ({ req }) => asset(req.param("name")));
  app.get("/healthz", ({ text }) => text("ok\n"));
  app.get("/readyz", ({ text }) => {
    const reasons = status.notReady();
    return reasons.length === 0 ? text("ready\n") : text(`${reasons.join("\n")}\n`, 503);
  });
  app.get("/api/v1/status", ({ json }) => json(readableCopy(status.snapshot())));
  app.get("/api/v1/connections", ({ req, json }) => {
    const limit = limitOf(req.query("limit"));
    if (limit === undefined) {
      return problem(400, "Wrong limit", `limit is a number from 1 to ${MAX_CONNECTIONS}`);
    }
    return json(readableCopy(status.connections(limit)));
  });
  app.get("/api/v1/events", ({ json }) => json({ items: readableCopy(status.events()) }));
  app.get("/api/v1/stream", () => streams.open());
  app.get("/metrics", () =>
    new Response(metricsText(readableCopy(status.snapshot())), {
      headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
    }));
  app.notFound(() => problem(404, "Not found", "There is nothing at this address"));
  app.onError(() => problem(500, "Internal error", "The dashboard failed; the proxy goes on"));
  return { fetch: (request) => app.fetch(request), close: () => streams.close() };
}

function asset(name: string): Response {
  const found = Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined;
  if (found === undefined) return problem(404, "Not found", "There is nothing at this address");
  return new Response(found.text, { headers: { "content-type": found.type } });
}
