/** Walks the tree of statements and gives each to the directive that the tables have for it. */
import { checkArgs } from "./config/args.ts";
import { ConfigError, type Statement } from "./config/tree.ts";
import type { AnyDirective, AnyModule, At, Load } from "./module.ts";
import { BlockScope } from "./scope.ts";

/** A directive and the module that declares it. */
interface Entry {
  readonly module: AnyModule;
  readonly directive: AnyDirective<unknown>;
}

/** All directives by name; one name may mean different things in different blocks. */
export type DirectiveTable = ReadonlyMap<string, readonly Entry[]>;

export function directiveTable(modules: readonly AnyModule[]): DirectiveTable {
  const table = new Map<string, Entry[]>();
  for (const module of modules) {
    for (const [name, directive] of Object.entries(module.directives)) {
      const entries = table.get(name) ?? [];
      entries.push({ module, directive });
      table.set(name, entries);
    }
  }
  return table;
}

export interface Walk {
  readonly table: DirectiveTable;
  /** Names that nginx has and the table has not yet. */
  readonly unbuilt: ReadonlySet<string>;
  readonly load: Load;
  /** Errors in the order in which nginx would meet them. */
  readonly errors: ConfigError[];
}

/** Reads the statements of a block into its scope, collecting every error. */
export async function walkBlock(
  walk: Walk,
  statements: readonly Statement[],
  scope: BlockScope,
): Promise<void> {
  for (const statement of statements) {
    try {
      const pending = readStatement(walk, statement, scope);
      if (pending !== undefined) await pending;
    } catch (error) {
      walk.errors.push(placed(error, statement));
    }
  }
}

/** The entry for a statement where it stands. Throws nginx's errors about words and braces. */
function findEntry({ table, unbuilt }: Walk, statement: Statement, scope: BlockScope): Entry {
  const { name } = statement;
  const entries = table.get(name);
  if (entries === undefined) throw new ConfigError(unknown(name, unbuilt));
  const entry = entries.find(({ directive }) => directive.contexts.includes(scope.context));
  if (entry === undefined) throw new ConfigError(`"${name}" directive is not allowed here`);
  const opens = entry.directive.block !== undefined;
  if (!opens && statement.block !== undefined) {
    throw new ConfigError(`directive "${name}" is not terminated by ";"`);
  }
  if (opens && statement.block === undefined) {
    throw new ConfigError(`directive "${name}" has no opening "{"`);
  }
  return entry;
}

function unknown(name: string, unbuilt: ReadonlySet<string>): string {
  return unbuilt.has(name)
    ? `"${name}" directive is not supported by this version of Weir`
    : `unknown directive "${name}"`;
}

/** A promise only where the directive waits for something (a name that is looked up) or has a block. */
function readStatement(
  walk: Walk,
  statement: Statement,
  scope: BlockScope,
): Promise<void> | undefined {
  const { module, directive } = findEntry(walk, statement, scope);
  const value = checkArgs(statement, directive.args);
  if (directive.repeat === undefined) {
    if (scope.seen.has(statement.name)) {
      throw new ConfigError(`"${statement.name}" directive is duplicate`);
    }
    scope.seen.add(statement.name);
  }
  const { block } = directive;
  const inner = block === undefined || block === "skip" || block === "entries"
    ? undefined
    : new BlockScope(block, scope, statement.place);
  const at: At = {
    ...statement.place,
    directive: statement.name,
    context: scope.context,
    scope,
    load: walk.load,
    inner,
    entries: block === "entries" ? statement.block ?? [] : [],
  };
  const conf = scope.conf(module);
  const pending = directive.set(conf, value, at);
  if (inner === undefined) return pending ?? undefined;
  return readBlock(walk, statement, { directive, conf, at, inner, pending });
}

async function readBlock(
  walk: Walk,
  statement: Statement,
  opened: {
    readonly directive: AnyDirective<unknown>;
    readonly conf: unknown;
    readonly at: At;
    readonly inner: BlockScope;
    readonly pending: void | Promise<void>;
  },
): Promise<void> {
  await opened.pending;
  const before = walk.errors.length;
  await walkBlock(walk, statement.block ?? [], opened.inner);
  // What a broken or unfinished block lacks would only hide what is wrong with it.
  const isWhole = statement.endLine !== undefined && walk.errors.length === before;
  if (isWhole) opened.directive.end?.(opened.conf, opened.at);
}

function placed(error: unknown, statement: Statement): ConfigError {
  if (!(error instanceof ConfigError)) throw error;
  if (error.place !== undefined) return error;
  return new ConfigError(error.message, statement.place, statement.name);
}
