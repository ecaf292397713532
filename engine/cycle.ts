/** One loaded generation of configuration: built completely, or refused with all its errors. */
import { findGroup, findUser } from "./lib/accounts.ts";
import { isUnix } from "./lib/address.ts";
import { fromBytes } from "./lib/bytes.ts";
import { toSystemError } from "./lib/errno.ts";
import { parseSyslog } from "./config/syslog.ts";
import { parseConfig, parseDirectives } from "./config/parser.ts";
import {
  ConfigError,
  type Place,
  type SourceFile,
  type Statement,
  type ValueTree,
} from "./config/tree.ts";
import { compileServer, defineVariables, logOf } from "./compile.ts";
import type { LogFiles, LogUse } from "./log_files.ts";
import type { Load, LogBuffer, LogCache } from "./module.ts";
import { core } from "./modules/core.ts";
import { MODULES } from "./modules/index.ts";
import { events, type EventsConf } from "./modules/events.ts";
import { main, type MainConf } from "./modules/main.ts";
import { UNBUILT } from "./modules/unbuilt.ts";
import { pass } from "./modules/pass.ts";
import { proxy } from "./modules/proxy.ts";
import { BlockScope, mergeScope } from "./scope.ts";
import type { AddressBase, Runtime } from "./runtime/runtime.ts";
import type { Log, LogStamp, LogTarget } from "./session/log.ts";
import { Regex } from "./session/regex.ts";
import { type BoundVariable, ComplexValue, VariableTable } from "./session/variables.ts";
import { type ListenTarget, planSockets, type ServerListens, type SocketPlan } from "./sockets.ts";
import { Groups, MemoryStore } from "./upstream/groups.ts";
import type { Upstream } from "./upstream/upstream.ts";
import { Zones } from "./upstream/zone.ts";
import { directiveTable, walkBlock } from "./walk.ts";

export interface LoadOptions {
  /** Full path of the main file. */
  readonly path: string;
  /** Ends with "/"; what relative paths start from. */
  readonly prefix: string;
  /** The value of -g. */
  readonly globals: string;
  /** The value of -e: where errors go that no `error_log` takes. */
  readonly errorLog?: string;
  /** With --demo notices are shown. */
  readonly demo: boolean;
}

/** A generation that can be started. */
export interface Cycle {
  readonly main: MainConf & EventsConf & { readonly pidFile: string };
  readonly sockets: readonly SocketPlan[];
  readonly upstreams: readonly Upstream[];
  readonly log: Log;
  readonly logs: LogUse;
  readonly memory: MemoryStore;
  readonly zones: Zones;
}

export interface Loaded {
  /** Undefined when there are errors. */
  readonly cycle: Cycle | undefined;
  readonly errors: readonly ConfigError[];
  readonly warnings: readonly ConfigError[];
  readonly notices: readonly string[];
  readonly files: readonly SourceFile[];
  /** What was read of the file, as far as it could be. */
  readonly statements: readonly Statement[];
}

/** Name of the pid file under the prefix, where `pid` names no other. */
const PID_FILE = "weir.pid";

const TABLE = directiveTable(MODULES);

/** Takes the place of a log that could not be opened, until the load has failed. */
const NOWHERE: LogTarget = { write() {} };

/** What one load collects on its way. */
class Loading implements Load {
  readonly groups: Groups;
  readonly can: Load["can"];
  readonly runtimeName: string;
  readonly errors: ConfigError[] = [];
  /** Of log files. */
  readonly unopened: ConfigError[] = [];
  readonly warnings: ConfigError[] = [];
  readonly notices: string[] = [];
  readonly values: ComplexValue[] = [];
  isLinked = false;
  readonly zones: Zones;
  readonly variables = new VariableTable();
  readonly #runtime: Runtime;
  readonly #prefix: string;
  readonly #logs: LogUse;
  /** Names of directives, by why they do nothing. */
  readonly #ineffective = new Map<string, ReadonlySet<string>>();
  readonly #found = new Map<string, Promise<readonly string[]>>();

  constructor(
    runtime: Runtime,
    options: LoadOptions,
    parts: { memory: MemoryStore; logs: LogUse; zones: Zones | undefined },
  ) {
    this.#runtime = runtime;
    this.#prefix = options.prefix;
    this.#logs = parts.logs;
    this.groups = new Groups(parts.memory);
    this.zones = new Zones(parts.zones);
    this.can = runtime.can;
    this.runtimeName = runtime.name;
    defineVariables(this.variables, MODULES);
  }

  variable(...own: Parameters<VariableTable["own"]>): BoundVariable {
    return this.variables.own(...own);
  }

