/** Parses a PCRE pattern of bytes into a tree; refuses what JavaScript has nothing for. */
import { ClassReader } from "./class.ts";
import { type Escape, readEscape } from "./escape.ts";
import { ANY, NOT_NEWLINE } from "./sets.ts";
import { Source } from "./source.ts";
import { caseless, type GroupType, type Node, PatternError, single } from "./tree.ts";

/** What `(?imsxU)` switch. */
interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly x: boolean;
  readonly U: boolean;
}

export interface Parsed {
  readonly tree: Node;
  /** Number of captures. */
  readonly captures: number;
  /** By name. */
  readonly names: ReadonlyMap<string, number>;
}

const NO_FLAGS: Flags = { i: false, m: false, s: false, x: false, U: false };
const MOST_REPEATS = 65_535;
const MOST_DEPTH = 250;

/** Opening words of groups that are no captures. */
const GROUPS: readonly (readonly [string, GroupType])[] = [
  ["?>", "atomic"],
  ["?=", "ahead"],
  ["?!", "notAhead"],
  ["?<=", "behind"],
  ["?<!", "notBehind"],
];

class Parser {
  readonly #source: Source;
  readonly #names = new Map<string, number>();
  readonly #references: { readonly index: number | string; readonly at: number }[] = [];
  #flags: Flags;
  #captures = 0;
  #depth = 0;

  constructor(pattern: string, isCaseless: boolean) {
    this.#source = new Source(pattern);
    this.#flags = { ...NO_FLAGS, i: isCaseless };
  }

  parse(): Parsed {
    const source = this.#source;
    if (source.looksAt("(*")) throw new PatternError("(*VERB) is not supported", source.at);
    const tree = this.#choice();
    if (!source.isAtEnd) throw new PatternError("unmatched closing parenthesis", source.at);
    for (const { index, at } of this.#references) {
      const known = typeof index === "string" ? this.#names.has(index) : index <= this.#captures;
      if (!known) throw new PatternError("reference to non-existent subpattern", at);
    }
    return { tree, captures: this.#captures, names: this.#names };
  }

  #choice(): Node {
    const flags = this.#flags;
    const branches: Node[] = [this.#sequence()];
    while (this.#source.take("|")) branches.push(this.#sequence());
    this.#flags = flags;
    const [only] = branches;
    return branches.length === 1 && only !== undefined ? only : { kind: "choice", branches };
  }

  #sequence(): Node {
    const items: Node[] = [];
    const source = this.#source;
    for (;;) {
      if (this.#flags.x) source.skipExtended();
      if (source.isAtEnd || source.looksAt("|") || source.looksAt(")")) break;
      const atom = this.#atom();
      if (atom !== undefined) items.push(this.#repeated(atom));
    }
    const [only] = items;
    return items.length === 1 && only !== undefined ? only : { kind: "sequence", items };
  }

  /** Undefined for what matches nothing by itself: comments and switches. */
  #atom(): Node | undefined {
    const source = this.#source;
    const { i, m, s } = this.#flags;
    if (source.isQuoting) return this.#literal(source.next());
    const char = source.next();
    switch (char) {
      case "(":
        return this.#group();
      case "[":
        return { kind: "set", set: new ClassReader(source, i).read() };
      case ".":
        return { kind: "set", set: s ? ANY : NOT_NEWLINE };
      case "^":
        return { kind: "assertion", type: m ? "lineStart" : "start" };
      case "$":
        return { kind: "assertion", type: m ? "lineEnd" : "endOrNewline" };
      case "\\":
        return this.#escape();
      case "*":
      case "+":
      case "?":
        throw new PatternError("quantifier does not follow a repeatable item", source.at - 1);
      default:
        return this.#literal(char);
    }
  }

  #literal(char: string): Node {
    const set = single(char.charCodeAt(0));
    return { kind: "set", set: this.#flags.i ? caseless(set) : set };
  }

  #escape(): Node | undefined {
    const { at } = this.#source;
    const escape: Escape | undefined = readEscape(this.#source, this.#captures);
    if (escape === undefined) return undefined;
    if (escape.kind === "reference") return this.#reference(escape.to, at);
    if (escape.kind !== "byte") return escape;
    const set = single(escape.code);
    return { kind: "set", set: this.#flags.i ? caseless(set) : set };
  }

  #reference(to: number | string, at: number): Node {
    if (this.#flags.i) throw new PatternError("a caseless back reference is not supported", at);
    this.#references.push({ index: to, at });
    const index = typeof to === "number" ? to : this.#names.get(to);
    if (index === undefined) throw new PatternError("reference to non-existent subpattern", at);
    return { kind: "reference", index };
  }

  #group(): Node | undefined {
    const source = this.#source;
    if (source.looksAt("*")) throw new PatternError("(*VERB) is not supported", source.at);
    if (!source.looksAt("?")) return this.#closed("capture", ++this.#captures);
    if (source.take("?#")) return source.skipComment();
    for (const [word, type] of GROUPS) {
      if (source.take(word)) return this.#closed(type, 0);
    }
    const quote = ["?P<", "?<", "?'"].find((word) => source.take(word));
    if (quote !== undefined) return this.#named(quote === "?'" ? "'" : ">");
    if (source.take("?P=")) return this.#reference(source.name(")"), source.at);
    return this.#switches();
  }

  #named(end: string): Node {
    const source = this.#source;
    const name = source.name(end);
    if (this.#names.has(name)) {
      const text = "two named subpatterns have the same name (PCRE2_DUPNAMES not set)";
      throw new PatternError(text, source.at);
    }
    this.#names.set(name, ++this.#captures);
    return this.#closed("capture", this.#captures);
  }

  #closed(type: GroupType, index: number): Node {
    const body = this.#body();
    return { kind: "group", type, index, body };
  }

