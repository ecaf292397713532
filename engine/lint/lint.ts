/**
 * Warnings about configurations that load and do nothing, or surprise: what nginx never says.
 *
 * A rule is a function over the statements; its code is stable and has a paragraph in docs/lint.md.
 */
import type { Place, SourceFile, Statement } from "../config/tree.ts";
import { crlf, emptyFile } from "./files.ts";
import { nameOnlyRules, noContent, twoContents } from "./servers.ts";
import { backupRefused, duplicatePeer, halfClose, unusedUpstream } from "./upstreams.ts";
import { unreadVariable } from "./variables.ts";

/** One warning. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly place: Place;
  /** The word to point at. */
  readonly word: string;
}

/** What a rule looks at. */
export interface Subject {
  readonly files: readonly SourceFile[];
  /** Of the top level. */
  readonly statements: readonly Statement[];
  /** What stands in `stream {}`. */
  readonly stream: readonly Statement[];
  /** The `server` blocks. */
  readonly servers: readonly Server[];
}

/** One `server {}` of `stream`. */
export interface Server {
  readonly statement: Statement;
  readonly block: readonly Statement[];
}

export type Rule = (subject: Subject) => Iterable<Omit<Finding, "code">>;

const RULES: Readonly<Record<string, Rule>> = {
  "no-content": noContent,
  "name-only-rules": nameOnlyRules,
  "two-contents": twoContents,
  "backup-refused": backupRefused,
  "unread-variable": unreadVariable,
  "unused-upstream": unusedUpstream,
  "duplicate-peer": duplicatePeer,
  "half-close": halfClose,
  "crlf": crlf,
  "empty-file": emptyFile,
};

/** All codes, in the order in which they are documented. */
export const LINT_CODES: readonly string[] = Object.keys(RULES);

/** Everything that the rules find, in the order of the file. */
export function lint(
  statements: readonly Statement[],
  files: readonly SourceFile[],
): readonly Finding[] {
  const stream = statements.filter(({ name }) => name === "stream")
    .flatMap(({ block }) => block ?? []);
  const servers = stream.filter(({ name }) => name === "server")
    .map((statement) => ({ statement, block: statement.block ?? [] }));
  const subject = { files, statements, stream, servers };
  const findings = Object.entries(RULES).flatMap(([code, rule]) =>
    [...rule(subject)].map((finding) => ({ code, ...finding }))
  );
  return findings.sort((a, b) => a.place.line - b.place.line);
}
