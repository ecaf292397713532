/** A pattern under the eyes of its parser; `\Q...\E` is undone here. */
import { PatternError } from "./tree.ts";

export class Source {
  readonly text: string;
  at = 0;
  #isQuoting = false;

  constructor(text: string) {
    this.text = text;
    this.#enter();
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** Between `\Q` and `\E` every character stands for itself. */
  get isQuoting(): boolean {
    return this.#isQuoting;
  }

  looksAt(word: string): boolean {
    return !this.#isQuoting && this.text.startsWith(word, this.at);
  }

  take(word: string): boolean {
    if (!this.looksAt(word)) return false;
    this.at += word.length;
    this.#enter();
    return true;
  }

  next(): string {
    const char = this.text.charAt(this.at++);
    this.#enter();
    return char;
  }

  /** What a sticky expression matches here, taken; "" when it does not. */
  match(pattern: RegExp): string {
    if (this.#isQuoting) return "";
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.at += found.length;
    this.#enter();
    return found;
  }

  /** A name up to its end. */
  name(end: string): string {
    const name = this.match(/[A-Za-z_]\w*/y);
    if (name === "") throw new PatternError("subpattern name expected", this.at);
    if (name.length > 32) {
      throw new PatternError("subpattern name is too long (maximum 32 code units)", this.at);
    }
    if (!this.take(end)) {
      throw new PatternError("syntax error in subpattern name (missing terminator?)", this.at);
    }
    return name;
  }

  /** Behind `(?#`. */
  skipComment(): undefined {
    const end = this.text.indexOf(")", this.at);
    if (end < 0) throw new PatternError("missing ) after (?# comment", this.text.length);
    this.at = end + 1;
    this.#enter();
  }

  /** White space and `#` comments under (?x). */
  skipExtended(): void {
    while (!this.#isQuoting && this.match(/[ \t\n\v\f\r]+|#[^\n]*/y) !== "");
  }

  /** Passes the marks of quoting that stand here. */
  #enter(): void {
    for (;;) {
      const mark = this.#isQuoting ? "\\E" : "\\Q";
      if (this.text.startsWith(mark, this.at)) {
        this.at += 2;
        this.#isQuoting = !this.#isQuoting;
      } else if (!this.#isQuoting && this.text.startsWith("\\E", this.at)) this.at += 2;
      else return;
    }
  }
}
