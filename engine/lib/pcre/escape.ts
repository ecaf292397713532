/** What stands behind a backslash, outside of a class. */
import { ESCAPES, property } from "./sets.ts";
import type { Source } from "./source.ts";
import { type ByteSet, inverted, type Node, PatternError, setOf, single } from "./tree.ts";

export type Escape =
  | { readonly kind: "byte"; readonly code: number }
  | { readonly kind: "reference"; readonly to: number | string }
  | Node & { readonly kind: "assertion" | "set" | "choice" };

const CONTROL: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 };

const ASSERTIONS: Readonly<Record<string, Escape>> = {
  A: { kind: "assertion", type: "start" },
  z: { kind: "assertion", type: "end" },
  Z: { kind: "assertion", type: "endOrNewline" },
  b: { kind: "assertion", type: "boundary" },
  B: { kind: "assertion", type: "notBoundary" },
};

/** `\R`: CRLF first, then any one line end. */
const LINE_END: Escape = {
  kind: "choice",
  branches: [
    { kind: "sequence", items: [13, 10].map((code) => ({ kind: "set", set: single(code) })) },
    { kind: "set", set: ESCAPES["v"] as ByteSet }, // it stands in the table
  ],
};

const REFUSED: Readonly<Record<string, string>> = {
  G: "\\G is not supported",
  K: "\\K is not supported",
  X: "\\X is not supported",
};

/** Behind the backslash; `captures` is how many groups were opened so far. */
export function readEscape(source: Source, captures: number): Escape | undefined {
  if (source.isAtEnd) throw new PatternError("\\ at end of pattern", source.at);
  const reference = readReference(source, captures);
  if (reference !== undefined) return reference;
  const char = source.text.charAt(source.at);
  const assertion = ASSERTIONS[char];
  if (assertion !== undefined) {
    source.next();
    return assertion;
  }
  if (source.take("R")) return LINE_END;
  if (source.take("C")) return { kind: "set", set: setOf(() => true) };
  const refused = REFUSED[char];
  if (refused !== undefined) throw new PatternError(refused, source.at + 1);
  return readCharacter(source);
}

/** A byte or a named set: what may stand in a class, too. */
export function readCharacter(source: Source): Escape & { readonly kind: "byte" | "set" } {
  if (source.isAtEnd) throw new PatternError("\\ at end of pattern", source.at);
  const start = source.at;
  const char = source.next();
  const set = ESCAPES[char];
  if (set !== undefined) return { kind: "set", set };
  const control = CONTROL[char];
  if (control !== undefined) return { kind: "byte", code: control };
  if (char === "p" || char === "P") return { kind: "set", set: readProperty(source, char === "P") };
  if (char === "x") return { kind: "byte", code: readHex(source) };
  if (char === "o") return { kind: "byte", code: readBraced(source, /\{[0-7]+\}/y, 8) };
  if (char === "c") return { kind: "byte", code: source.next().toUpperCase().charCodeAt(0) ^ 64 };
  if (/[0-7]/.test(char)) {
    source.at = start;
    return { kind: "byte", code: parseInt(source.match(/[0-7]{1,3}/y), 8) & 255 };
  }
  if (/[A-Za-z89]/.test(char)) {
    throw new PatternError("unrecognized character follows \\", source.at - 1);
  }
  return { kind: "byte", code: char.charCodeAt(0) };
}

function readReference(source: Source, captures: number): Escape | undefined {
  const named = source.match(/k(?=[{<'])/y);
  if (named !== "") {
    const open = source.next();
    return { kind: "reference", to: source.name(open === "<" ? ">" : open === "{" ? "}" : "'") };
  }
  const group = source.match(/g(-?\d+|\{-?\d+\})/y);
  if (group !== "") {
    const number = Number(group.replaceAll(/[g{}]/g, ""));
    return { kind: "reference", to: number < 0 ? captures + 1 + number : number };
  }
  if (source.match(/g(?=\{[A-Za-z_])/y) !== "") {
    source.next();
    return { kind: "reference", to: source.name("}") };
  }
  // Up to \9 is always a reference; a longer number only where there are so many groups.
  const digits = /[1-9]\d*/y;
  digits.lastIndex = source.at;
  const number = Number(digits.exec(source.text)?.[0] ?? 0);
  if (number === 0 || number > 9 && number > captures) return undefined;
  source.match(/\d+/y);
  return { kind: "reference", to: number };
}

function readHex(source: Source): number {
  if (source.looksAt("{")) return readBraced(source, /\{[0-9A-Fa-f]+\}/y, 16);
  return parseInt(source.match(/[0-9A-Fa-f]{0,2}/y) || "0", 16);
}

function readBraced(source: Source, pattern: RegExp, base: number): number {
  const text = source.match(pattern);
  if (text === "") {
    throw new PatternError("non-hex character in \\x{} (closing brace missing?)", source.at + 1);
  }
  const code = parseInt(text.slice(1, -1), base);
  if (code > 255) {
    throw new PatternError(
      "character code point value in \\x{} or \\o{} is too large",
      source.at - 1,
    );
  }
  return code;
}

function readProperty(source: Source, isNegated: boolean): ByteSet {
  const word = source.match(/\{\^?[\w&= ]+\}|[A-Za-z]/y);
  const isInverted = word.startsWith("{^") !== isNegated;
  const set = property(word.replaceAll(/[{^} ]/g, ""));
  if (set === undefined) throw new PatternError("unknown property after \\P or \\p", source.at);
  return isInverted ? inverted(set) : set;
}
