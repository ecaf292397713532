/**
 * Listening on Deno: an accept loop that no error ends, and both families on one port.
 *
 * Deno cannot make a socket IPv6-only, so `0.0.0.0:P` and `[::]:P` cannot both be bound. One
 * socket on `[::]:P` then serves both, and hands each client to the listener of its family.
 */
import { chmodSync } from "node:fs";
import { isUnix } from "../lib/address.ts";
import { SystemError, toSystemError } from "../lib/errno.ts";
import { removeSocket } from "./common.ts";
import { DenoConnection } from "./deno_connection.ts";
import type { Address, InetAddress, Listener, ListenOptions } from "./runtime.ts";

/** Pause after a failed accept (EMFILE): long enough for descriptors to come back. */
const ACCEPT_PAUSE_MS = 100;
const SHORTAGES: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]);

/** Who gets a client; undefined when nobody listens for its family. */
type Choose = (connection: DenoConnection) => ListenOptions | undefined;

/** A bound socket and its accept loop. */
class Socket {
  readonly listener: Deno.Listener;
  readonly #choose: Choose;
  readonly #failed: (error: SystemError) => void;
  readonly #ended: Promise<void>;
  #isClosed = false;

  constructor(listener: Deno.Listener, choose: Choose, failed: (error: SystemError) => void) {
    this.listener = listener;
    this.#choose = choose;
    this.#failed = failed;
    this.#ended = this.#accept();
  }

  /** Settles when the descriptor is given back: until then the kernel still takes clients. */
  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.listener.close();
    }
    return this.#ended;
  }

  async #accept(): Promise<void> {
    while (!this.#isClosed) {
      try {
        this.#hand(new DenoConnection(await this.listener.accept()));
      } catch (error) {
        if (this.#isClosed) return;
        const failure = toSystemError(error);
        // A client that left before it was accepted has no address; that is no failure of ours.
        if (!SHORTAGES.has(failure.code)) continue;
        this.#failed(failure);
        await new Promise((done) => setTimeout(done, ACCEPT_PAUSE_MS));
      }
    }
  }

  #hand(connection: DenoConnection): void {
    const options = this.#choose(connection);
    if (options === undefined) connection.close();
    else options.accept(connection);
  }
}

/** The wildcard listeners of one port, behind one socket. */
interface Wild {
  socket: Socket;
  host: "0.0.0.0" | "::";
  readonly options: Map<"0.0.0.0" | "::", ListenOptions>;
}

const wilds = new Map<number, Wild>();

function isWild(host: string): host is Wild["host"] {
  return host === "0.0.0.0" || host === "::";
}

function bind({ host, port }: InetAddress, backlog: number): Deno.Listener {
  return Deno.listen({ hostname: host, port, tcpBacklog: backlog });
}

function portOf(listener: Deno.Listener): number {
  return "port" in listener.addr ? listener.addr.port : 0;
}

function chooseIn(options: Wild["options"]): Choose {
  return ({ remote }) => {
    const six = options.get("::");
    if ("host" in remote && remote.host.includes(":")) return six;
    return options.get("0.0.0.0") ?? (six?.ipv6Only === false ? six : undefined);
  };
}

function complain(options: Wild["options"]): (error: SystemError) => void {
  return (error) => {
    for (const each of options.values()) each.failed(error);
  };
}

async function listenWild(
  host: Wild["host"],
  address: InetAddress,
  options: ListenOptions,
): Promise<Listener> {
  const known = address.port > 0 ? wilds.get(address.port) : undefined;
  if (known?.options.has(host) === true) throw new SystemError("EADDRINUSE");
  const wild = known ?? openWild(host, address, options);
  const port = portOf(wild.socket.listener);
  if (known?.host === "0.0.0.0") await widen(known, { host: "::", port }, options.backlog);
  wild.options.set(host, options);
  wilds.set(port, wild);
  return {
    address: { host, port },
    close() {
      if (wild.options.get(host) !== options) return Promise.resolve();
      wild.options.delete(host);
      if (wild.options.size > 0) return Promise.resolve();
      wilds.delete(port);
      return wild.socket.close();
    },
  };
}

function openWild(host: Wild["host"], address: InetAddress, { backlog }: ListenOptions): Wild {
  const options: Wild["options"] = new Map();
  const socket = new Socket(bind(address, backlog), chooseIn(options), complain(options));
  return { socket, host, options };
}

/** The socket of one family makes place for one of both; where that fails it comes back. */
async function widen(wild: Wild, address: InetAddress, backlog: number): Promise<void> {
  await wild.socket.close();
  const open = (at: InetAddress) =>
    new Socket(bind(at, backlog), chooseIn(wild.options), complain(wild.options));
  try {
    wild.socket = open(address);
    wild.host = "::";
  } catch (error) {
    wild.socket = open({ ...address, host: "0.0.0.0" });
    throw error;
  }
}

function listenUnix(path: string, options: ListenOptions): Listener {
  const socket = new Socket(
    Deno.listen({ transport: "unix", path }),
    () => options,
    options.failed,
  );
  chmodSync(path, 0o666);
  let closing: Promise<void> | undefined;
  return {
    address: { path },
    close() {
      if (closing === undefined) removeSocket(path);
      return closing ??= socket.close();
    },
  };
}

function listenInet(address: InetAddress, options: ListenOptions): Listener {
  const socket = new Socket(bind(address, options.backlog), () => options, options.failed);
  return {
    address: { host: address.host, port: portOf(socket.listener) },
    close: () => socket.close(),
  };
}

export async function listen(address: Address, options: ListenOptions): Promise<Listener> {
  try {
    if (isUnix(address)) return listenUnix(address.path, options);
    const { host } = address;
    return isWild(host) ? await listenWild(host, address, options) : listenInet(address, options);
  } catch (error) {
    throw toSystemError(error);
  }
}
