/** Starts, reloads, drains and ends: the life of the process's listeners and sessions. */
import { type Address, formatAddress, isUnix } from "./lib/address.ts";
import { type SystemError, toSystemError } from "./lib/errno.ts";
import { budget } from "./budget.ts";
import { ConfigError } from "./config/tree.ts";
import { type Cycle, loadCycle, type Loaded, type LoadOptions } from "./cycle.ts";
import { Gate } from "./gate.ts";
import { LogFiles } from "./log_files.ts";
import { Reporter } from "./report.ts";
import type { Runtime } from "./runtime/runtime.ts";
import { Log } from "./session/log.ts";
import { Worker } from "./session/worker.ts";
import type { SocketPlan } from "./sockets.ts";
import type { ListenerCounters } from "./status/counters.ts";
import type { StatusSource } from "./status/snapshot.ts";

export type { Cycle, Loaded, LoadOptions } from "./cycle.ts";

/** nginx tries five times, half a second apart. */
const BIND_TRIES = 5;
const BIND_PAUSE_MS = 500;

export class Engine {
  readonly status: StatusSource;
  readonly #runtime: Runtime;
  readonly #options: LoadOptions;
  readonly #logFiles: LogFiles;
  readonly #worker: Worker;
  readonly #reporter: Reporter;
  readonly #gates = new Map<string, Gate>();
  /** Counters of listeners that left the configuration, by address: totals never go back. */
  readonly #retired = new Map<string, ListenerCounters>();
  readonly #firstLog: Log;
  #cycle: Cycle | undefined;
  /** Whom the process became. */
  #user: string | undefined;
  #reloading = false;
  #draining: Promise<void> | undefined;

