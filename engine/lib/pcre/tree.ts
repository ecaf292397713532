/** The tree of a PCRE pattern; everything that a flag changes is settled in it. */

/** Which of the 256 bytes match. */
export type ByteSet = Uint8Array;

export type Node =
  | { readonly kind: "set"; readonly set: ByteSet }
  | { readonly kind: "sequence"; readonly items: readonly Node[] }
  | { readonly kind: "choice"; readonly branches: readonly Node[] }
  | {
    readonly kind: "group";
    readonly type: GroupType;
    readonly index: number;
    readonly body: Node;
  }
  | {
    readonly kind: "repeat";
    readonly body: Node;
    readonly min: number;
    readonly max: number; // Infinity without an end
    readonly mode: "greedy" | "lazy" | "possessive";
  }
  | { readonly kind: "assertion"; readonly type: AssertionType }
  | { readonly kind: "reference"; readonly index: number };

/** `capture` has an index from 1 on, the others 0. */
export type GroupType =
  | "capture"
  | "atomic"
  | "ahead"
  | "notAhead"
  | "behind"
  | "notBehind";

export type AssertionType =
  | "start" // \A, and ^ without (?m)
  | "lineStart"
  | "end" // \z
  | "endOrNewline" // \Z, and $ without (?m)
  | "lineEnd"
  | "boundary"
  | "notBoundary";

/** A pattern that PCRE would refuse too, or that Weir cannot run; `at` is where, in bytes. */
export class PatternError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.name = "PatternError";
    this.at = at;
  }
}

export function setOf(has: (code: number) => boolean): ByteSet {
  const set = new Uint8Array(256);
  for (let code = 0; code < 256; code++) set[code] = has(code) ? 1 : 0;
  return set;
}

export function inverted(set: ByteSet): ByteSet {
  return setOf((code) => set[code] === 0);
}

export function single(code: number): ByteSet {
  return setOf((each) => each === code);
}

export function overlap(one: ByteSet, other: ByteSet): boolean {
  return one.some((has, code) => has === 1 && other[code] === 1);
}

/** The other case of an ASCII letter too: without UTF, PCRE knows no other letters. */
export function caseless(set: ByteSet): ByteSet {
  return setOf((code) => set[code] === 1 || set[otherCase(code)] === 1);
}

function otherCase(code: number): number {
  const lower = code | 32;
  return lower >= 97 && lower <= 122 ? code ^ 32 : code;
}
