/** Builds the tree of statements of a configuration and of the files that it includes. */
import { fromBytes } from "../lib/bytes.ts";
import { toSystemError } from "../lib/errno.ts";
import { expandGlob, hasGlob } from "./glob.ts";
import { Lexer, type Token } from "./lexer.ts";
import { ConfigError, type Place, type SourceFile, type Statement } from "./tree.ts";

/** The files of the host, as the parser is given them. Both throw SystemError. */
export interface Reader {
  read(path: string): Uint8Array;
  list(path: string): readonly string[];
}

/** What could be read of a configuration. */
export interface ParsedConfig {
  /** All statements before the error, includes expanded; open blocks hold what they had. */
  readonly statements: readonly Statement[];
  readonly files: readonly SourceFile[];
  /** Where parsing stopped. */
  readonly error: ConfigError | undefined;
}

/** Of blocks in each other, and of includes in each other; nginx has no limit and overflows. */
const MAX_DEPTH = 100;
/** Files read in one load, repeats counted: includes that fan out end here. */
const MAX_FILES = 10_000;

/** Parses the main file. Its folder is the base of every relative include. */
export function parseConfig(path: string, reader: Reader): ParsedConfig {
  const parser = new Parser(reader, path.slice(0, path.lastIndexOf("/") + 1));
  const statements: Statement[] = [];
  const error = caught(() => parser.parseFile(path, statements));
  return { statements, files: parser.files, error };
}

/** Parses the value of -g: simple directives only. */
export function parseDirectives(text: string): ParsedConfig {
  const statements: Statement[] = [];
  const lexer = new Lexer(text, undefined);
  const error = caught(() => {
    for (let token = lexer.next(); token.kind !== "end"; token = lexer.next()) {
      const place = { file: undefined, line: token.line };
      if (token.kind === "close") throw new ConfigError('unexpected "}"', place);
      if (token.kind === "block") {
        throw new ConfigError("block directives are not supported in -g option", place);
      }
      statements.push(statementOf(token.words, place, undefined));
    }
  });
  return { statements, files: [], error };
}

function caught(run: () => void): ConfigError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

/** A statement whose block is still being read. */
interface OpenStatement extends Statement {
  endLine?: number;
}

function statementOf(
  [name = "", ...args]: readonly string[],
  place: Place,
  block: readonly Statement[] | undefined,
): OpenStatement {
  return { name, args, place, block };
}

/** Where the parser stands. */
interface Here {
  readonly lexer: Lexer;
  readonly file: string;
  readonly blocks: number;
  readonly includes: number;
}

class Parser {
  readonly files: SourceFile[] = [];
  readonly #known = new Map<string, SourceFile>();
  readonly #reader: Reader;
  readonly #folder: string;
  #reads = 0;

  constructor(reader: Reader, folder: string) {
    this.#reader = reader;
    this.#folder = folder;
  }

  parseFile(path: string, into: Statement[], from?: Here, place?: Place): void {
    const { text } = this.#load(path, place);
    const includes = from === undefined ? 0 : from.includes + 1;
    if (includes > MAX_DEPTH) {
      throw new ConfigError(`more than ${MAX_DEPTH} files include each other`, place, "include");
    }
    const lexer = new Lexer(text, path);
    const end = this.#parseStatements(
      { lexer, file: path, blocks: from?.blocks ?? 0, includes },
      into,
    );
    if (end.kind === "end") return;
    throw new ConfigError('unexpected "}"', { file: path, line: end.line });
  }

  #load(path: string, place: Place | undefined): SourceFile {
    this.#reads += 1;
    if (this.#reads > MAX_FILES) {
      throw new ConfigError(`more than ${MAX_FILES} files are included`, place, "include");
    }
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    const file = { path, text: fromBytes(this.#read(path, place)) };
    this.#known.set(path, file);
    this.files.push(file);
    return file;
  }

  #read(path: string, place: Place | undefined): Uint8Array {
    try {
      return this.#reader.read(path);
    } catch (thrown) {
      const error = toSystemError(thrown);
      // nginx opens a folder like a file, fails when it reads it, and then knows no place.
      const isFolder = error.code === "EISDIR";
      const call = isFolder ? "pread" : "open";
      throw new ConfigError(
        `${call}() "${path}" failed (${error.message})`,
        isFolder ? undefined : place,
      );
    }
  }

  /** Reads statements up to the token that is none: a closing brace or the end of the file. */
  #parseStatements(here: Here, into: Statement[]): Token & { readonly kind: "close" | "end" } {
    for (;;) {
      const token = here.lexer.next();
      if (token.kind === "close" || token.kind === "end") return token;
      const place = { file: here.file, line: token.line };
      if (token.words[0] === "include") this.#include(token, place, here, into);
      else if (token.kind === "statement") into.push(statementOf(token.words, place, undefined));
      else this.#parseBlock(token.words, place, here, into);
    }
  }

  #parseBlock(words: readonly string[], place: Place, here: Here, into: Statement[]): void {
    const blocks = here.blocks + 1;
    if (blocks > MAX_DEPTH) {
      throw new ConfigError(`more than ${MAX_DEPTH} blocks are nested`, place, words[0]);
    }
    const block: Statement[] = [];
    const statement = statementOf(words, place, block);
    into.push(statement);
    const end = this.#parseStatements({ ...here, blocks }, block);
    if (end.kind === "end") {
      const { file } = here;
      throw new ConfigError('unexpected end of file, expecting "}"', { file, line: end.line });
    }
    statement.endLine = end.line;
  }

  #include(
    { kind, words }: Token & { readonly kind: "statement" | "block" },
    place: Place,
    here: Here,
    into: Statement[],
  ): void {
    if (kind === "block") {
      throw new ConfigError('directive "include" is not terminated by ";"', place, "include");
    }
    const [, pattern, ...more] = words;
    if (pattern === undefined || more.length > 0) {
      throw new ConfigError('invalid number of arguments in "include" directive', place, "include");
    }
    const full = pattern.startsWith("/") ? pattern : this.#folder + pattern;
    const paths = hasGlob(full) ? expandGlob(full, this.#reader) : [full];
    for (const path of paths) this.parseFile(path, into, here, place);
  }
}
