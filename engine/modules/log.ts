/** `log_format` and `access_log`: one line for every session. nginx's ngx_stream_log_module. */
import { toBytes } from "../lib/bytes.ts";
import { many, word } from "../config/args.ts";
import { ConfigError, type ValueTree } from "../config/tree.ts";
import { parseValue } from "../config/value.ts";
import { type At, type Load, moduleOf } from "../module.ts";
import type { LogTarget } from "../session/log.ts";
import type { Session } from "../session/session.ts";
import type { ComplexValue } from "../session/variables.ts";

type Escape = (value: string | undefined) => string;

interface Format {
  readonly name: string;
  readonly escape: Escape;
  readonly pieces: readonly ComplexValue[];
}

interface AccessLog {
  readonly target: LogTarget;
  readonly format: Format;
  /** Nothing is logged where this is empty or "0". */
  readonly condition: ComplexValue | undefined;
}

interface LogConf {
  /** In a `stream` block: by lower-case name, as they are looked up. */
  readonly formats: Map<string, Format>;
  /** Undefined inherits; null is `off`. */
  logs: AccessLog[] | null | undefined;
}

const { define, directive } = moduleOf<LogConf>();

function hex(char: string): string {
  return char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
}

const JSON_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\b": "\\b",
  "\f": "\\f",
};

const ESCAPES: Readonly<Record<string, Escape>> = {
  // The control characters are what the expressions are about.
  // deno-lint-ignore no-control-regex
  default: (value = "-") => value.replace(/["\\\x00-\x1f\x7f-\xff]/g, (char) => `\\x${hex(char)}`),
  json: (value = "") =>
    // deno-lint-ignore no-control-regex
    value.replace(/["\\\x00-\x1f]/g, (char) => JSON_ESCAPES[char] ?? `\\u00${hex(char)}`),
  none: (value = "") => value,
};

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
  return { name, escape: escape ?? ESCAPES["default"] as Escape, pieces }; // it stands above
}

/** The stream block's formats: `access_log` also stands in servers. */
function formatsOf(at: At): ReadonlyMap<string, Format> {
  const stream = at.scope.context === "stream" ? at.scope : at.scope.parent;
  return stream?.conf(log).formats ?? new Map();
}

function conditionOf(options: readonly string[], load: Load): ComplexValue | undefined {
  let condition: ComplexValue | undefined;
  for (const option of options) {
    if (option.startsWith("if=")) condition = load.value(parseValue(option.slice(3)));
    else if (/^(buffer|flush)=|^gzip(=|$)/.test(option)) {
      // The lines are the same; they are only written sooner and as they are.
      load.notice(`"${option}" of "access_log" has no effect yet: every line is written at once`);
    } else throw new ConfigError(`invalid parameter "${option}"`);
  }
  return condition;
}

function makeLog([path = "", name, ...options]: readonly string[], at: At): AccessLog {
  if (name === undefined) throw new ConfigError("log format is not specified");
  const format = formatsOf(at).get(name.toLowerCase());
  if (format === undefined) throw new ConfigError(`unknown log format "${name}"`);
  if (path.startsWith("syslog:") || path.includes("$")) {
    throw new ConfigError(`"${path}" is not supported as an access log yet`);
  }
  return {
    format,
    condition: conditionOf(options, at.load),
    target: at.load.openLog(path, at),
  };
}

function lineOf({ escape, pieces }: Format, session: Session): string {
  let line = "";
  for (const piece of pieces) line += piece.evaluateEscaped(session, escape);
  return `${line}\n`;
}

export const log = define({
  name: "log",
  create: () => ({ formats: new Map(), logs: undefined }),
  merge(outer, inner) {
    if (inner.logs === undefined) inner.logs = outer.logs;
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
      set(conf, words, at) {
        if (words[0] === "off" && words.length === 1) conf.logs = null;
        else if (conf.logs !== null) conf.logs = [...conf.logs ?? [], makeLog(words, at)];
      },
    }),
  },
  uses: (conf) => conf.logs !== null && conf.logs !== undefined,
  phases: {
    log(session, conf) {
      for (const { target, format, condition } of conf.logs ?? []) {
        const wanted = condition?.evaluate(session);
        if (wanted !== "" && wanted !== "0") target.write(toBytes(lineOf(format, session)));
      }
      return "ok";
    },
  },
});
