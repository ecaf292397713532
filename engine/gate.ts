/** A listening socket and the configuration behind it; it outlives reloads. */
import { formatAddress } from "./lib/address.ts";
import { type SystemError, toSystemError } from "./lib/errno.ts";
import { core } from "./modules/core.ts";
import type { Connection, Listener, Runtime } from "./runtime/runtime.ts";
import { runPhases } from "./session/phases.ts";
import { readProxyHeader } from "./session/proxy_protocol.ts";
import { Session } from "./session/session.ts";
import type { Door, Passed, Worker } from "./session/worker.ts";
import type { SocketPlan } from "./sockets.ts";
import { ListenerCounters } from "./status/counters.ts";

/** Refused clients are counted one by one and logged once in this time. */
const COMPLAINT_MS = 1000;

export class Gate implements Door {
  plan: SocketPlan;
  readonly counters: ListenerCounters;
  /** Why accepting failed last, and when; for the status. */
  lastFailure: { readonly error: SystemError; readonly at: number } | undefined;
  /** When a client was last refused for a limit. */
  limitedAt = -Infinity;
  readonly #worker: Worker;
  #listener: Listener | undefined;
  #complainedAt = -Infinity;
  #refused = 0;

  /** `counters` are those of an address that was listened on before. */
  constructor(worker: Worker, plan: SocketPlan, counters?: ListenerCounters) {
    this.#worker = worker;
    this.plan = plan;
    this.counters = counters ?? new ListenerCounters(plan.address);
  }

  get isOpen(): boolean {
    return this.#listener !== undefined;
  }

  /** Binds; the error as a value. */
  async open(runtime: Runtime): Promise<SystemError | undefined> {
    try {
      this.#listener = await runtime.listen(this.plan.address, {
        backlog: this.plan.backlog,
        ipv6Only: this.plan.ipv6Only,
        accept: (connection) => this.#accept(connection),
        failed: (error) => this.#acceptFailed(error),
      });
      return undefined;
    } catch (error) {
      return toSystemError(error);
    }
  }

  /** From now on sessions run under this plan. */
  use(plan: SocketPlan): void {
    this.plan = plan;
  }

  async close(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.close();
  }

  #accept(connection: Connection): void {
    const crossed = this.#worker.crossed();
    if (crossed !== undefined) {
      this.#refuse(connection, crossed);
      return;
    }
    const worker = this.#worker;
    const { counters, plan } = this;
    const address = plan.addressOf(connection.local);
    const session = new Session(worker, connection, { id: worker.takeId(), address, counters });
    if (plan.keepAlive) connection.setKeepAlive(true);
    this.#begin(session);
  }

  /** A client that `pass` of another listener sends here. */
  enter(connection: Connection, { id, hops, local }: Passed): void {
    const { counters, plan } = this;
    const address = plan.addressOf(local);
    this.#begin(new Session(this.#worker, connection, { id, address, counters, hops, local }));
  }

  #begin(session: Session): void {
    const worker = this.#worker;
    this.counters.accepted(worker.runtime.clock.wall());
    worker.enter(session);
    try {
      if (session.server.log.takes("info")) logAccepted(session);
      if (session.address.hasProxyProtocol) beginBehindHeader(session);
      else runPhases(session);
    } catch (error) {
      session.failed(error);
    }
  }

  #refuse(connection: Connection, crossed: "worker_connections" | "descriptors"): void {
    connection.close();
    this.counters.refused();
    this.#refused += 1;
    const now = this.#worker.runtime.clock.now();
    this.limitedAt = now;
    if (now - this.#complainedAt < COMPLAINT_MS) return;
    this.#complainedAt = now;
    const { connections, descriptors } = this.#worker.limits;
    const what = crossed === "worker_connections"
      ? `${connections} worker_connections are not enough`
      : `${descriptors} open files are not enough`;
    const count = `${this.#refused} clients dropped so far`;
    const where = formatAddress(this.plan.address);
    this.#log("alert", `${what}: ${count}, server: ${where}`);
  }

  #acceptFailed(error: SystemError): void {
    this.lastFailure = { error, at: this.#worker.runtime.clock.now() };
    this.#log("crit", `accept() failed (${error.message})`);
  }

  #log(level: "alert" | "crit", message: string): void {
    this.plan.log.write(level, message);
  }
}

function beginBehindHeader(session: Session): void {
  const { proxyProtocolTimeoutMs = 0 } = session.server.conf(core);
  readProxyHeader(session, proxyProtocolTimeoutMs)
    .then((isRead) => isRead && runPhases(session))
    .catch((error) => session.failed(error));
}

/** nginx's line for a client: the number is part of the text, there is no context behind it. */
function logAccepted({ id, client, counters, server }: Session): void {
  const text = `client ${formatAddress(client.remote)} connected to ` +
    formatAddress(counters.address);
  server.log.write("info", text, id);
}
