/** Asks a host with permissions for what the configuration needs, before anything starts. */
import { parseConfig, parseDirectives, type Reader } from "../config/parser.ts";
import type { Statement } from "../config/tree.ts";
import type { Address } from "../lib/address.ts";
import type { Needs, Runtime } from "../runtime/runtime.ts";
import { addNeeds, NeedsList } from "./needs.ts";
import { fullPath } from "./paths.ts";

/** Files that name further files which need a permission of their own: this often in a row. */
const MAX_ROUNDS = 32;

/** Most addresses and paths in a command that people can still read. */
const MAX_ITEMS = 32;

const ANYTHING: Needs = { net: true, read: true, write: true, system: [] };

/** What the command line already decides. */
export interface Wanted {
  readonly path: string;
  readonly prefix: string;
  readonly globals: string;
  readonly errorLog: string | undefined;
  readonly dashboard: Address | undefined;
  /** Where the pid file is when the configuration does not say it. */
  readonly pidFile: string;
  /** With -s it is read. */
  readonly readsPidFile: boolean;
}

/** Asks for reading these files; [] when granted, else the flags that would grant what is missing. */
export async function permitReading(
  runtime: Runtime,
  paths: readonly string[],
): Promise<readonly string[]> {
  const missing = await runtime.permit({ net: [], read: paths, write: [], system: [] });
  if (missing.length === 0) return [];
  // What else is needed stands in a file that cannot be read: only the kinds are known.
  return runtime.host.isTerminal("stdin") ? missing : await runtime.permit(ANYTHING);
}

/** Asks for all that the configuration needs; [] when granted, else all flags of a full command. */
export async function permitAll(runtime: Runtime, wanted: Wanted): Promise<readonly string[]> {
  const read = await readStatements(runtime, wanted.path);
  if (read.missing.length > 0) return read.missing;
  const { list } = read;
  for (const path of runtime.host.reads) list.read(path);
  if (wanted.dashboard !== undefined) list.socket(wanted.dashboard);
  const statements = [...parseDirectives(wanted.globals).statements, ...read.statements];
  addNeeds(list, statements, wanted.prefix);
  const named = statements.find(({ name }) => name === "pid")?.args[0];
  const pidFile = named === undefined ? wanted.pidFile : fullPath(wanted.prefix, named);
  list.write(pidFile);
  if (wanted.readsPidFile) list.read(pidFile);
  if (wanted.errorLog !== undefined && wanted.errorLog !== "stderr") list.write(wanted.errorLog);
  const missing = await runtime.permit(list.needs);
  return missing.length === 0 ? [] : allFlags(list.needs, missing);
}

/** Reads the configuration; files that it includes are asked for as they come up. */
async function readStatements(runtime: Runtime, path: string): Promise<{
  readonly statements: readonly Statement[];
  readonly list: NeedsList;
  readonly missing: readonly string[];
}> {
  const list = new NeedsList();
  const known = new Set([path]);
  list.read(path);
  for (let round = 1;; round++) {
    const reader = new NotingReader(runtime);
    const { statements } = parseConfig(path, reader);
    const fresh = [...reader.asked].filter((each) => !known.has(each));
    const missing = fresh.length === 0 ? [] : await permitReading(runtime, fresh);
    for (const each of fresh) {
      known.add(each);
      list.read(each);
    }
    const isWhole = missing.length > 0 || fresh.length === 0 || !reader.failed;
    if (isWhole || round === MAX_ROUNDS) return { statements, list, missing };
  }
}

/** Notes which files and folders the parser asks for, and whether one could not be read. */
class NotingReader implements Reader {
  readonly asked = new Set<string>();
  failed = false;
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  read(path: string): Uint8Array {
    return this.#note(path, () => this.#runtime.files.read(path));
  }

  list(path: string): readonly string[] {
    return this.#note(path, () => this.#runtime.files.list(path));
  }

  #note<T>(path: string, run: () => T): T {
    this.asked.add(path);
    try {
      return run();
    } catch (error) {
      this.failed = true;
      throw error;
    }
  }
}

/** Flags for all needs, with what else the host misses behind them. */
function allFlags(needs: Needs, missing: readonly string[]): readonly string[] {
  const kinds = ["net", "read", "write"] as const;
  const flags = kinds.map((kind) => flagOf(`--allow-${kind}`, needs[kind]));
  const own = new Set(kinds.map((kind) => `--allow-${kind}`));
  const others = missing.filter((flag) => !own.has(flag.replace(/=.*/s, "")));
  return [...flags.filter((flag) => flag !== undefined), ...others];
}

function flagOf(name: string, items: readonly string[] | true): string | undefined {
  if (items !== true && items.length === 0) return undefined;
  // A comma parts the items: a path that has one cannot be spelled.
  const isSpelled = items !== true && items.length <= MAX_ITEMS &&
    !items.some((item) => item.includes(","));
  return isSpelled ? `${name}=${items.join(",")}` : name;
}

/** The text that is printed where nobody can be asked. */
export function permissionText(flags: readonly string[], command: {
  readonly program: string;
  readonly args: readonly string[];
}): string {
  const words = ["deno", "run", ...flags, command.program, ...command.args].map(quoted);
  return "weir: Deno does not allow what this configuration needs. This command does:\n\n" +
    `  ${words.join(" ")}\n\n`;
}

/** A word for the shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
