/**
 * How long a match may take: JavaScript's engine backtracks without a limit, so that patterns which
 * may need exponential time are refused and the others are only tried on texts of a bounded length.
 */
import { type ByteSet, type Node, overlap, setOf } from "./tree.ts";

const NOTHING: ByteSet = setOf(() => false);
/** How often the engine may look at a byte in the worst case of one match. */
const STEPS = 20_000_000;
/** A host name always fits. */
const LEAST_BYTES = 255;

function union(one: ByteSet, other: ByteSet): ByteSet {
  return one.map((has, code) => has | (other[code] ?? 0));
}

/** Whether it may match without taking a byte. */
function isOptional(node: Node): boolean {
  switch (node.kind) {
    case "set":
      return false;
    case "sequence":
      return node.items.every(isOptional);
    case "choice":
      return node.branches.some(isOptional);
    case "group":
      return node.type === "capture" || node.type === "atomic" ? isOptional(node.body) : true;
    case "repeat":
      return node.min === 0 || isOptional(node.body);
    default:
      return true;
  }
}

/** The bytes with which a match of it may begin. */
function firsts(node: Node): ByteSet {
  switch (node.kind) {
    case "set":
      return node.set;
    case "choice":
      return node.branches.map(firsts).reduce(union, NOTHING);
    case "group":
      return node.type === "capture" || node.type === "atomic" ? firsts(node.body) : NOTHING;
    case "repeat":
      return firsts(node.body);
    case "sequence": {
      let set = NOTHING;
      for (const item of node.items) {
        set = union(set, firsts(item));
        if (!isOptional(item)) break;
      }
      return set;
    }
    case "reference":
      return setOf(() => true);
    default:
      return NOTHING;
  }
}

/** Whether some part may take any number of bytes. */
function isUnbounded(node: Node): boolean {
  switch (node.kind) {
    case "sequence":
      return node.items.some(isUnbounded);
    case "choice":
      return node.branches.some(isUnbounded);
    case "group":
      return isUnbounded(node.body);
    case "repeat":
      return node.max === Infinity || isUnbounded(node.body);
    default:
      return false;
  }
}

/** What may follow, inside the loops around it; undefined outside of all loops. */
type Follow = ByteSet | undefined;

class Judge {
  /** Repeats that may give bytes back to what follows: each adds a power of the text's length. */
  ambiguous = 0;
  isExponential = false;

  visit(node: Node, next: ByteSet, loop: Follow): void {
    switch (node.kind) {
      case "sequence":
        this.#sequence(node.items, next, loop);
        return;
      case "choice":
        if (loop !== undefined) this.#branches(node.branches);
        for (const branch of node.branches) this.visit(branch, next, loop);
        return;
      case "group":
        // What is atomic never gives anything back.
        if (node.type !== "atomic") this.visit(node.body, next, loop);
        return;
      case "repeat":
        if (node.mode !== "possessive") this.#repeat(node, next, loop);
        return;
    }
  }

  #sequence(items: readonly Node[], next: ByteSet, loop: Follow): void {
    let after = next;
    let inLoop = loop;
    for (const item of [...items].reverse()) {
      this.visit(item, after, inLoop);
      const first = firsts(item);
      after = isOptional(item) ? union(after, first) : first;
      if (inLoop !== undefined) inLoop = isOptional(item) ? union(inLoop, first) : first;
    }
  }

  #branches(branches: readonly Node[]): void {
    let seen = NOTHING;
    for (const branch of branches) {
      const first = firsts(branch);
      if (overlap(seen, first)) this.isExponential = true;
      seen = union(seen, first);
    }
  }

  #repeat({ body, min, max }: Node & { kind: "repeat" }, next: ByteSet, loop: Follow): void {
    const first = firsts(body);
    const isLoop = max === Infinity || max > 16 || max > 1 && isUnbounded(body);
    if (loop !== undefined && max !== min && overlap(first, loop)) this.isExponential = true;
    if (isLoop && overlap(first, next)) this.ambiguous += 1;
    if (!isLoop) this.visit(body, union(next, first), loop);
    else {
      if (isOptional(body)) this.isExponential = true;
      this.visit(body, union(next, first), union(first, loop ?? NOTHING));
    }
  }
}

/** Length of the longest text that it is tried on; undefined for a pattern that must be refused. */
export function longestText(tree: Node): number | undefined {
  const judge = new Judge();
  judge.visit(tree, NOTHING, undefined);
  if (judge.isExponential) return undefined;
  // One more power for the search itself, which begins at every byte.
  const powers = judge.ambiguous + 2;
  return Math.max(LEAST_BYTES, Math.floor(STEPS ** (1 / powers)));
}
