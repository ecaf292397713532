/**
 * Scalar values of the language: each reads one word and throws ConfigError in nginx's words.
 *
 * The name of the directive is not known here; DIRECTIVE stands for it and `checkArgs` puts it in.
 */
import { ConfigError } from "./tree.ts";

/** Reads one word. `syntax` is how documentation calls it. */
export interface Word<T> {
  (text: string): T;
  readonly syntax?: string;
  /** What nginx calls a wrong one as a parameter: `invalid backlog "backlog=x"`; else "parameter". */
  readonly label?: string;
}

/** Stands for the directive's name in a message: no char of a byte string can be this one. */
export const DIRECTIVE = "\ue000";

/** A reader with the name that documentation gives to what it reads. */
export function wordType<T>(syntax: string, read: (text: string) => T): Word<T> {
  return Object.assign((text: string) => read(text), { syntax });
}

/** The same reader, with a name of its own in the error about a parameter. */
export function labelled<T>(label: string, type: Word<T>): Word<T> {
  return Object.assign((text: string) => type(text), { syntax: type.syntax ?? "string", label });
}

/** Any word, as it is. */
export const word: Word<string> = wordType("string", (text) => text);

/** `on` or `off`. */
export const flag: Word<boolean> = wordType("on | off", (text) => {
  const lower = text.toLowerCase();
  if (lower === "on") return true;
  if (lower === "off") return false;
  throw new ConfigError(
    `invalid value "${text}" in "${DIRECTIVE}" directive, it must be "on" or "off"`,
  );
});

/** One of the words, in any case; the value has the case of the list. */
export function oneOf<W extends string>(...words: readonly W[]): Word<W> {
  return wordType(words.join(" | "), (text) => {
    const lower = text.toLowerCase();
    const found = words.find((each) => each.toLowerCase() === lower);
    if (found === undefined) throw new ConfigError(`invalid value "${text}"`);
    return found;
  });
}

/** A decimal number within limits. */
export function number(
  { min = 0, max }: { readonly min?: number; readonly max?: number },
): Word<number> {
  return wordType("number", (text) => {
    const value = digitsOf(text);
    if (Number.isNaN(value)) throw new ConfigError(`"${DIRECTIVE}" directive invalid number`);
    if (max !== undefined && (value < min || value > max)) {
      throw new ConfigError(`value must be between ${min} and ${max}`);
    }
    if (value < min) throw new ConfigError(`value must be equal to or greater than ${min}`);
    return value;
  });
}

/** The value of decimal digits; NaN for anything else and for what a number cannot hold exactly. */
export function digitsOf(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) ? value : NaN;
}

function valid(value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw new ConfigError(`"${DIRECTIVE}" directive invalid value`);
}

function scaled(text: string, units: string): number {
  const power = units.indexOf(text.slice(-1).toLowerCase()) + 1;
  return power === 0 || text === "" ? digitsOf(text) : digitsOf(text.slice(0, -1)) * 1024 ** power;
}

/** Bytes, with k or m. */
export const size: Word<number> = wordType("size", (text) => valid(scaled(text, "km")));

/** Bytes, with k, m or g. */
export const offset: Word<number> = wordType("offset", (text) => valid(scaled(text, "kmg")));

/** Units from the largest to the smallest, in milliseconds; a space ends a part in seconds. */
const TIME_UNITS: readonly (readonly [string, number])[] = [
  ["y", 31_536_000_000],
  ["M", 2_592_000_000],
  ["w", 604_800_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
  [" ", 1000],
];

/** A space may stand where `s` still may. */
const SECONDS = TIME_UNITS.findIndex(([name]) => name === "s");

/**
 * Milliseconds of "1h 30m"; NaN when a unit repeats, comes out of order or is not allowed.
 * As nginx's `ngx_parse_time` also reads "1hm" (no minutes) and "1s5" (six seconds), so does this.
 */
function duration(text: string, isAllowed: (unit: string) => boolean): number {
  if (!/\d/.test(text)) return NaN;
  const pieces = /(\d*)(?:(ms|[yMwdhms]) *|( ) *|$)/y;
  let total = 0;
  let last = -1;
  while (pieces.lastIndex < text.length) {
    const [, digits = "", letters, space] = pieces.exec(text) ?? [];
    if (pieces.lastIndex === 0) return NaN; // the piece did not match
    const value = digits === "" ? 0 : digitsOf(digits);
    const unit = letters ?? space;
    if (unit === undefined) return total + value * 1000;
    const at = TIME_UNITS.findIndex(([name]) => name === unit);
    const [, scale = NaN] = TIME_UNITS[at] ?? [];
    if (!isAllowed(unit) || last >= (unit === " " ? SECONDS : at)) return NaN;
    total += value * scale;
    last = at;
  }
  return total;
}

/** Milliseconds: w d h m s ms; a bare number is seconds. */
export const time: Word<number> = wordType(
  "time",
  (text) => valid(duration(text, (unit) => unit !== "y" && unit !== "M")),
);

/** Seconds: y M w d h m s; a bare number is seconds. */
export const seconds: Word<number> = wordType(
  "time",
  (text) => valid(duration(text, (unit) => unit !== "ms") / 1000),
);
