/** A class of characters, `[...]`, as the set of its bytes. */
import { readCharacter } from "./escape.ts";
import { POSIX } from "./sets.ts";
import type { Source } from "./source.ts";
import { type ByteSet, caseless, inverted, PatternError, setOf, single } from "./tree.ts";

export class ClassReader {
  readonly #source: Source;
  readonly #isCaseless: boolean;
  #set: ByteSet = setOf(() => false);

  constructor(source: Source, isCaseless: boolean) {
    this.#source = source;
    this.#isCaseless = isCaseless;
  }

  /** Behind the opening bracket. Throws PatternError. */
  read(): ByteSet {
    const source = this.#source;
    const isNegated = source.take("^");
    for (let isFirst = true; isFirst || !source.looksAt("]"); isFirst = false) {
      if (source.isAtEnd) {
        throw new PatternError("missing terminating ] for character class", source.text.length);
      }
      this.#item();
    }
    source.take("]");
    const set = this.#isCaseless ? caseless(this.#set) : this.#set;
    return isNegated ? inverted(set) : set;
  }

  #item(): void {
    const source = this.#source;
    const from = this.#member();
    if (from === undefined) return;
    const next = source.text.charAt(source.at + 1);
    if (!source.looksAt("-") || next === "]" || next === "") {
      this.#add(single(from));
      return;
    }
    source.take("-");
    const to = this.#member();
    if (to === undefined) {
      // A class behind the hyphen: it stands for itself.
      this.#add(single(from));
      this.#add(single(45));
      return;
    }
    if (to < from) {
      throw new PatternError("range out of order in character class", source.at - 1);
    }
    this.#add(setOf((code) => code >= from && code <= to));
  }

  /** A byte; undefined for a whole set, which is added. */
  #member(): number | undefined {
    const source = this.#source;
    if (source.looksAt("[:") && /^\[:\^?\w*:\]/.test(source.text.slice(source.at))) {
      return this.#posix();
    }
    if (source.isQuoting || !source.looksAt("\\")) return source.next().charCodeAt(0);
    source.take("\\");
    if (source.take("b")) return 8;
    const escape = readCharacter(source);
    if (escape.kind === "byte") return escape.code;
    this.#add(escape.set);
    return undefined;
  }

  #posix(): undefined {
    const source = this.#source;
    const start = source.at;
    const word = source.match(/\[:\^?\w*:\]/y).slice(2, -2);
    const set = POSIX[word.replace("^", "")];
    if (set === undefined) throw new PatternError("unknown POSIX class name", start);
    this.#add(word.startsWith("^") ? inverted(set) : set);
  }

  #add(set: ByteSet): void {
    const before = this.#set;
    this.#set = setOf((code) => before[code] === 1 || set[code] === 1);
  }
}
