/**
 * The contract: what a module of the language is.
 *
 * A module is a table. All that a feature adds (directives, phases, variables) is declared in one
 * typed object in one file under `engine/modules/`, listed in `modules/index.ts`.
 */
import type { ArgsSchema } from "./config/args.ts";
import type { ConfigError, Place, Statement, ValueTree } from "./config/tree.ts";
import type { LogTarget } from "./session/log.ts";
import type { Phase, PhaseHandler } from "./session/phases.ts";
import type { Regex } from "./session/regex.ts";
import type { ConfKey, Session } from "./session/session.ts";
import type { BoundVariable, ComplexValue, VariableGetter } from "./session/variables.ts";
import type { Groups } from "./upstream/groups.ts";
import type { Zones } from "./upstream/zone.ts";
import type { AddressBase, Capability } from "./runtime/runtime.ts";

/** Where a directive may stand: the top level, or the block that it names. */
export type Context = "main" | "events" | "stream" | "server" | "upstream";

/** One block of the configuration and what every module keeps for it. */
export interface Scope {
  readonly context: Context;
  readonly parent: Scope | undefined;
  readonly place: Place;
  /** The block's own configuration of a module; made by the module's `create` when first asked for. */
  conf<C>(module: ConfKey<C>): C;
  /** Name of the module whose content handler serves this block; the last one written wins. */
  content: string | undefined;
}

/** `buffer=`, `flush=` and `gzip=` of `access_log`. */
export interface LogBuffer {
  readonly bytes: number;
  readonly flushMs: number | undefined;
  readonly gzipLevel: number | undefined;
}

/** `open_log_file_cache`. */
export interface LogCache {
  readonly max: number;
  readonly inactiveMs: number;
  readonly minUses: number;
  readonly validMs: number;
}

/** What a `set` may use beside its own configuration: the services of the load that is going on. */
export interface Load {
  /** All groups of peers of this load. */
  readonly groups: Groups;
  /** All named zones of this load. */
  readonly zones: Zones;
  /** Compiles text with variables; bound to the variables at the end of the load. */
  value(tree: ValueTree): ComplexValue;
  /** The variable of the configuration's own that a directive names; see `VariableTable.own`. */
  variable(
    written: string,
    options?: {
      readonly get?: (session: Session) => string | undefined;
      readonly volatile?: boolean;
    },
  ): BoundVariable;
  /** Compiles a regular expression, once; its named captures become variables. */
  regex(source: string, options: { readonly isCaseless: boolean }): Regex;
  /** All literal addresses of a name, from the system's resolver; [] when there are none. */
  lookup(name: string): Promise<readonly string[]>;
  /** The bytes of a file by its full path; undefined when it cannot be read. */
  readBytes(path: string): Uint8Array | undefined;
  /** A MaxMind DB; rejects with Error for what is none. */
  openMmdb(bytes: Uint8Array): Promise<AddressBase>;
  /** A path relative to the prefix as a full path. */
  fullPath(path: string): string;
  /** Opens a log once per path ("stderr" and "syslog:..." are such). A file that cannot be opened is an error of the load. */
  openLog(path: string): Promise<LogTarget> | LogTarget;
  /** A file with a buffer in front; throws ConfigError where it has another one already. */
  openBufferedLog(path: string, buffer: LogBuffer): LogTarget;
  /** How to append to files whose paths sessions give. */
  openPathLogs(cache: LogCache | undefined): (path: string, line: Uint8Array) => void;
  /** Collects a warning; it never stops the load. */
  warn(message: string, place?: Place): void;
  /** Something that is not as in nginx: a line at start. */
  notice(message: string): void;
  /** A directive that was checked and has nothing to act on: one line names them all. */
  ineffective(directive: string, why: string): void;
  /** Whether the process may become another user. */
  readonly isPrivileged: boolean;
  /** Numbers of an account and of a group; undefined when the system has none of the name. */
  user(name: string): number | undefined;
  group(name: string): number | undefined;
  /** RLIMIT_NOFILE in force. */
  readonly descriptorLimit: number | undefined;
  /** Collects an error that is noticed late (after the directive itself was read). */
  fail(error: ConfigError): void;
  readonly can: ReadonlySet<Capability>;
  readonly runtimeName: string;
  readonly hostname: string;
}

/** Where a directive stands, handed to `set`. */
export interface At extends Place {
  readonly directive: string;
  readonly context: Context;
  readonly scope: Scope;
  readonly load: Load;
  /** The block that a block directive opens; only theirs. */
  readonly inner: Scope | undefined;
  /** What stands in a block of "entries", which the directive reads itself; else []. */
  readonly entries: readonly Statement[];
}

/** One word of the language. */
export interface Directive<C, T> {
  readonly contexts: readonly Context[];
  /** Number and types of the arguments in one value. */
  readonly args: ArgsSchema<T>;
  /** May stand more than once on a level; otherwise a second one is `is duplicate`. */
  readonly repeat?: true;
  /**
   * Opens a block: of directives with this context, or of "entries" with words of its own;
   * "skip" passes it over unread.
   */
  readonly block?: Context | "entries" | "skip";
  /** May throw ConfigError, without a place: the loader adds the directive's. */
  set(conf: C, value: T, at: At): void | Promise<void>;
  /** Called at the closing brace of the block. May throw ConfigError. */
  end?(conf: C, at: At): void;
}

/** A directive whose argument type is closed over; made by `moduleOf`. */
export type AnyDirective<C> = Directive<C, unknown>;

/** A variable: its getter, or with `volatile` when its value is never kept for the session. */
export type Variable<C> = VariableGetter<C> | {
  readonly get: VariableGetter<C>;
  readonly volatile: true;
};

/** A family of variables: what the name goes on with behind the prefix comes as `rest`. */
export type VariableFamily<C> = (session: Session, conf: C, rest: string) => string | undefined;

export interface Module<C> extends ConfKey<C> {
  readonly name: string;
  create(): C;
  /** Fills what `inner` left unset from the enclosing block; defaults stand here and nowhere else. */
  merge(outer: C, inner: C): void;
  readonly directives: Readonly<Record<string, AnyDirective<C>>>;
  /** False leaves the phases out of virtual servers that do not use the module. */
  uses?(conf: C): boolean;
  /** After merging, once for each virtual server: builds what sessions will read. */
  compile?(conf: C, scope: Scope, load: Load): void;
  readonly phases?: { readonly [P in Phase]?: PhaseHandler<C> };
  readonly variables?: Readonly<Record<string, Variable<C>>>;
  /** By prefix: "proxy_protocol_tlv_". */
  readonly families?: Readonly<Record<string, VariableFamily<C>>>;
}

/** A module whose configuration type is closed over; only the loader handles these. */
export type AnyModule = Module<unknown>;

/** The two makers of a module with configuration `C`. */
export interface ModuleMakers<C> {
  define(module: Module<C>): Module<C>;
  directive<T>(directive: Directive<C, T>): AnyDirective<C>;
}

/** Names the configuration type once; the schema's output type reaches `set`. */
export function moduleOf<C>(): ModuleMakers<C> {
  return {
    define: (module) => module,
    // The loader gives `set` only what the same entry's `args` returned, so T cannot be mistaken.
    directive: <T>(directive: Directive<C, T>) => directive as unknown as AnyDirective<C>,
  };
}
