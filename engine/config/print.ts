/** Prints a tree as a configuration that reads as the same tree. */
import { Lexer } from "./lexer.ts";
import { ConfigError, type Statement } from "./tree.ts";

const INDENT = "    ";

/** Words without any char that ends, quotes or escapes; `${name}` is safe as well. */
const BARE = /^[^ \t\r\n;{}"'\\#$](?:[^ \t\r\n;{\\$]|\$\{?\w+\}?)*$|^(?:\$\{\w+\}|\$\w+)+$/;

/** Longest word that is known to fit into the lexer's buffer without a look. */
const SURE_BYTES = 2000;

/** The text of statements, one a line; files that were included stand where they were. */
export function printStatements(statements: readonly Statement[], depth = 0): string {
  const indent = INDENT.repeat(depth);
  let text = "";
  for (const { name, args, block } of statements) {
    const words = [name, ...args];
    const last = words.pop() ?? "";
    const head = words.map((word) => `${printWord(word, " ")} `).join("");
    if (block === undefined) {
      text += `${indent}${head}${printWord(last, ";")};\n`;
    } else {
      text += `${indent}${head}${printWord(last, " {")} {\n`;
      text += `${printStatements(block, depth + 1)}${indent}}\n`;
    }
  }
  return text;
}

/** A word as it can be written before `after`: bare where that is safe, else quoted. */
export function printWord(word: string, after: string): string {
  if (BARE.test(word) && word.length <= SURE_BYTES) return word;
  const double = quoted(word, '"');
  if (double.length <= SURE_BYTES) return double;
  // Near the lexer's limit only the form that the word was read in may fit.
  const forms = [double, quoted(word, "'"), escaped(word, /["'\\trn]|$/, "")];
  return forms.find((form) => reads(form + after, word)) ?? double;
}

function quoted(word: string, quote: string): string {
  return quote + escaped(word, /["'\\trn]|$/, quote) + quote;
}

/** Puts a backslash before the quote, and before backslashes that the next char would make an escape. */
function escaped(word: string, special: RegExp, quote: string): string {
  let text = "";
  for (let at = 0; at < word.length; at++) {
    const char = word.charAt(at);
    const isEscape = char === "\\" &&
      new RegExp(`^(?:${special.source})`).test(word.slice(at + 1, at + 2));
    text += isEscape || char === quote ? `\\${char}` : char;
  }
  return text;
}

function reads(text: string, word: string): boolean {
  try {
    const token = new Lexer(text.endsWith(" ") ? `${text};` : text, "").next();
    return "words" in token && token.words.length === 1 && token.words[0] === word;
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}
