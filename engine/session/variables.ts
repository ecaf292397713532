/** Variables and text with variables, compiled at load and evaluated per session. */
import { ConfigError } from "../config/tree.ts";
import type { ValueTree } from "../config/tree.ts";
import type { Session } from "./session.ts";

/** Undefined is nginx's "not found": empty in text, "-" in a log. */
export type VariableGetter<C> = (session: Session, conf: C) => string | undefined;

/** A variable of the language, bound to the configuration of its module. */
export interface BoundVariable {
  readonly name: string;
  /** Position in a session's cache; -1 when the value must be asked for every time. */
  readonly cacheIndex: number;
  get(session: Session): string | undefined;
}

type FamilyGetter = (session: Session, rest: string) => string | undefined;

/** How deep the value of one variable may ask for others, as in nginx. */
const MAX_DEPTH = 100;

/** A variable that the configuration names; a later directive may say anew what it is. */
interface OwnVariable extends BoundVariable {
  cacheIndex: number;
  get: (session: Session) => string | undefined;
}

/** All variables of a load by lower-case name. */
export class VariableTable {
  readonly #builtIn = new Map<string, BoundVariable>();
  readonly #own = new Map<string, OwnVariable>();
  readonly #families = new Map<string, FamilyGetter>();
  #cached = 0;

  define(name: string, get: (session: Session) => string | undefined, volatile: boolean): void {
    const cacheIndex = volatile ? -1 : this.#cached++;
    this.#builtIn.set(name, { name, cacheIndex, get });
  }

  /** All names that begin with `prefix`, which hand the rest of the name to the getter. */
  defineFamily(prefix: string, get: FamilyGetter): void {
    this.#families.set(prefix, get);
  }

  /**
   * The variable that a directive names as its own, `$name` as it is written. Without `get` it is
   * empty until a session is given a value. Throws ConfigError for a name that is built in or none.
   */
  own(
    written: string,
    { get, volatile = false }: {
      readonly get?: (session: Session) => string | undefined;
      readonly volatile?: boolean;
    } = {},
  ): BoundVariable {
    const name = ownName(written);
    if (this.#builtIn.has(name)) throw new ConfigError(`the duplicate "${name}" variable`);
    let variable = this.#own.get(name);
    if (variable === undefined) {
      variable = { name, cacheIndex: this.#cached++, get: () => "" };
      this.#own.set(name, variable);
    }
    if (get === undefined) return variable;
    variable.get = get;
    if (volatile) variable.cacheIndex = -1;
    return variable;
  }

  /** The variable of a named capture: not found until its expression has matched. */
  named(capture: string): BoundVariable {
    const name = capture.toLowerCase();
    const isKnown = this.find(name) !== undefined;
    return this.own(`$${name}`, isKnown ? {} : { get: () => undefined });
  }

  find(name: string): BoundVariable | undefined {
    return this.#builtIn.get(name) ?? this.#own.get(name) ?? this.#member(name);
  }

  /** One of a family, made when it is first asked for. */
  #member(name: string): BoundVariable | undefined {
    for (const [prefix, get] of this.#families) {
      if (!name.startsWith(prefix)) continue;
      const rest = name.slice(prefix.length);
      this.define(name, (session) => get(session, rest), false);
      return this.#builtIn.get(name);
    }
    return undefined;
  }
}

/** `$name` without the `$`, in lower case. */
function ownName(written: string): string {
  if (!/^\$./s.test(written)) throw new ConfigError(`invalid variable name "${written}"`);
  return written.slice(1).toLowerCase();
}

/** The variable's value, kept for the session at the first evaluation unless it is volatile. */
export function readVariable(session: Session, variable: BoundVariable): string | undefined {
  if (variable.cacheIndex < 0) return evaluate(session, variable);
  const kept = session.variables.get(variable.cacheIndex);
  if (kept !== undefined) return kept ?? undefined;
  const value = evaluate(session, variable);
  session.variables.set(variable.cacheIndex, value ?? null);
  return value;
}

/** Gives the session a value of its own for a variable; a volatile one keeps none. */
export function writeVariable(session: Session, { cacheIndex }: BoundVariable, value: string) {
  if (cacheIndex >= 0) session.variables.set(cacheIndex, value);
}

/** Evaluation is synchronous, so that one depth serves all sessions. */
let depth = 0;

function evaluate(session: Session, variable: BoundVariable): string | undefined {
  if (depth === MAX_DEPTH) {
    session.log("error", `cycle while evaluating variable "${variable.name}"`);
    return undefined;
  }
  depth += 1;
  try {
    return variable.get(session);
  } finally {
    depth -= 1;
  }
}

/** `$1` ... `$9`: what the last match found when the text is evaluated. */
function captureOf(index: number): BoundVariable {
  return { name: String(index), cacheIndex: -1, get: ({ captures }) => captures?.[index] ?? "" };
}

/** Text with variables, ready to be evaluated once `link` has bound it. */
export class ComplexValue {
  readonly source: string;
  /** The whole text where it has no variable, else undefined. */
  readonly constant: string | undefined;
  readonly #tree: ValueTree;
  #pieces: readonly (string | BoundVariable)[] = [];

  constructor(tree: ValueTree) {
    this.#tree = tree;
    this.source = tree.source;
    this.constant = tree.parts.every((part) => part.kind === "text")
      ? tree.parts.map((part) => part.kind === "text" ? part.text : "").join("")
      : undefined;
  }

  /** Binds the names; throws nginx's ConfigError, which has no place, for an unknown one. */
  link(table: VariableTable): void {
    this.#pieces = this.#tree.parts.map((part) => {
      if (part.kind === "text") return part.text;
      if (part.kind === "capture") return captureOf(part.index);
      const variable = table.find(part.name);
      if (variable === undefined) throw new ConfigError(`unknown "${part.name}" variable`);
      return variable;
    });
  }

  evaluate(session: Session): string {
    if (this.constant !== undefined) return this.constant;
    let text = "";
    for (const piece of this.#pieces) {
      text += typeof piece === "string" ? piece : readVariable(session, piece) ?? "";
    }
    return text;
  }

  /** As `evaluate`, with every variable's value passed through `escape` (undefined: not found). */
  evaluateEscaped(session: Session, escape: (value: string | undefined) => string): string {
    let text = "";
    for (const piece of this.#pieces) {
      text += typeof piece === "string" ? piece : escape(readVariable(session, piece));
    }
    return text;
  }
}
