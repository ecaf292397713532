/** --demo: a small server that says hello on each local peer where nothing listens. */
import { type Address, formatAddress, isUnix } from "../lib/address.ts";
import { toBytes } from "../lib/bytes.ts";
import { SystemError, toSystemError } from "../lib/errno.ts";
import type { Connection, Listener, Runtime, Timer } from "../runtime/runtime.ts";

/** The peers of a configuration, and the sockets that are the proxy's own. */
export interface DemoPlan {
  readonly sockets: readonly { readonly address: Address }[];
  readonly upstreams: readonly { readonly peers: readonly { readonly address: Address }[] }[];
}

/** Most servers, and most clients of one server, at a time. */
const MAX_SERVERS = 64;
const MAX_CLIENTS = 1024;

/** How long a peer may take to show that somebody listens. */
const PROBE_MS = 1000;
/** A client that says nothing for so long is let go, and so is one that does not hang up. */
const SILENCE_MS = 60_000;
const BACKLOG = 511;

export class DemoServers {
  readonly #runtime: Runtime;
  readonly #log: (message: string) => void;
  readonly #servers = new Map<string, Listener>();
  #clients = 0;

  constructor(runtime: Runtime, log: (message: string) => void) {
    this.#runtime = runtime;
    this.#log = log;
  }

  /** Starts what is missing; the addresses of the new servers, as nginx spells them. */
  async serve(plan: DemoPlan): Promise<readonly string[]> {
    const started: string[] = [];
    const seen = new Set<string>();
    for (
      const address of plan.upstreams.flatMap(({ peers }) => peers.map((peer) => peer.address))
    ) {
      const name = formatAddress(address);
      if (seen.has(name) || this.#servers.size >= MAX_SERVERS) continue;
      seen.add(name);
      const isWanted = isLocal(address) && !this.#servers.has(name) &&
        !isOwn(address, plan.sockets);
      if (isWanted && await this.#isFree(address) && await this.#start(address)) started.push(name);
    }
    return started;
  }

  /** Closes the servers; the files of unix sockets are removed. */
  async close(): Promise<void> {
    const listeners = [...this.#servers.values()];
    this.#servers.clear();
    await Promise.all(listeners.map((listener) => listener.close()));
  }

  #isFree(address: Address): Promise<boolean> {
    return new Promise((settle) => {
      const connecting = this.#runtime.connect(address, {}, {
        connected(connection) {
          timer.stop();
          connection.close();
          settle(false);
        },
        refused({ code }) {
          timer.stop();
          settle(code === "ECONNREFUSED" || code === "ENOENT");
        },
      });
      const timer = this.#runtime.clock.after(PROBE_MS, () => {
        connecting.cancel();
        settle(false);
      });
    });
  }

  async #start(address: Address): Promise<boolean> {
    const name = formatAddress(address);
    try {
      const listener = await this.#runtime.listen(address, {
        backlog: BACKLOG,
        ipv6Only: true,
        accept: (connection) => this.#accept(connection, name),
        failed: (error) => this.#log(`demo server on ${name}: accept() failed (${error.message})`),
      });
      this.#servers.set(name, listener);
      this.#log(`demo server on ${name}`);
      return true;
    } catch (error) {
      this.#log(`demo server: bind() to ${name} failed (${toSystemError(error).message})`);
      return false;
    }
  }

  #accept(connection: Connection, name: string): void {
    if (this.#clients >= MAX_CLIENTS) return connection.close();
    this.#clients += 1;
    const silence: Timer = this.#runtime.clock.after(SILENCE_MS, () => connection.close());
    void greet(connection, name).finally(() => {
      silence.stop();
      connection.close();
      this.#clients -= 1;
    });
  }
}

/** Answers the first bytes, or a client that has finished sending, then waits until it hangs up. */
async function greet(connection: Connection, name: string): Promise<void> {
  try {
    let received = await connection.read();
    await connection.write(toBytes(`hello from ${name}\n`));
    await connection.closeWrite();
    // Closed with unread bytes, a socket is reset and the answer may be lost.
    while (received !== null) received = await connection.read();
  } catch (error) {
    if (!(error instanceof SystemError)) throw error; // a client that went away needs no answer
  }
}

/** Only what this machine alone can reach. */
function isLocal(address: Address): boolean {
  return isUnix(address) || address.host.startsWith("127.") || address.host === "::1";
}

function isOwn(address: Address, sockets: DemoPlan["sockets"]): boolean {
  return sockets.some(({ address: own }) => {
    if (formatAddress(own) === formatAddress(address)) return true;
    if (isUnix(own) || isUnix(address) || own.port !== address.port) return false;
    return own.host === (address.host.includes(":") ? "::" : "0.0.0.0");
  });
}
