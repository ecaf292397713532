/** Rules about variables of the configuration's own. */
import type { Statement } from "../config/tree.ts";
import type { Finding, Subject } from "./lint.ts";

/** Directives that make a variable; its name is the last word before the block. */
const MAKERS = new Set(["map", "geo", "split_clients"]);

export function* unreadVariable({ statements, stream }: Subject): Iterable<Omit<Finding, "code">> {
  const read = new Set<string>();
  collect(statements, read);
  for (const maker of stream) {
    const written = maker.args.at(-1) ?? "";
    if (!MAKERS.has(maker.name) || !written.startsWith("$")) continue;
    if (read.has(written.slice(1).toLowerCase())) continue;
    yield { message: `nobody reads ${written}`, place: maker.place, word: written };
  }
}

/** Names of all variables that stand in a value. */
function collect(statements: readonly Statement[], read: Set<string>): void {
  for (const { name, args, block } of statements) {
    const values = MAKERS.has(name) ? args.slice(0, -1) : name === "set" ? args.slice(1) : args;
    for (const text of values) {
      for (const [, braced, bare] of text.matchAll(/\$(?:\{(\w+)\}|(\w+))/g)) {
        read.add((braced ?? bare ?? "").toLowerCase());
      }
    }
    // `geo` names its source as a variable, too.
    if (block !== undefined) collect(block, read);
  }
}
