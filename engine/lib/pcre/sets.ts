/** The classes of characters that have a name in PCRE, as sets of bytes (the C locale). */
import { type ByteSet, inverted, setOf } from "./tree.ts";

function matching(pattern: RegExp): ByteSet {
  return setOf((code) => pattern.test(String.fromCharCode(code)));
}

const DIGIT = matching(/[0-9]/);
const WORD = matching(/[A-Za-z0-9_]/);
const SPACE = matching(/[ \t\n\v\f\r]/);
const HORIZONTAL = matching(/[ \t\xa0]/);
const VERTICAL = matching(/[\n\v\f\r\x85]/);
const NEWLINE = matching(/\n/);

/** Behind a backslash. */
export const ESCAPES: Readonly<Record<string, ByteSet>> = {
  d: DIGIT,
  D: inverted(DIGIT),
  w: WORD,
  W: inverted(WORD),
  s: SPACE,
  S: inverted(SPACE),
  h: HORIZONTAL,
  H: inverted(HORIZONTAL),
  v: VERTICAL,
  V: inverted(VERTICAL),
  N: inverted(NEWLINE),
};

export const ANY: ByteSet = setOf(() => true);
export const NOT_NEWLINE: ByteSet = inverted(NEWLINE);

/** Inside `[: :]`. */
export const POSIX: Readonly<Record<string, ByteSet>> = {
  alpha: matching(/[A-Za-z]/),
  lower: matching(/[a-z]/),
  upper: matching(/[A-Z]/),
  alnum: matching(/[A-Za-z0-9]/),
  ascii: setOf((code) => code < 128),
  blank: matching(/[ \t]/),
  cntrl: setOf((code) => code < 32 || code === 127),
  digit: DIGIT,
  graph: setOf((code) => code > 32 && code < 127),
  print: setOf((code) => code >= 32 && code < 127),
  punct: setOf((code) => code > 32 && code < 127 && !/[A-Za-z0-9]/.test(String.fromCharCode(code))),
  space: SPACE,
  word: WORD,
  xdigit: matching(/[0-9A-Fa-f]/),
};

/** `\p{name}` over the bytes as code points, as PCRE takes them without UTF; undefined: no such one. */
export function property(name: string): ByteSet | undefined {
  if (name === "Any") return ANY;
  if (name === "L&") return property("LC");
  for (const spelled of [name, `Script=${name}`]) {
    try {
      return matching(new RegExp(`^\\p{${spelled}}$`, "u"));
    } catch {
      // Not a name of this kind; the next one may be.
    }
  }
  return undefined;
}
