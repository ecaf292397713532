/** Prints the tree of a PCRE pattern as a JavaScript pattern without flags. */
import type { AssertionType, ByteSet, GroupType, Node } from "./tree.ts";

/** `$` of PCRE also matches before a last newline, and `.` is long gone: sets are sets of bytes. */
const ASSERTIONS: Readonly<Record<AssertionType, string>> = {
  start: "^",
  lineStart: "(?:^|(?<=\\n)(?=[^]))",
  end: "$",
  endOrNewline: "(?=\\n?$)",
  lineEnd: "(?=\\n|$)",
  boundary: "\\b",
  notBoundary: "\\B",
};

const OPENINGS: Readonly<Record<Exclude<GroupType, "atomic" | "capture">, string>> = {
  ahead: "(?=",
  notAhead: "(?!",
  behind: "(?<=",
  notBehind: "(?<!",
};

function hex(code: number): string {
  return `\\x${code.toString(16).padStart(2, "0")}`;
}

function printSet(set: ByteSet): string {
  let text = "";
  let count = 0;
  for (let code = 0; code < 256; code++) {
    if (set[code] === 0) continue;
    const from = code;
    while (code < 255 && set[code + 1] === 1) code += 1;
    text += from === code ? hex(from) : `${hex(from)}-${hex(code)}`;
    count += code - from + 1;
  }
  if (count === 256) return "[^]";
  return count === 1 ? text : `[${text}]`;
}

class Printer {
  #atomics = 0;

  print(node: Node): string {
    switch (node.kind) {
      case "set":
        return printSet(node.set);
      case "sequence":
        return node.items.map((item) => this.#item(item)).join("");
      case "choice":
        return node.branches.map((branch) => this.print(branch)).join("|");
      case "assertion":
        return ASSERTIONS[node.type];
      case "reference":
        return `\\k<g${node.index}>`;
      case "group":
        return this.#group(node.type, node.index, node.body);
      case "repeat":
        return this.#repeat(node);
    }
  }

  #item(node: Node): string {
    return node.kind === "choice" ? `(?:${this.print(node)})` : this.print(node);
  }

  #group(type: GroupType, index: number, body: Node): string {
    if (type === "capture") return `(?<g${index}>${this.print(body)})`;
    if (type === "atomic") return this.#atomic(this.print(body));
    return `${OPENINGS[type]}${this.print(body)})`;
  }

  /** JavaScript never goes back into a look-ahead: what it found is then matched as it was. */
  #atomic(body: string): string {
    const name = `a${++this.#atomics}`;
    return `(?=(?<${name}>${body}))\\k<${name}>`;
  }

  #repeat({ body, min, max, mode }: Node & { kind: "repeat" }): string {
    const inner = body.kind === "set" ? this.print(body) : `(?:${this.print(body)})`;
    const text = `${inner}{${min},${max === Infinity ? "" : max}}`;
    return mode === "possessive" ? this.#atomic(text) : mode === "lazy" ? `${text}?` : text;
  }
}

export function printPattern(tree: Node): string {
  return new Printer().print(tree);
}
