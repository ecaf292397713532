/** Serves a `fetch` handler over `node:http`. */
import { chmodSync } from "node:fs";
import type { Server } from "node:http";
import { isUnix } from "../lib/address.ts";
import { toSystemError } from "../lib/errno.ts";
import { removeSocket } from "./common.ts";
import type { Address, HttpServer } from "./runtime.ts";

type Fetch = (request: Request) => Response | Promise<Response>;

/** Only the owner may reach a dashboard on a unix socket. */
const SOCKET_MODE = 0o600;
const HEADERS_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 64;

/** Loaded when the first server is asked for: without a dashboard it costs nothing. */
export async function serveNodeHttp(address: Address, fetch: Fetch): Promise<HttpServer> {
  const { createServer } = await import("node:http");
  const { getRequestListener } = await import("@hono/node-server");
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: 0, maxHeaderSize: 16_384 },
    getRequestListener(fetch, { overrideGlobalObjects: false }),
  );
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, address);
  const bound = server.address();
  return {
    address: isUnix(address) || bound === null || typeof bound === "string"
      ? address
      : { host: address.host, port: bound.port },
    close: () => close(server, address),
  };
}

function listen(server: Server, address: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(toSystemError(error)));
    const listening = () => {
      if (isUnix(address)) chmodSync(address.path, SOCKET_MODE);
      resolve();
    };
    if (isUnix(address)) server.listen(address.path, listening);
    else server.listen(address.port, address.host, listening);
  });
}

function close(server: Server, address: Address): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
    if (isUnix(address)) removeSocket(address.path);
  });
}
