/** A regular expression of the configuration: a match leaves its captures with the session. */
import { ConfigError } from "../config/tree.ts";
import { Pattern, PatternError } from "../lib/pcre/pattern.ts";
import type { Session } from "./session.ts";
import { type BoundVariable, type VariableTable, writeVariable } from "./variables.ts";

export class Regex {
  readonly #pattern: Pattern;
  /** Named captures are variables, too. */
  readonly #named: readonly (readonly [BoundVariable, number])[];

  /** Throws ConfigError in nginx's words. */
  constructor(source: string, isCaseless: boolean, table: VariableTable) {
    this.#pattern = compile(source, isCaseless);
    this.#named = [...this.#pattern.names].map(([name, index]) => [table.named(name), index]);
  }

  matches(session: Session, text: string): boolean {
    if (text.length > this.#pattern.longest) {
      const { source, longest } = this.#pattern;
      session.log("error", `"${source}" was not tried on a text longer than ${longest} bytes`);
      return false;
    }
    const captures = this.#pattern.exec(text);
    if (captures === undefined) return false;
    session.captures = captures;
    for (const [variable, index] of this.#named) {
      writeVariable(session, variable, captures[index] ?? "");
    }
    return true;
  }
}

function compile(source: string, isCaseless: boolean): Pattern {
  try {
    return new Pattern(source, { isCaseless });
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const rest = source.slice(error.at);
    const at = rest === "" ? "" : ` at "${rest}"`;
    throw new ConfigError(`pcre2_compile() failed: ${error.message} in "${source}"${at}`);
  }
}
