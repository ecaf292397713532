/** Words with variables: cut into text, variables and captures. */
import { ConfigError, type ValuePart, type ValueTree } from "./tree.ts";

const NAME = /[A-Za-z0-9_]*/y;

/** Cuts a word at its variables. Throws ConfigError with nginx's text for a `$` that names nothing. */
export function parseValue(source: string): ValueTree {
  const parts: ValuePart[] = [];
  let at = 0;
  while (at < source.length) {
    const dollar = source.indexOf("$", at);
    const end = dollar < 0 ? source.length : dollar;
    if (end > at) parts.push({ kind: "text", text: source.slice(at, end) });
    if (dollar < 0) break;
    at = parseVariable(source, dollar + 1, parts);
  }
  return { source, parts };
}

/** Reads what stands behind a `$`; returns where the text goes on. */
function parseVariable(source: string, start: number, parts: ValuePart[]): number {
  const first = source.charAt(start);
  if (first >= "1" && first <= "9") {
    parts.push({ kind: "capture", index: Number(first) });
    return start + 1;
  }
  const isBraced = first === "{";
  NAME.lastIndex = isBraced ? start + 1 : start;
  const name = NAME.exec(source)?.[0] ?? "";
  const end = NAME.lastIndex;
  const isCut = isBraced && start + 1 === source.length;
  if (isBraced && !isCut && source.charAt(end) !== "}") {
    throw new ConfigError(`the closing bracket in "${name}" variable is missing`);
  }
  if (name === "") throw new ConfigError("invalid variable name");
  parts.push({ kind: "variable", name: name.toLowerCase() });
  return isBraced ? end + 1 : end;
}