  constructor(runtime: Runtime, options: LoadOptions, version: string) {
    this.#runtime = runtime;
    this.#options = options;
    this.#logFiles = new LogFiles(runtime);
    this.#worker = new Worker(runtime);
    this.#worker.doorOf = (address) => this.#doorOf(address);
    this.#reporter = new Reporter({
      runtime,
      version,
      file: options.path,
      worker: this.#worker,
      logFiles: this.#logFiles,
      gates: this.#gates,
      retired: this.#retired,
    });
    this.status = this.#reporter;
    const stamp = { pid: runtime.host.pid, wall: () => runtime.clock.wall() };
    this.#firstLog = new Log(stamp, [{ target: this.#logFiles.stderr, level: "notice" }]);
  }

  /** The main error log; before a configuration is running it is the standard error stream. */
  get log(): Log {
    return this.#cycle?.log ?? this.#firstLog;
  }

  /** The running configuration. */
  get cycle(): Cycle | undefined {
    return this.#cycle;
  }

  /** Builds a cycle completely and starts nothing. */
  load(): Promise<Loaded> {
    return loadCycle(this.#runtime, this.#options, {
      logFiles: this.#logFiles,
      previous: this.#cycle,
    });
  }

  /** Binds what the cycle listens on; [] when it runs, else what failed, with nothing left open. */
  async start(cycle: Cycle): Promise<readonly ConfigError[]> {
    this.#setLimits(cycle);
    const errors = await this.#bind(cycle, cycle.log);
    if (errors.length > 0) return errors;
    this.#run(cycle);
    return [];
  }

  /**
   * `worker_priority` and `user`, for good: what is bound and open stays so. To be called once all
   * that needs the first user is done; what was refused as an error.
   */
  settle({ main: { priority, user }, log }: Cycle): ConfigError | undefined {
    const { files, host } = this.#runtime;
    try {
      if (priority !== undefined) host.setPriority(priority);
    } catch (error) {
      log.write("alert", `setpriority(${priority}) failed (${toSystemError(error).message})`);
    }
    if (user === undefined) return undefined;
    try {
      for (const path of this.#logFiles.openPaths) files.chown(path, user.uid, user.gid);
      const { left } = host.becomeUser(user);
      if (left !== undefined) log.write("alert", `${left} of the first user could not be given up`);
      this.#user = user.name;
      return undefined;
    } catch (error) {
      return new ConfigError(`becoming "${user.name}" failed (${toSystemError(error).message})`);
    }
  }

  /** Tries to bind as -t does: an address in use is no error, and nothing stays open. */
  async tryBind(cycle: Cycle): Promise<readonly ConfigError[]> {
    const errors: ConfigError[] = [];
    for (const plan of cycle.sockets) {
      const gate = new Gate(this.#worker, plan);
      const error = await gate.open(this.#runtime);
      if (error !== undefined && error.code !== "EADDRINUSE") errors.push(bindError(plan, error));
      await gate.close();
    }
    return errors;
  }

  /** The listening socket that takes clients of an address, as `pass` means it. */
  #doorOf(address: Address): Gate | undefined {
    const exact = this.#gates.get(formatAddress(address));
    if (exact !== undefined || isUnix(address)) return exact;
    const any = address.host.includes(":") ? "::" : "0.0.0.0";
    return this.#gates.get(formatAddress({ host: any, port: address.port }));
  }

  /** Replaces the configuration, or keeps the old one and logs why. True when it was replaced. */
  async reload(): Promise<boolean> {
    if (this.#reloading || this.#draining !== undefined) return false;
    this.#reloading = true;
    try {
      return await this.#reload();
    } finally {
      this.#reloading = false;
    }
  }

  async #reload(): Promise<boolean> {
    const loaded = await this.load();
    for (const warning of loaded.warnings) this.log.write("warn", String(warning));
    const { cycle } = loaded;
    const errors = cycle === undefined ? loaded.errors : await this.#bind(cycle, this.log);
    const [first] = errors;
    if (cycle === undefined || first !== undefined) {
      this.log.write("emerg", String(first));
      cycle?.logs.close();
      this.#reporter.reloaded(String(first));
      return false;
    }
    const old = this.#cycle;
    const retired = this.#worker.retire();
    this.#setLimits(cycle);
    this.#run(cycle);
    this.#limitShutdown(cycle, retired);
    this.#reporter.reloaded(undefined);
    void retired.idle().then(() => old?.logs.close());
    return true;
  }

  /** Opens every log file anew. */
  reopen(): void {
    for (const { path, error } of this.#logFiles.reopen()) {
      this.log.write("emerg", `open() "${path}" failed (${error.message})`);
    }
  }

  /** Stops listening; settles when the last session has ended by itself or was ended. */
  quit(): Promise<void> {
    return this.#draining ??= this.#quit();
  }

  async #quit(): Promise<void> {
    this.#reporter.draining();
    await this.#closeGates();
    const retired = this.#worker.retire();
    if (this.#cycle !== undefined) this.#limitShutdown(this.#cycle, retired);
    await this.#worker.idle();
    this.#logFiles.flush();
  }

  /** Ends everything now. */
  async stop(): Promise<void> {
    this.#draining ??= Promise.resolve();
    this.#reporter.draining();
    await this.#closeGates();
    for (const session of this.#worker.sessions()) session.kill(200);
    await this.#worker.idle();
    this.#logFiles.flush();
  }

  /** These peers are demo servers of this process: the status says so. */
  markDemo(addresses: readonly string[]): void {
    this.#reporter.markDemo(addresses);
  }

  #setLimits(cycle: Cycle): void {
    const listeners = cycle.sockets.length;
    const { workerConnections } = cycle.main;
    const limit = this.#runtime.host.descriptorLimit();
    if (workerConnections !== undefined && limit !== undefined && workerConnections > limit) {
      const text = `${workerConnections} worker_connections exceed open file resource limit`;
      cycle.log.write("warn", `${text}: ${limit}`);
    }
    this.#worker.limits = budget(this.#runtime, { workerConnections, listeners });
  }

  /** Opens the sockets that are not open yet. On failure those are closed again. */
  async #bind(cycle: Cycle, log: Log): Promise<readonly ConfigError[]> {
    const opened: Gate[] = [];
    const errors: ConfigError[] = [];
    for (const plan of cycle.sockets) {
      const key = formatAddress(plan.address);
      if (this.#gates.has(key)) continue;
      const gate = new Gate(this.#worker, plan, this.#retired.get(key));
      const error = await this.#open(gate, plan, log);
      if (error === undefined) opened.push(gate);
      else errors.push(bindError(plan, error));
      if (error?.code === "EACCES" && this.#user !== undefined) {
        const text = `${key} needs a restart: the process has become "${this.#user}" for good`;
        log.write("notice", text);
      }
    }
    if (errors.length > 0) {
      for (const gate of opened) await gate.close();
      return errors;
    }
    for (const gate of opened) {
      const key = formatAddress(gate.plan.address);
      this.#gates.set(key, gate);
      this.#retired.delete(key);
    }
    return [];
  }

  async #open(gate: Gate, plan: SocketPlan, log: Log): Promise<SystemError | undefined> {
    for (let tried = 1;; tried++) {
      const error = await gate.open(this.#runtime);
      if (error?.code !== "EADDRINUSE" || tried === BIND_TRIES) return error;
      if (tried === 1) log.write("emerg", bindError(plan, error).message);
      log.write("notice", `try again to bind() after ${BIND_PAUSE_MS}ms`);
      await new Promise<void>((resolve) => this.#runtime.clock.after(BIND_PAUSE_MS, resolve));
    }
  }

  /** Moves the configuration behind the listeners; those that are not asked for any more close. */
  #run(cycle: Cycle): void {
    const wanted = new Set<string>();
    for (const plan of cycle.sockets) {
      const key = formatAddress(plan.address);
      wanted.add(key);
      this.#gates.get(key)?.use(plan);
    }
    for (const [key, gate] of this.#gates) {
      if (wanted.has(key)) continue;
      this.#gates.delete(key);
      this.#retired.set(key, gate.counters);
      gate.close().catch((error) => this.#closeFailed(gate, error));
    }
    this.#cycle = cycle;
    this.#reporter.running(cycle);
  }

  async #closeGates(): Promise<void> {
    for (const gate of this.#gates.values()) {
      await gate.close().catch((error) => this.#closeFailed(gate, error));
    }
  }

  #closeFailed(gate: Gate, error: unknown): void {
    const text = toSystemError(error).message;
    this.log.write("error", `close() socket ${formatAddress(gate.plan.address)} failed (${text})`);
  }

  /** `worker_shutdown_timeout`: what has not ended by then is ended. */
  #limitShutdown(cycle: Cycle, retired: { end(): void }): void {
    const ms = cycle.main.shutdownTimeoutMs;
    if (ms !== undefined && ms > 0) this.#runtime.clock.after(ms, () => retired.end());
  }
}

function bindError(plan: SocketPlan, error: SystemError): ConfigError {
  const address: Address = plan.address;
  return new ConfigError(`bind() to ${formatAddress(address)} failed (${error.message})`);
}
