/** PCRE patterns of bytes, run by the JavaScript engine: what differs is translated or refused. */
import { parsePattern } from "./parser.ts";
import { printPattern } from "./print.ts";
import { longestText } from "./risk.ts";
import { PatternError } from "./tree.ts";

export { PatternError } from "./tree.ts";

/** What a match found: the whole text and the captures; those that took no part are "". */
export type Captures = readonly string[];

export class Pattern {
  readonly source: string;
  /** Names of captures with their numbers. */
  readonly names: ReadonlyMap<string, number>;
  /** Longer texts are not tried. */
  readonly longest: number;
  readonly #expression: RegExp;
  /** Position in JavaScript's result, by the number of the capture. */
  readonly #positions: readonly number[];

  /** Texts are strings of bytes, one character for each. Throws PatternError. */
  constructor(source: string, { isCaseless = false } = {}) {
    this.source = source;
    const { tree, captures, names } = parsePattern(source, isCaseless);
    this.names = names;
    const longest = longestText(tree);
    if (longest === undefined) {
      throw new PatternError("it may take exponential time", source.length);
    }
    this.longest = longest;
    const text = printPattern(tree);
    this.#expression = new RegExp(text);
    const order = [...text.matchAll(/\(\?<([ag]\d+)>/g)].map(([, name]) => name);
    this.#positions = Array.from({ length: captures }, (_, at) => order.indexOf(`g${at + 1}`) + 1);
  }

  exec(text: string): Captures | undefined {
    if (text.length > this.longest) return undefined;
    const found = this.#expression.exec(text);
    if (found === null) return undefined;
    return [found[0], ...this.#positions.map((at) => found[at] ?? "")];
  }
}
