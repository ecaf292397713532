/** The checked tree of a configuration: statements with their places, and the error that names one. */

/** Where a statement ends (the line of its `;` or `{`), as nginx reports it. */
export interface Place {
  /** Full path; undefined for the value of `-g`. */
  readonly file: string | undefined;
  /** 1-based. */
  readonly line: number;
}

/** One directive: its words and, when it opens one, its block. `include` never appears: its statements do. */
export interface Statement {
  readonly name: string;
  /** Words after the name, unescaped byte strings. */
  readonly args: readonly string[];
  readonly place: Place;
  /** Undefined when the statement ended with `;`. */
  readonly block: readonly Statement[] | undefined;
  /** Line of the closing `}`; errors about a whole block are reported there. */
  readonly endLine?: number;
}

/** A file that took part in a load, once each, in the order of first inclusion. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export type ErrorLevel = "emerg" | "warn";

/** A wrong configuration. `message` is nginx's text without the place. */
export class ConfigError extends Error {
  readonly place: Place | undefined;
  /** The directive at fault, for tools. */
  readonly directive: string | undefined;

  constructor(message: string, place?: Place, directive?: string) {
    super(message);
    this.name = "ConfigError";
    this.place = place;
    this.directive = directive;
  }

  /** nginx's line without the level: `TEXT in FILE:LINE`, or `TEXT in command line`. */
  override toString(): string {
    return this.message + placeSuffix(this.place);
  }
}

export function placeSuffix(place: Place | undefined): string {
  if (place === undefined) return "";
  return place.file === undefined ? " in command line" : ` in ${place.file}:${place.line}`;
}

/** Text with variables, cut into pieces but not yet bound to any variable. */
export interface ValueTree {
  readonly source: string;
  readonly parts: readonly ValuePart[];
}

export type ValuePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "variable"; readonly name: string } // lower-case
  | { readonly kind: "capture"; readonly index: number }; // $1 ... $9
