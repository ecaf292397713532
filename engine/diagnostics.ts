/** Errors and warnings of a load as people and tools want them: where in the line, why, what instead. */
import type { ConfigError, Place, SourceFile } from "./config/tree.ts";
import { nearest } from "./lib/distance.ts";
import type { Finding } from "./lint/lint.ts";
import { MODULES } from "./modules/index.ts";
import { UNBUILT } from "./modules/unbuilt.ts";

export interface Diagnostic {
  readonly level: "error" | "warning";
  /** "config" for what nginx says too, else the code of a rule of the linter. */
  readonly code: string;
  /** nginx's words, without the place. */
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
  /** 1-based, in bytes; null where nothing can be pointed at. */
  readonly column: number | null;
  readonly length: number;
  readonly directive: string | null;
  /** What may help; null when nothing is known. */
  readonly hint: string | null;
}

const BOM = "\xef\xbb\xbf";
/** A statement that spans more lines is not searched through. */
const MOST_LINES = 20;

function directiveNames(): readonly string[] {
  return [...MODULES.flatMap(({ directives }) => Object.keys(directives)), ...UNBUILT];
}

function variableNames(): readonly string[] {
  return MODULES.flatMap(({ variables }) => Object.keys(variables ?? {}));
}

function hintFor(message: string): string | null {
  const [, directive] = /^unknown directive "(.*)"$/s.exec(message) ?? [];
  if (directive?.startsWith(BOM)) {
    return "the file begins with a byte order mark: save it without one";
  }
  const [, variable] = /^unknown "(.*)" variable$/s.exec(message) ?? [];
  const word = directive ?? variable;
  if (word === undefined) return null;
  const near = nearest(word, directive === undefined ? variableNames() : directiveNames());
  if (near === undefined) return null;
  return `did you mean "${directive === undefined ? "$" : ""}${near}"?`;
}

/** Where a word stands: on the line that is named, or on one before it. */
function find(
  word: string,
  place: Place | undefined,
  files: readonly SourceFile[],
): { readonly line: number; readonly column: number } | undefined {
  const source = files.find(({ path }) => path === place?.file);
  if (place === undefined || source === undefined || word === "") return undefined;
  const lines = source.text.split("\n");
  for (let line = place.line; line > Math.max(0, place.line - MOST_LINES); line--) {
    const at = lines[line - 1]?.lastIndexOf(word) ?? -1;
    if (at >= 0) return { line, column: at + 1 };
  }
  return undefined;
}

/** The first quoted word of a message that stands in the text, else the directive. */
function wordsOf({ message, directive }: ConfigError): readonly string[] {
  const quoted = [...message.matchAll(/"([^"]+)"/g)].map(([, word = ""]) => word);
  return directive === undefined ? quoted : [...quoted, directive];
}

export function diagnose(
  error: ConfigError,
  level: Diagnostic["level"],
  files: readonly SourceFile[],
): Diagnostic {
  const { message, place, directive } = error;
  let found: ReturnType<typeof find>;
  let length = 0;
  for (const word of wordsOf(error)) {
    found = find(word, place, files);
    length = word.length;
    if (found !== undefined) break;
  }
  return {
    level,
    code: "config",
    message,
    file: place?.file ?? null,
    line: found?.line ?? place?.line ?? null,
    column: found?.column ?? null,
    length: found === undefined ? 0 : length,
    directive: directive ?? null,
    hint: hintFor(message),
  };
}

export function diagnoseFinding(
  { code, message, place, word }: Finding,
  files: readonly SourceFile[],
): Diagnostic {
  const found = find(word, place, files);
  return {
    level: "warning",
    code,
    message,
    file: place.file ?? null,
    line: found?.line ?? place.line,
    column: found?.column ?? null,
    length: found === undefined ? 0 : word.length,
    directive: null,
    hint: null,
  };
}

/** A file may hold anything, and a terminal obeys control characters: none gets there. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f]/g, "?");
}

/** The excerpt with its caret, for a terminal. */
export function humanText(diagnostic: Diagnostic, files: readonly SourceFile[]): string {
  const { level, code, file, line, column, length, hint } = diagnostic;
  const message = printable(diagnostic.message);
  const tag = code === "config" ? level : `${level}[${code}]`;
  const lines = [`${tag}: ${message}`];
  if (line !== null) {
    lines.push(`  --> ${file ?? "command line"}:${line}${column === null ? "" : `:${column}`}`);
  }
  const source = files.find(({ path }) => path === file)?.text.split("\n")[(line ?? 0) - 1];
  if (source !== undefined) {
    const number = String(line);
    const edge = `${" ".repeat(number.length)} |`;
    lines.push(edge, `${number} | ${printable(source.replace(/\r$/, ""))}`);
    // Tabs stay tabs, so that the caret stands where the eye looks.
    const indent = source.slice(0, (column ?? 1) - 1).replace(/[^\t]/g, " ");
    if (column !== null) lines.push(`${edge} ${indent}${"^".repeat(Math.max(1, length))}`);
  }
  if (hint !== null) lines.push(`  = ${hint}`);
  return `${lines.join("\n")}\n`;
}