  #body(): Node {
    const source = this.#source;
    if (++this.#depth > MOST_DEPTH) {
      throw new PatternError("parentheses are too deeply nested", source.at);
    }
    const flags = this.#flags;
    const body = this.#choice();
    this.#flags = flags;
    this.#depth -= 1;
    if (!source.take(")")) throw new PatternError("missing closing parenthesis", source.at);
    return body;
  }

  /** `(?i)` for the rest of the group, `(?i:...)` for what it holds, `(?:...)`. */
  #switches(): Node | undefined {
    const source = this.#source;
    const letters = source.match(/\?\^?[imsxU]*(-[imsxU]*)?/y);
    const [on = "", off = ""] = letters.slice(1).split("-");
    const flags = { ...on.startsWith("^") ? { ...NO_FLAGS, U: this.#flags.U } : this.#flags };
    for (const name of ["i", "m", "s", "x", "U"] as const) {
      if (on.includes(name)) flags[name] = true;
      if (off.includes(name)) flags[name] = false;
    }
    if (source.take(")")) {
      this.#flags = flags;
      return undefined;
    }
    if (!source.take(":")) {
      throw new PatternError("unrecognized character after (? or (?-", source.at + 1);
    }
    const outer = this.#flags;
    this.#flags = flags;
    const body = this.#body();
    this.#flags = outer;
    return body.kind === "sequence" ? body : { kind: "sequence", items: [body] };
  }

  #repeated(atom: Node): Node {
    const source = this.#source;
    let node = atom;
    for (;;) {
      if (this.#flags.x) source.skipExtended();
      const bounds = source.isQuoting ? undefined : this.#bounds();
      if (bounds === undefined) return node;
      const [min, max] = bounds;
      const isPossessive = source.take("+");
      const isLazy = !isPossessive && source.take("?") !== this.#flags.U;
      const mode = isPossessive ? "possessive" : isLazy ? "lazy" : "greedy";
      // An assertion may be asked for twice in JavaScript only inside a group.
      node = { kind: "repeat", body: node, min, max, mode };
    }
  }

  #bounds(): readonly [number, number] | undefined {
    const source = this.#source;
    if (source.take("*")) return [0, Infinity];
    if (source.take("+")) return [1, Infinity];
    if (source.take("?")) return [0, 1];
    const words = source.match(/\{(\d+)(,\d*)?\}/y);
    if (words === "") return undefined;
    const [from = "", to] = words.slice(1, -1).split(",");
    const min = Number(from);
    const max = to === undefined ? min : to === "" ? Infinity : Number(to);
    if (min > MOST_REPEATS || max !== Infinity && max > MOST_REPEATS) {
      throw new PatternError("number too big in {} quantifier", source.at - 1);
    }
    if (max < min) throw new PatternError("numbers out of order in {} quantifier", source.at);
    return [min, max];
  }
}

/** Throws PatternError in PCRE2's words. */
export function parsePattern(pattern: string, isCaseless: boolean): Parsed {
  return new Parser(pattern, isCaseless).parse();
}
