/** The adapter for Deno: native sockets, `Deno.serve` for the dashboard, and its permissions. */
import { chmodSync } from "node:fs";
import { isatty } from "node:tty";
import { isUnix } from "../lib/address.ts";
import { SystemError, toSystemError } from "../lib/errno.ts";
import { removeSocket } from "./common.ts";
import { DenoConnection } from "./deno_connection.ts";
import { listen } from "./deno_listen.ts";
import { denoRelay } from "./deno_relay.ts";
import { connect as connectNode, createNodeRuntime } from "./node.ts";
import type {
  Address,
  Connecting,
  ConnectOptions,
  Dialer,
  HttpServer,
  Needs,
  Runtime,
  SystemNeed,
} from "./runtime.ts";

type Fetch = (request: Request) => Response | Promise<Response>;

function serve(address: Address, fetch: Fetch): Deno.HttpServer<Deno.Addr> {
  if (isUnix(address)) return Deno.serve({ path: address.path, onListen() {} }, fetch);
  return Deno.serve({ hostname: address.host, port: address.port, onListen() {} }, fetch);
}

// The body is synchronous, but its errors have to be rejections.
// deno-lint-ignore require-await
async function serveHttp(address: Address, fetch: Fetch): Promise<HttpServer> {
  try {
    const server = serve(address, fetch);
    if (isUnix(address)) chmodSync(address.path, 0o600);
    const bound = server.addr;
    return {
      address: "port" in bound && !isUnix(address)
        ? { host: address.host, port: bound.port }
        : address,
      async close() {
        await Promise.race([server.shutdown(), new Promise((done) => setTimeout(done, 200))]);
        if (isUnix(address)) removeSocket(address.path);
      },
    };
  } catch (error) {
    throw toSystemError(error);
  }
}

/** One permission of Deno for each thing that is needed. */
/** Deno's words for what is asked of the system; becoming a user has none that a flag takes. */
const SYSTEM: Readonly<Record<SystemNeed, Omit<Deno.SysPermissionDescriptor, "name">>> = {
  user: {},
  hostname: { kind: "hostname" },
  priority: { kind: "setPriority" as "hostname" }, // the types of Deno lack it
};

function descriptors({ net, read, write, system }: Needs): readonly Deno.PermissionDescriptor[] {
  return [
    ...net === true
      ? [{ name: "net" as const }]
      : net.map((host) => ({ name: "net" as const, host })),
    ...pathsOf("read", read),
    ...pathsOf("write", write),
    ...system.map((need) => ({ name: "sys" as const, ...SYSTEM[need] })),
  ];
}

function pathsOf(name: "read" | "write", paths: readonly string[] | true) {
  return paths === true ? [{ name }] : paths.map((path) => ({ name, path }));
}

function flagOf(descriptor: Deno.PermissionDescriptor): string {
  if (descriptor.name === "net") return `net=${descriptor.host ?? ""}`;
  if (descriptor.name === "read" || descriptor.name === "write") {
    return `${descriptor.name}=${descriptor.path ?? ""}`;
  }
  return descriptor.name === "sys" ? `sys=${descriptor.kind ?? ""}` : descriptor.name;
}

/** Asks on a terminal; elsewhere only looks. */
async function permit(needs: Needs): Promise<readonly string[]> {
  const isAsking = isatty(0);
  const missing = new Map<string, string[]>();
  for (const descriptor of descriptors(needs)) {
    const status = isAsking
      ? await Deno.permissions.request(descriptor)
      : await Deno.permissions.query(descriptor);
    if (status.state === "granted") continue;
    const [kind = "", value = ""] = flagOf(descriptor).split(/=(.*)/s);
    missing.set(kind, [...missing.get(kind) ?? [], value]);
  }
  return [...missing].map(([kind, values]) => {
    const named = values.filter((value) => value !== "");
    return named.length < values.length ? `--allow-${kind}` : `--allow-${kind}=${named.join(",")}`;
  });
}

/** Deno opens its inspector on SIGUSR1 as soon as any signal listener exists. */
async function closeInspector(): Promise<void> {
  await new Promise((done) => setTimeout(done, 50));
  const { close } = await import("node:inspector");
  close();
}

/** Natively, but from a given source address by `node:net`: Deno's own connect cannot choose it. */
function connect(address: Address, options: ConnectOptions, dialer: Dialer): Connecting {
  if (options.source !== undefined) return connectNode(address, options, dialer);
  const abort = new AbortController();
  const { signal } = abort;
  open(address, signal).then(
    (conn) => {
      const connection = new DenoConnection(conn, address);
      if (!signal.aborted) return dialer.connected(connection);
      connection.close();
      dialer.refused(new SystemError("ECANCELED"));
    },
    (error) => dialer.refused(signal.aborted ? new SystemError("ECANCELED") : toSystemError(error)),
  );
  return { cancel: () => abort.abort() };
}

function open(address: Address, signal: AbortSignal): Promise<Deno.Conn> {
  if (isUnix(address)) return Deno.connect({ transport: "unix", path: address.path });
  return Deno.connect({ hostname: address.host, port: address.port, signal });
}

/** `initgroups` of the C library: Deno has no call of its own for it. */
function setGroups(name: string, gid: number): boolean {
  try {
    const symbols = { initgroups: { parameters: ["buffer", "u32"], result: "i32" } } as const;
    const library = Deno.dlopen("libc.so.6", symbols);
    const result = library.symbols.initgroups(new TextEncoder().encode(`${name}\0`), gid);
    library.close();
    return result === 0;
  } catch {
    return false; // no permission for foreign functions, or another C library
  }
}

const base = createNodeRuntime({
  name: "deno",
  version: Deno.version.deno,
  lacks: ["reset"],
  serveHttp,
  permit,
  setGroups,
  afterUsr1: () => void closeInspector().catch(() => {}), // without an inspector nothing was opened
});

export const runtime: Runtime = {
  ...base,
  listen,
  connect,
  relay: (client, peer, options) =>
    denoRelay(client, peer, options) ?? base.relay(client, peer, options),
};
