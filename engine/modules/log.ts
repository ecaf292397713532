/** `log_format` and `access_log`: one line for every session. nginx's ngx_stream_log_module. */
import { toBytes } from "../lib/bytes.ts";
import { digitsOf, many, seconds, size, time, word } from "../config/args.ts";
import { ConfigError, type ValueTree } from "../config/tree.ts";
import { parseValue } from "../config/value.ts";
import { type At, type Load, type LogBuffer, type LogCache, moduleOf } from "../module.ts";
import type { Session } from "../session/session.ts";
import type { ComplexValue } from "../session/variables.ts";
import { type Escape, ESCAPES } from "../session/escapes.ts";

interface Format {
  readonly name: string;
  readonly escape: Escape;
  readonly pieces: readonly ComplexValue[];
}

interface AccessLog {
  readonly format: Format;
  /** Nothing is logged where this is empty or "0". */
  readonly condition: ComplexValue | undefined;
  write(session: Session, line: Uint8Array): void;
}

interface LogConf {
  /** In a `stream` block: by lower-case name, as they are looked up. */
  readonly formats: Map<string, Format>;
  /** Undefined inherits; null is `off`. */
  logs: AccessLog[] | null | undefined;
  /** For paths with variables; null is `off`. */
  cache: LogCache | null | undefined;
  /** Paths with variables are opened when the cache is known. */
  readonly openings: ((cache: LogCache | undefined) => void)[];
}

const { define, directive } = moduleOf<LogConf>();

/** What `gzip` collects where no `buffer` is given, and its level. */
const GZIP_BYTES = 65_536;
const GZIP_LEVEL = 1;

function escapeOf(word: string): Escape | undefined {
  if (!word.startsWith("escape=")) return undefined;
  const escape = ESCAPES[word.slice(7)];
  if (escape === undefined) throw new ConfigError(`unknown log format escaping "${word.slice(7)}"`);
  return escape;
}

/** A format knows no captures: `$1` is a variable of that name, which nobody has. */
function withoutCaptures({ source, parts }: ValueTree): ValueTree {
  return {
    source,
    parts: parts.map((part) =>
      part.kind === "capture" ? { kind: "variable", name: String(part.index) } : part
    ),
  };
}

/** `log_format name [escape=...] string ...`. */
function makeFormat([name = "", ...words]: readonly string[], load: Load): Format {
  const escape = escapeOf(words[0] ?? "");
  const strings = escape === undefined ? words : words.slice(1);
  const pieces = strings.map((text) => load.value(withoutCaptures(parseValue(text))));
  return { name, escape: escape ?? ESCAPES["default"] as Escape, pieces }; // it stands there
}

/** The stream block's formats: `access_log` also stands in servers. */
function formatsOf(at: At): ReadonlyMap<string, Format> {
  const stream = at.scope.context === "stream" ? at.scope : at.scope.parent;
  return stream?.conf(log).formats ?? new Map();
}

/** What stands behind the format's name. */
interface Options {
  condition?: ComplexValue;
  bytes?: number;
  flushMs?: number;
  gzipLevel?: number;
}

function attempt<T>(read: () => T, message: string): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(message);
  }
}

function readOption(option: string, options: Options, load: Load): void {
  const [, name = "", value = ""] = /^(\w+)=(.*)$/s.exec(option) ?? [, option];
  if (name === "if") options.condition = load.value(parseValue(value));
  else if (name === "buffer") {
    options.bytes = attempt(() => size(value), `invalid buffer size "${value}"`);
    if (options.bytes === 0) throw new ConfigError(`invalid buffer size "${value}"`);
  } else if (name === "flush") {
    options.flushMs = attempt(() => time(value), `invalid flush time "${value}"`);
    if (options.flushMs === 0) throw new ConfigError(`invalid flush time "${value}"`);
  } else if (name === "gzip") {
    options.bytes ??= GZIP_BYTES;
    options.gzipLevel = option === name ? GZIP_LEVEL : digitsOf(value);
    if (!(options.gzipLevel >= 1 && options.gzipLevel <= 9)) {
      throw new ConfigError(`invalid compression level "${value}"`);
    }
  } else throw new ConfigError(`invalid parameter "${option}"`);
}

function bufferOf({ bytes, flushMs, gzipLevel }: Options): LogBuffer | undefined {
  return bytes === undefined ? undefined : { bytes, flushMs, gzipLevel };
}

