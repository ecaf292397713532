/**
 * nginx's lexer: cuts a file into statements, each character looked at once.
 *
 * `next` is longer than functions are elsewhere: it is one state machine in the order of nginx's own
 * (`ngx_conf_read_token`), because that order decides which of two errors is reported.
 */
import { ConfigError } from "./tree.ts";

/** What `next` found: the words before a `;` or `{`, a closing brace, or the end of the text. */
export type Token =
  | { readonly kind: "statement"; readonly words: readonly string[]; readonly line: number }
  | { readonly kind: "block"; readonly words: readonly string[]; readonly line: number }
  | { readonly kind: "close"; readonly line: number }
  | { readonly kind: "end"; readonly line: number };

/**
 * nginx's parser buffer: a word, with what is read until the next one begins, must be shorter.
 * A comment counts as a word here, so a long one is refused as nginx refuses it.
 */
const BUFFER_BYTES = 4096;

const LF = 10;
const SPACE = 32;
const DOUBLE_QUOTE = 34;
const HASH = 35;
const DOLLAR = 36;
const SINGLE_QUOTE = 39;
const CLOSE_PAREN = 41;
const SEMICOLON = 59;
const BACKSLASH = 92;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

function isSpace(code: number): boolean {
  return code === SPACE || code === 9 || code === 13 || code === LF;
}

/** The lexer of one text; `next` until it answers "end" or throws. */
export class Lexer {
  readonly #text: string;
  readonly #file: string | undefined;
  #at = 0;
  #line = 1;
  #steps = 0;

  /** `file` is undefined for the value of -g, which has no limit for a word either. */
  constructor(text: string, file: string | undefined) {
    this.#text = text;
    this.#file = file;
  }

  /** Characters looked at so far: what the promise of linear time is measured by. */
  get steps(): number {
    return this.#steps;
  }

  /** The next token. Throws ConfigError where nginx reports one. */
  next(): Token {
    const text = this.#text;
    const words: string[] = [];
    const limit = this.#file === undefined ? Infinity : BUFFER_BYTES;
    let start = this.#at; // of the last word or comment
    let startLine = this.#line;
    let betweenWords = true;
    let inComment = false;
    let quote = 0; // the quote that the word under way began with
    let afterQuote = false;
    let escaped = false;
    let afterDollar = false;
    while (this.#at < text.length) {
      if (this.#at - start >= limit) this.#tooLong(start, startLine, quote);
      const at = this.#at++;
      const code = text.charCodeAt(at);
      this.#steps += 1;
      if (code === LF) {
        this.#line += 1;
        inComment = false;
      }
      if (inComment) continue;
      if (escaped) {
        escaped = false;
        continue;
      }
      if (afterQuote) {
        if (code === SEMICOLON || code === OPEN_BRACE) return this.#found(code, words);
        if (!isSpace(code) && code !== CLOSE_PAREN) this.#unexpected(code);
        afterQuote = false;
        betweenWords = true; // a `)` begins the next word
        if (code !== CLOSE_PAREN) continue;
      }
      if (betweenWords) {
        start = at;
        startLine = this.#line;
        if (isSpace(code)) continue;
        if (code === HASH) {
          inComment = true;
          continue;
        }
        if (code === SEMICOLON || code === OPEN_BRACE) {
          if (words.length === 0) this.#unexpected(code);
          return this.#found(code, words);
        }
        if (code === CLOSE_BRACE) {
          if (words.length > 0) this.#unexpected(code);
          return { kind: "close", line: this.#line };
        }
        betweenWords = false;
        quote = code === DOUBLE_QUOTE || code === SINGLE_QUOTE ? code : 0;
        if (quote !== 0) start += 1;
        escaped = code === BACKSLASH;
        afterDollar = code === DOLLAR;
        continue;
      }
      if (code === OPEN_BRACE && afterDollar) continue;
      afterDollar = code === DOLLAR;
      if (code === BACKSLASH) {
        escaped = true;
      } else if (quote !== 0 ? code === quote : endsBareWord(code)) {
        words.push(unescape(text.slice(start, at)));
        if (quote === 0 && !isSpace(code)) return this.#found(code, words);
        afterQuote = quote !== 0;
        betweenWords = !afterQuote;
        quote = 0;
      }
    }
    if (words.length > 0 || !betweenWords) this.#unexpectedEnd();
    return { kind: "end", line: this.#line };
  }

  #found(code: number, words: readonly string[]): Token {
    return { kind: code === SEMICOLON ? "statement" : "block", words, line: this.#line };
  }

  #unexpected(code: number): never {
    throw this.#error(`unexpected "${String.fromCharCode(code)}"`);
  }

  #unexpectedEnd(): never {
    throw this.#error(
      this.#file === undefined
        ? 'unexpected end of parameter, expecting ";"'
        : 'unexpected end of file, expecting ";" or "}"',
    );
  }

  #tooLong(start: number, line: number, quote: number): never {
    const message = quote === 0
      ? `too long parameter "${this.#text.slice(start, start + 10)}..." started`
      : `too long parameter, probably missing terminating "${
        String.fromCharCode(quote)
      }" character`;
    throw new ConfigError(message, { file: this.#file, line });
  }

  #error(message: string): ConfigError {
    return new ConfigError(message, { file: this.#file, line: this.#line });
  }
}

function endsBareWord(code: number): boolean {
  return isSpace(code) || code === SEMICOLON || code === OPEN_BRACE;
}

const CONTROL: Readonly<Record<string, string>> = { t: "\t", r: "\r", n: "\n" };

/** Drops the backslash before quotes and itself, makes \t \r \n; every other pair stays. */
function unescape(word: string): string {
  if (!word.includes("\\")) return word;
  return word.replace(/\\(["'\\trn])/g, (_pair, char: string) => CONTROL[char] ?? char);
}
