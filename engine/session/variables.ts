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

/** All variables of a load by lower-case name. */
export class VariableTable {
  readonly #byName = new Map<string, BoundVariable>();
  #cached = 0;

  define(name: string, get: (session: Session) => string | undefined, volatile: boolean): void {
    const cacheIndex = volatile ? -1 : this.#cached++;
    this.#byName.set(name, { name, cacheIndex, get });
  }

  find(name: string): BoundVariable | undefined {
    return this.#byName.get(name);
  }
}

/** The variable's value, kept for the session at the first evaluation unless it is volatile. */
export function readVariable(session: Session, variable: BoundVariable): string | undefined {
  if (variable.cacheIndex < 0) return variable.get(session);
  const kept = session.variables.get(variable.cacheIndex);
  if (kept !== undefined) return kept ?? undefined;
  const value = variable.get(session);
  session.variables.set(variable.cacheIndex, value ?? null);
  return value;
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
      // No module of this language version captures, so a capture is always empty.
      if (part.kind === "capture") return "";
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
