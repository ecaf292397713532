/** The adapter over `node:net`, which works on Node, Bun and Deno alike. */
import { chmodSync } from "node:fs";
import { createSocket } from "node:dgram";
import { connect as connectSocket, createServer, type Server, type Socket } from "node:net";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { isUnix } from "../lib/address.ts";
import { SystemError, toSystemError } from "../lib/errno.ts";
import { fixedLocal, lookup, randomOf, removeSocket } from "./common.ts";
import { files } from "./files.ts";
import { clock, createHost, type HostParts } from "./host.ts";
import { serveNodeHttp } from "./http.ts";
import { HIGH_WATER_BYTES, localOf, NodeConnection, remoteOf } from "./node_connection.ts";
import { pushRelayFor } from "./push_relay.ts";
import type {
  Address,
  Capability,
  Connecting,
  ConnectOptions,
  DatagramSink,
  Dialer,
  Listener,
  ListenOptions,
  Runtime,
} from "./runtime.ts";

/** nginx makes its unix sockets writable for everybody. */
const SOCKET_MODE = 0o666;

function listen(address: Address, options: ListenOptions): Promise<Listener> {
  const server = createServer(
    { allowHalfOpen: true, noDelay: !isUnix(address), highWaterMark: HIGH_WATER_BYTES },
    (socket) => accepted(socket, address, options),
  );
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(toSystemError(error));
    server.once("error", failed);
    server.listen(listenOptions(address, options), () => {
      server.off("error", failed);
      server.on("error", (error) => options.failed(toSystemError(error)));
      if (isUnix(address)) chmodSync(address.path, SOCKET_MODE);
      resolve(listenerOf(server, address));
    });
  });
}

function listenOptions(address: Address, { backlog, ipv6Only }: ListenOptions) {
  if (isUnix(address)) return { path: address.path, backlog };
  const isV6 = address.host.includes(":");
  return {
    host: address.host,
    port: address.port,
    backlog,
    exclusive: true,
    ipv6Only: isV6 && ipv6Only,
  };
}

function accepted(socket: Socket, at: Address, options: ListenOptions): void {
  const connection = new NodeConnection(socket, {
    local: fixedLocal(at) ?? localOf(socket),
    remote: isUnix(at) ? { path: "" } : remoteOf(socket),
  });
  try {
    options.accept(connection);
  } catch (error) {
    // A bug above must not end the process; the client is not served.
    socket.destroy();
    options.failed(toSystemError(error));
  }
}

function listenerOf(server: Server, asked: Address): Listener {
  const bound = server.address();
  const address = isUnix(asked) || bound === null || typeof bound === "string"
    ? asked
    : { host: asked.host, port: bound.port };
  let closing: Promise<void> | undefined;
  return {
    address,
    close: () =>
      closing ??= new Promise<void>((resolve) => {
        // The callback would wait for the connections, which live on.
        server.close();
        if (isUnix(asked)) removeSocket(asked.path);
        resolve();
      }),
  };
}

function connectOptions(address: Address, { source }: ConnectOptions) {
  const shared = { allowHalfOpen: true, highWaterMark: HIGH_WATER_BYTES };
  if (isUnix(address)) return { ...shared, path: address.path };
  const target = { ...shared, host: address.host, port: address.port, noDelay: true };
  if (source === undefined || isUnix(source)) return { ...target, autoSelectFamily: false };
  const from = { localAddress: source.host, localPort: source.port };
  return { ...target, ...from, autoSelectFamily: false };
}

export function connect(address: Address, options: ConnectOptions, dialer: Dialer): Connecting {
  const socket = connectSocket(connectOptions(address, options));
  const at = { remote: address, dialer };
  new NodeConnection(socket, isUnix(address) ? { ...at, local: { path: "" } } : at);
  return { cancel: () => void socket.destroy() };
}

function datagramsTo(address: Address, failed: (error: SystemError) => void): DatagramSink {
  if (isUnix(address)) throw new SystemError("EINVAL");
  const { host, port } = address;
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  let isOpen = true;
  const lost = (error: unknown) => failed(toSystemError(error));
  socket.on("error", lost);
  socket.unref();
  return {
    send(bytes) {
      if (isOpen) socket.send(bytes, port, host, (error) => error && lost(error));
    },
    close() {
      if (isOpen) socket.close();
      isOpen = false;
    },
  };
}

const CAN: readonly Capability[] = [
  "bindSource",
  "ipv6Only",
  "reset",
  "backlog",
  "keepAlive",
  "reusePort",
  "unixSocket",
];

/** What differs where the same sockets run on another runtime. */
export interface NodeParts extends HostParts {
  readonly name: "node" | "bun" | "deno";
  readonly version: string;
  readonly lacks?: readonly Capability[];
  readonly serveHttp?: Runtime["serveHttp"];
  readonly permit?: Runtime["permit"];
}

/** A runtime over `node:net`. */
export function createNodeRuntime(parts: NodeParts): Runtime {
  return {
    name: parts.name,
    version: parts.version,
    can: new Set(CAN.filter((each) => parts.lacks?.includes(each) !== true)),
    clock,
    files,
    host: createHost(parts),
    listen,
    connect,
    relay: pushRelayFor(NodeConnection),
    datagramsTo,
    openMmdb: async (bytes) => (await import("./mmdb.ts")).openMmdb(bytes),
    gzip: (bytes, level) => gzipSync(bytes, { level }),
    lookup,
    random: Math.random,
    randomBytes: randomOf,
    serveHttp: parts.serveHttp ?? serveNodeHttp,
    permit: parts.permit ?? (() => Promise.resolve([])),
  };
}

export const runtime: Runtime = createNodeRuntime({
  name: "node",
  version: process.versions.node,
});