async function makeLog([path = "", name, ...words]: readonly string[], at: At): Promise<AccessLog> {
  if (name === undefined) throw new ConfigError("log format is not specified");
  const format = formatsOf(at).get(name.toLowerCase());
  if (format === undefined) throw new ConfigError(`unknown log format "${name}"`);
  const options: Options = {};
  for (const each of words) readOption(each, options, at.load);
  const buffer = bufferOf(options);
  if (options.flushMs !== undefined && buffer === undefined) {
    throw new ConfigError(`no buffer is defined for access_log "${path}"`);
  }
  const made = { format, condition: options.condition };
  if (path.includes("$")) return { ...made, write: variableWriter(path, buffer, at) };
  if (buffer !== undefined && path.startsWith("syslog:")) {
    throw new ConfigError("logs to syslog cannot be buffered");
  }
  const target = buffer === undefined
    ? await at.load.openLog(path)
    : at.load.openBufferedLog(path, buffer);
  return { ...made, write: (_session, line) => target.write(line) };
}

/** Writes to the file whose path a session gives. */
function variableWriter(path: string, buffer: LogBuffer | undefined, at: At): AccessLog["write"] {
  if (buffer !== undefined) throw new ConfigError("buffered logs cannot have variables in name");
  const value = at.load.value(parseValue(path.startsWith("/") ? path : at.load.fullPath(path)));
  let write: ReturnType<Load["openPathLogs"]> | undefined;
  at.scope.conf(log).openings.push((cache) => {
    write = at.load.openPathLogs(cache);
  });
  return (session, line) => write?.(value.evaluate(session), line);
}

/** `open_log_file_cache max=N [inactive=10s] [min_uses=1] [valid=60s]`, or null for `off`. */
function cacheOf(words: readonly string[], at: At): LogCache | null {
  let cache = { max: 0, inactiveMs: 10_000, minUses: 1, validMs: 60_000 };
  for (const text of words) {
    if (text === "off" && words.length === 1) return null;
    const [, name, value = ""] = /^(\w+)=(.*)$/s.exec(text) ?? [];
    const count = digitsOf(value);
    const invalid = `invalid "open_log_file_cache" parameter "${text}"`;
    if (name === "max" && count > 0) cache = { ...cache, max: count };
    else if (name === "min_uses" && count > 0) cache = { ...cache, minUses: count };
    else if (name === "inactive") {
      cache = { ...cache, inactiveMs: attempt(() => seconds(value), invalid) * 1000 };
    } else if (name === "valid") {
      cache = { ...cache, validMs: attempt(() => seconds(value), invalid) * 1000 };
    } else throw new ConfigError(invalid);
  }
  if (cache.max === 0) throw new ConfigError(`"${at.directive}" must have "max" parameter`);
  return cache;
}

function lineOf({ escape, pieces }: Format, session: Session): string {
  let line = "";
  for (const piece of pieces) line += piece.evaluateEscaped(session, escape);
  return `${line}\n`;
}

export const log = define({
  name: "log",
  create: () => ({ formats: new Map(), logs: undefined, cache: undefined, openings: [] }),
  merge(outer, inner) {
    if (inner.logs === undefined) inner.logs = outer.logs;
    if (inner.cache === undefined) inner.cache = outer.cache;
    for (const open of inner.openings) open(inner.cache ?? undefined);
  },
  directives: {
    log_format: directive({
      contexts: ["stream"],
      repeat: true,
      args: many(word, { min: 2 }),
      set(conf, words, { load }) {
        const format = makeFormat(words, load);
        const known = conf.formats.get(format.name.toLowerCase());
        if (known?.name === format.name) {
          throw new ConfigError(`duplicate "log_format" name "${format.name}"`);
        }
        if (known === undefined) conf.formats.set(format.name.toLowerCase(), format);
      },
    }),
    access_log: directive({
      contexts: ["stream", "server"],
      repeat: true,
      args: many(word),
      async set(conf, words, at) {
        if (words[0] === "off" && words.length === 1) conf.logs = null;
        else if (conf.logs !== null) conf.logs = [...conf.logs ?? [], await makeLog(words, at)];
      },
    }),
    open_log_file_cache: directive({
      contexts: ["stream", "server"],
      args: many(word),
      set(conf, words, at) {
        conf.cache = cacheOf(words, at);
      },
    }),
  },
  uses: (conf) => conf.logs !== null && conf.logs !== undefined,
  phases: {
    log(session, conf) {
      for (const { write, format, condition } of conf.logs ?? []) {
        const wanted = condition?.evaluate(session);
        if (wanted !== "" && wanted !== "0") write(session, toBytes(lineOf(format, session)));
      }
      return "ok";
    },
  },
});
