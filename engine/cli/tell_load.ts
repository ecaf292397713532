/** What a load found wrong, as it was asked for: nginx's lines, excerpts for people, JSON for tools. */
import { diagnose, diagnoseFinding, type Diagnostic, humanText } from "../diagnostics.ts";
import { byteString, readable } from "../lib/bytes.ts";
import { lint } from "../lint/lint.ts";
import type { Messages } from "./messages.ts";
import type { Format } from "./options.ts";
import type { LoadedParts } from "./parts.ts";

/** People get so many errors in one run. */
const MOST_ERRORS = 20;

export function tellLoad(
  messages: Messages,
  loaded: LoadedParts,
  { format, isLinting }: { readonly format: Format; readonly isLinting: boolean },
): void {
  if (format === "nginx") tellAsNginx(messages, loaded);
  else if (format === "json") tellAsJson(messages, loaded, diagnosticsOf(loaded, isLinting));
  else tellPeople(messages, loaded, diagnosticsOf(loaded, isLinting));
}

/** nginx stops at the first error. */
function tellAsNginx(messages: Messages, { warnings, errors }: LoadedParts): void {
  for (const warning of warnings) messages.report("warn", String(warning));
  const [first] = errors;
  if (first !== undefined) messages.report("emerg", String(first));
}

function diagnosticsOf(loaded: LoadedParts, isLinting: boolean): readonly Diagnostic[] {
  const { errors, warnings, files, statements } = loaded;
  // What does not load is not judged: the tree may be a part of what was meant.
  const findings = isLinting && errors.length === 0 ? lint(statements, files) : [];
  return [
    ...errors.map((error) => diagnose(error, "error", files)),
    ...warnings.map((warning) => diagnose(warning, "warning", files)),
    ...findings.map((finding) => diagnoseFinding(finding, files)),
  ];
}

function tellPeople(
  messages: Messages,
  { files }: LoadedParts,
  diagnostics: readonly Diagnostic[],
): void {
  const errors = diagnostics.filter(({ level }) => level === "error");
  const others = diagnostics.filter(({ level }) => level !== "error");
  for (const each of [...errors.slice(0, MOST_ERRORS), ...others]) {
    messages.err(`${humanText(each, files)}\n`);
  }
  const left = errors.length - MOST_ERRORS;
  if (left > 0) messages.err(`and ${left} more errors\n`);
}

function tellAsJson(
  messages: Messages,
  { errors }: LoadedParts,
  diagnostics: readonly Diagnostic[],
): void {
  const body = { ok: errors.length === 0, diagnostics };
  // Text is bytes; JSON is UTF-8, so that what is none becomes its replacement.
  const text = JSON.stringify(
    body,
    (_key, value) => typeof value === "string" ? readable(value) : value,
    2,
  );
  messages.out(`${byteString(text)}\n`);
}