  regex(source: string, { isCaseless }: { readonly isCaseless: boolean }): Regex {
    return new Regex(source, isCaseless, this.variables);
  }

  value(tree: ValueTree): ComplexValue {
    const value = new ComplexValue(tree);
    this.values.push(value);
    return value;
  }

  /** One look-up for each name of a load. */
  lookup(name: string): Promise<readonly string[]> {
    const known = this.#found.get(name);
    if (known !== undefined) return known;
    const found = this.#runtime.lookup(name);
    this.#found.set(name, found);
    return found;
  }

  /** Asked only where it is used: Deno has a permission for it. */
  get hostname(): string {
    return this.#runtime.host.hostname;
  }

  fullPath(path: string): string {
    return path.startsWith("/") ? path : this.#prefix + path;
  }

  openLog(path: string): Promise<LogTarget> | LogTarget {
    if (path.startsWith("syslog:")) return this.#openSyslog(path);
    const full = path === "stderr" ? path : this.fullPath(path);
    return this.#opened(full, () => this.#logs.open(full));
  }

  openBufferedLog(path: string, buffer: LogBuffer): LogTarget {
    const full = this.fullPath(path);
    const target = this.#opened(full, () => this.#logs.openBuffered(full, buffer));
    if (target !== undefined) return target;
    throw new ConfigError(`access_log "${path}" already defined with conflicting parameters`);
  }

  openPathLogs(cache: LogCache | undefined): (path: string, line: Uint8Array) => void {
    return this.#logs.openPaths(cache);
  }

