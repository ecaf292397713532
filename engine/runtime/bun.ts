/** The adapter for Bun: native sockets, and `Bun.serve` for the dashboard. */
import { chmodSync } from "node:fs";
import { isUnix } from "../lib/address.ts";
import { toSystemError } from "../lib/errno.ts";
import { BunConnection, type BunSocket, localOf, remoteOf } from "./bun_connection.ts";
import { fixedLocal, removeSocket } from "./common.ts";
import { createNodeRuntime } from "./node.ts";
import { pushRelayFor } from "./push_relay.ts";
import type {
  Address,
  Connecting,
  ConnectOptions,
  Dialer,
  HttpServer,
  InetAddress,
  Listener,
  ListenOptions,
  Runtime,
} from "./runtime.ts";

/** Shared by all sockets: closures for each connection would cost more than the rest of it. */
const HANDLERS = {
  binaryType: "uint8array" as const,
  data: (socket: BunSocket, chunk: Uint8Array) => socket.data.onData(chunk),
  drain: (socket: BunSocket) => socket.data.onDrain(),
  end: (socket: BunSocket) => socket.data.onEnd(),
  close: (socket: BunSocket, error?: Error) => socket.data.onClose(error),
  error: (socket: BunSocket, error: Error) => socket.data.onFault(error),
};

const CONNECT_HANDLERS = {
  ...HANDLERS,
  open(socket: BunSocket): void {
    socket.data.socket = socket;
    socket.data.onConnect();
  },
};

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

function accepted(
  socket: BunSocket,
  local: Address | undefined,
  isUnixSocket: boolean,
  options: ListenOptions,
): void {
  const remote = isUnixSocket ? { path: "" } : remoteOf(socket);
  const connection = new BunConnection(local ?? localOf(socket), remote);
  connection.socket = socket;
  socket.data = connection;
  options.accept(connection);
}

// The body is synchronous, but its errors have to be rejections.
// deno-lint-ignore require-await
async function listen(address: Address, options: ListenOptions): Promise<Listener> {
  const local = fixedLocal(address);
  const open = (socket: BunSocket) => accepted(socket, local, isUnix(address), options);
  try {
    return isUnix(address) ? listenUnix(address.path, open) : listenInet(address, options, open);
  } catch (error) {
    throw toSystemError(error, "EADDRINUSE");
  }
}

type Open = (socket: BunSocket) => void;

function listenInet(address: InetAddress, { ipv6Only }: ListenOptions, open: Open): Listener {
  const place = {
    hostname: address.host,
    port: address.port,
    exclusive: true,
    ipv6Only: address.host.includes(":") && ipv6Only, // not in bun-types yet
  };
  const listener = Bun.listen<BunConnection>({
    ...place,
    allowHalfOpen: true,
    socket: { ...HANDLERS, open },
  });
  return {
    address: { host: address.host, port: listener.port },
    close: () => Promise.resolve(listener.stop(false)),
  };
}

function listenUnix(path: string, open: Open): Listener {
  const listener = Bun.listen<BunConnection>({
    unix: path,
    allowHalfOpen: true,
    socket: { ...HANDLERS, open },
  });
  chmodSync(path, 0o666);
  return {
    address: { path },
    close() {
      listener.stop(false);
      removeSocket(path);
      return Promise.resolve();
    },
  };
}

function connect(address: Address, { source }: ConnectOptions, dialer: Dialer): Connecting {
  const made = new BunConnection(isUnix(address) ? { path: "" } : undefined, address, dialer);
  open(address, source, made).catch((error) => made.onRefused(error));
  return made;
}

function open(
  address: Address,
  source: Address | undefined,
  data: BunConnection,
): Promise<BunSocket> {
  const allowHalfOpen = true;
  const socket = CONNECT_HANDLERS;
  if (isUnix(address)) return Bun.connect({ unix: address.path, allowHalfOpen, data, socket });
  const { host: hostname, port } = address;
  if (source === undefined || isUnix(source)) {
    return Bun.connect({ hostname, port, allowHalfOpen, data, socket });
  }
  const from = { localAddress: source.host, localPort: source.port }; // not in bun-types yet
  return Bun.connect({ ...from, hostname, port, allowHalfOpen, data, socket });
}

const base = createNodeRuntime({
  name: "bun",
  version: Bun.version,
  // Bun listens with a fixed queue of 512.
  lacks: ["backlog"],
  serveHttp,
});

export const runtime: Runtime = {
  ...base,
  listen,
  connect,
  relay: pushRelayFor(BunConnection),
};
