/** The adapter for Bun: its `node:net`, and `Bun.serve` for the dashboard. */
import { chmodSync } from "node:fs";
import { isUnix } from "../lib/address.ts";
import { toSystemError } from "../lib/errno.ts";
import { removeSocket } from "./common.ts";
import { createNodeRuntime } from "./node.ts";
import type { Address, HttpServer, Runtime } from "./runtime.ts";

function serve(address: Address, fetch: (request: Request) => Response | Promise<Response>) {
  // Bun cuts a response that is idle for ten seconds unless it is told otherwise.
  if (!isUnix(address)) {
    return Bun.serve({ hostname: address.host, port: address.port, idleTimeout: 0, fetch });
  }
  const server = Bun.serve({ unix: address.path, fetch });
  chmodSync(address.path, 0o600);
  return server;
}

async function serveHttp(
  address: Address,
  fetch: (request: Request) => Response | Promise<Response>,
): Promise<HttpServer> {
  try {
    const server = await serve(address, fetch);
    return {
      address: isUnix(address)
        ? address
        : { host: address.host, port: server.port ?? address.port },
      async close() {
        await server.stop(true);
        if (isUnix(address)) removeSocket(address.path);
      },
    };
  } catch (error) {
    throw toSystemError(error);
  }
}

export const runtime: Runtime = createNodeRuntime({
  name: "bun",
  version: Bun.version,
  // Bun listens with a fixed queue of 512.
  lacks: ["backlog"],
  serveHttp,
});