  async #openSyslog(path: string): Promise<LogTarget> {
    const spec = parseSyslog(path);
    const { target } = spec;
    if (target.kind === "address" && isUnix(target.address)) {
      throw new ConfigError(`syslog to a unix socket is not supported on ${this.runtimeName}`);
    }
    if (target.kind === "address") return this.#logs.openSyslog(spec, target.address);
    const [host] = await this.lookup(target.host);
    if (host === undefined) {
      throw new ConfigError(`host not found in syslog server "${spec.server}"`);
    }
    return this.#logs.openSyslog(spec, { host, port: target.port });
  }

  /** As in nginx a file that cannot be opened is an error without a place, behind all others. */
  #opened<T extends LogTarget | undefined>(path: string, open: () => T): T | LogTarget {
    try {
      return open();
    } catch (error) {
      const text = `open() "${path}" failed (${toSystemError(error).message})`;
      this.unopened.push(new ConfigError(text));
      return NOWHERE;
    }
  }

  warn(message: string, place?: Place): void {
    this.warnings.push(new ConfigError(message, place));
  }

  notice(message: string): void {
    this.notices.push(message);
  }

  ineffective(directive: string, why: string): void {
    this.#ineffective.set(why, new Set([...this.#ineffective.get(why) ?? [], directive]));
  }

  /** One line about all directives without an effect. */
  noticeIneffective(): void {
    if (this.#ineffective.size === 0) return;
    const groups = [...this.#ineffective].map(([why, names]) =>
      `${[...names].map((name) => `"${name}"`).join(", ")} (${why})`
    );
    this.notice(`these directives have no effect: ${groups.join("; ")}`);
  }

  get isPrivileged(): boolean {
    return this.#runtime.host.userId() === 0;
  }

  get descriptorLimit(): number | undefined {
    return this.#runtime.host.descriptorLimit();
  }

  user(name: string): number | undefined {
    return findUser(this.#text("/etc/passwd"), name)?.uid;
  }

  group(name: string): number | undefined {
    return findGroup(this.#text("/etc/group"), name);
  }

  readBytes(path: string): Uint8Array | undefined {
    try {
      return this.#runtime.files.read(path);
    } catch {
      return undefined;
    }
  }

  openMmdb(bytes: Uint8Array): Promise<AddressBase> {
    return this.#runtime.openMmdb(bytes);
  }

  /** "" for a system without accounts: no name is found. */
  #text(path: string): string {
    return fromBytes(this.readBytes(path) ?? new Uint8Array());
  }

  fail(error: ConfigError): void {
    this.errors.push(error);
  }
}

/** Loads a configuration; nothing is bound, and logs are open only when it succeeded. */
export async function loadCycle(
  runtime: Runtime,
  options: LoadOptions,
  shared: { readonly logFiles: LogFiles; readonly previous: Cycle | undefined },
): Promise<Loaded> {
  const logs = shared.logFiles.use();
  const { previous } = shared;
  const memory = new MemoryStore(previous?.memory);
  const loading = new Loading(runtime, options, { memory, logs, zones: previous?.zones });
  const root = new BlockScope("main", undefined, { file: options.path, line: 0 });
  const { files, statements } = await readAll(runtime, options, loading, root);
  const cycle = loading.errors.length > 0
    ? undefined
    : await buildCycle(runtime, options, { loading, root, logs, memory });
  // Unknown variables are told with the other errors; nginx stops before it would see them.
  if (cycle === undefined && !loading.isLinked) linkValues(loading);
  const failed = cycle === undefined || loading.errors.length > 0;
  if (failed) logs.close();
  memory.forgetPrevious();
  const { errors, warnings, notices } = loading;
  return { cycle: failed ? undefined : cycle, errors, warnings, notices, files, statements };
}

/** Walks -g and the file; a syntax error comes after the errors of what stands before it. */
async function readAll(
  runtime: Runtime,
  options: LoadOptions,
  loading: Loading,
  root: BlockScope,
): Promise<Pick<Loaded, "files" | "statements">> {
  const walk = { table: TABLE, unbuilt: UNBUILT, load: loading, errors: loading.errors };
  const globals = parseDirectives(options.globals);
  await walkBlock(walk, globals.statements, root);
  if (globals.error !== undefined) loading.fail(globals.error);
  if (loading.errors.length > 0) return { files: [], statements: [] };
  const parsed = parseConfig(options.path, runtime.files);
  await walkBlock(walk, parsed.statements, root);
  if (parsed.error !== undefined) loading.fail(parsed.error);
  return parsed;
}

interface Built {
  readonly loading: Loading;
  readonly root: BlockScope;
  readonly logs: LogUse;
  readonly memory: MemoryStore;
}

async function buildCycle(
  runtime: Runtime,
  options: LoadOptions,
  { loading, root, logs, memory }: Built,
): Promise<Cycle | undefined> {
  mergeScope(root, MODULES);
  loading.errors.push(...await loading.groups.build((name) => loading.lookup(name)));
  linkValues(loading);
  loading.errors.push(...loading.zones.unsized());
  const stamp: LogStamp = { pid: runtime.host.pid, wall: () => runtime.clock.wall() };
  const target = await loading.openLog(options.errorLog ?? "stderr");
  const level = options.demo ? "notice" as const : "error" as const;
  const context = { modules: MODULES, load: loading, stamp, defaultLog: [{ target, level }] };
  loading.errors.push(...loading.unopened);
  loading.noticeIneffective();
  const scopes = serverScopes(root);
  if (scopes.length === 0) {
    loading.notice("there is no server to listen for: no stream block has one");
  }
  if (loading.errors.length > 0) return undefined;
  const servers = scopes.map((scope): ServerListens => ({
    server: compileServer(scope, context),
    place: scope.place,
    target: listenTarget(scope, loading.groups),
    listens: scope.conf(core).listens,
    names: scope.conf(core).names,
  }));
  const sockets = plan(servers, loading);
  const mainConf = root.conf(main);
  const { workerConnections } = root.conf(events);
  if (workerConnections !== undefined && workerConnections <= sockets.length) {
    const text = `${workerConnections} worker_connections are not enough for ${sockets.length}`;
    loading.fail(new ConfigError(`${text} listening sockets`));
  }
  const pidFile = mainConf.pidFile ?? loading.fullPath(PID_FILE);
  const upstreams = loading.groups.all;
  return {
    main: { ...mainConf, ...root.conf(events), pidFile },
    sockets,
    upstreams,
    log: logOf(root, context),
    logs,
    memory,
    zones: loading.zones,
  };
}

function linkValues(loading: Loading): void {
  loading.isLinked = true;
  for (const value of loading.values) {
    try {
      value.link(loading.variables);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      loading.fail(error);
    }
  }
}

function plan(servers: readonly ServerListens[], loading: Loading): readonly SocketPlan[] {
  try {
    return planSockets(servers, (message, place) => loading.warn(message, place));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    loading.fail(error);
    return [];
  }
}

function serverScopes(root: BlockScope): readonly BlockScope[] {
  const streams = root.children.filter((scope) => scope.context === "stream");
  return streams.flatMap((stream) => stream.children.filter(({ context }) => context === "server"));
}

function listenTarget(scope: BlockScope, groups: Groups): ListenTarget {
  if (scope.content === undefined) return { kind: "none", name: "no handler" };
  if (scope.content === "return") return { kind: "return", name: "return" };
  if (scope.content === "pass") {
    return { kind: "pass", name: scope.conf(pass).value?.source ?? "" };
  }
  const name = scope.conf(proxy).target?.text ?? "";
  return { kind: groups.find(name)?.isNamed === true ? "upstream" : "address", name };
}
