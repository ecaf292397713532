/** Schemas of a directive's arguments: arity and types in one value, with nginx's messages. */
import * as v from "valibot";
import {
  type AddressRange,
  addressRangeOf,
  type KnownTarget,
  type ListenTarget,
  listenTargets,
  peerTarget,
} from "./address.ts";
import { ConfigError, type Statement, type ValueTree } from "./tree.ts";
import { DIRECTIVE, oneOf, type Word, wordType } from "./units.ts";
import { parseValue } from "./value.ts";

export {
  digitsOf,
  flag,
  labelled,
  number,
  offset,
  oneOf,
  seconds,
  size,
  time,
  word,
} from "./units.ts";
export type { Word } from "./units.ts";

/** Words of a directive in, a typed value out. */
export type ArgsSchema<T> = v.GenericSchema<readonly string[], T>;

/** A schema around a reader that throws ConfigError for what is wrong. */
function schema<T>(syntax: string, read: (words: readonly string[]) => T): ArgsSchema<T> {
  return v.pipe(
    v.custom<readonly string[]>(Array.isArray),
    v.rawTransform(({ dataset, addIssue, NEVER }): T => {
      try {
        return read(dataset.value);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        addIssue({ message: error.message });
        return NEVER;
      }
    }),
    v.metadata({ syntax }),
  );
}

/** The words of a schema as documentation writes them: "time", "on | off", "address [backup]". */
export function syntaxOf(args: ArgsSchema<unknown>): string {
  const { syntax } = v.getMetadata(args);
  return typeof syntax === "string" ? syntax : "";
}

function syntaxOfWord(type: Word<unknown>): string {
  return type.syntax ?? "string";
}

function arity(isRight: boolean): void {
  if (isRight) return;
  throw new ConfigError(`invalid number of arguments in "${DIRECTIVE}" directive`);
}

/** No word at all. */
export function none(): ArgsSchema<undefined> {
  return schema("", (words) => {
    arity(words.length === 0);
    return undefined;
  });
}

/** Exactly one word. */
export function one<T>(type: Word<T>): ArgsSchema<T> {
  return schema(syntaxOfWord(type), ([text, ...more]) => {
    arity(text !== undefined && more.length === 0);
    return type(text ?? "");
  });
}

/** Exactly two words. */
export function two<A, B>(first: Word<A>, second: Word<B>): ArgsSchema<readonly [A, B]> {
  const syntax = `${syntaxOfWord(first)} ${syntaxOfWord(second)}`;
  return schema(syntax, ([one, other, ...more]) => {
    arity(one !== undefined && other !== undefined && more.length === 0);
    return [first(one ?? ""), second(other ?? "")];
  });
}

/** One word or none. */
export function optional<T>(type: Word<T>): ArgsSchema<T | undefined> {
  return schema(`[${syntaxOfWord(type)}]`, ([text, ...more]) => {
    arity(more.length === 0);
    return text === undefined ? undefined : type(text);
  });
}

/** From `min` (1) to `max` words, all of one type. */
export function many<T>(type: Word<T>, { min = 1, max = Infinity } = {}): ArgsSchema<readonly T[]> {
  return schema(`${syntaxOfWord(type)} ...`, (words) => {
    arity(words.length >= min && words.length <= max);
    return words.map((text) => type(text));
  });
}

/** One word, then perhaps one of the options. */
export function oneThen<T, O extends string>(
  type: Word<T>,
  options: readonly O[],
): ArgsSchema<readonly [T, O | undefined]> {
  return schema(`${syntaxOfWord(type)} [${options.join(" | ")}]`, ([text, option, ...more]) => {
    arity(text !== undefined && more.length === 0);
    const known = options.find((each) => each === option);
    if (option !== known) throw new ConfigError(`invalid parameter "${option}"`);
    return [type(text ?? ""), known];
  });
}

/** The words of a bitmask; nginx warns `duplicate value "X"` for each of `duplicates`. */
export interface Bitmask<W extends string> {
  readonly words: ReadonlySet<W>;
  readonly duplicates: readonly W[];
}

/** One or more words of a list, in any order and case. */
export function bitmask<W extends string>(...allowed: readonly W[]): ArgsSchema<Bitmask<W>> {
  const type = oneOf(...allowed);
  return schema(`${allowed.join(" | ")} ...`, (texts) => {
    arity(texts.length > 0);
    const words = new Set<W>();
    const duplicates: W[] = [];
    for (const text of texts) {
      const each = type(text);
      if (words.has(each)) duplicates.push(each);
      words.add(each);
    }
    return { words, duplicates };
  });
}

/** Text with variables. */
export const complexValue: Word<ValueTree> = wordType("value", parseValue);

/** An address or name with a port, or a unix socket. */
export const peerAddress: Word<KnownTarget> = wordType("address", peerTarget);

/** Addresses to listen on: several for a range of ports. */
export const listenAddress: Word<readonly ListenTarget[]> = wordType("address", listenTargets);

/** An address, a network, `unix:` or `all`. */
export const addressRange: Word<AddressRange> = wordType(
  "address | CIDR | unix: | all",
  addressRangeOf,
);

/** A parameter that stands alone, without "=value". */
export const present: Word<true> = () => true;

type Options = Readonly<Record<string, Word<unknown>>>;

/** What was given, by the parameter's name. */
export type Given<O extends Options> = {
  readonly [K in keyof O]?: ReturnType<O[K]> | undefined;
};

function syntaxOfOptions(options: Options): readonly string[] {
  return Object.entries(options).map(([name, type]) =>
    type === present ? `[${name}]` : `[${name}=${syntaxOfWord(type)}]`
  );
}

/**
 * One positional word, then `name=value` and bare words in any order; the last of a name wins.
 * The parameters are checked before the first word, as nginx does for the peers of an upstream.
 */
export function parameters<T, O extends Options>(
  first: Word<T>,
  options: O,
): ArgsSchema<readonly [T, Given<O>]> {
  const syntax = [syntaxOfWord(first), ...syntaxOfOptions(options)].join(" ");
  return schema(syntax, ([text, ...tail]) => {
    arity(text !== undefined);
    const given: Record<string, unknown> = {};
    for (const each of tail) readParameter(each, options, given);
    // The names and types were checked one by one against `options`.
    return [first(text ?? ""), given as Given<O>];
  });
}

function readParameter(text: string, options: Options, given: Record<string, unknown>): void {
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  const type = Object.hasOwn(options, name) ? options[name] : undefined;
  if (type === undefined || (type === present) !== (equals < 0)) {
    throw new ConfigError(`invalid parameter "${text}"`);
  }
  try {
    given[name] = type(text.slice(equals + 1));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`invalid ${type.label ?? "parameter"} "${text}"`);
  }
}

/** The typed arguments of a statement. Throws ConfigError in nginx's words, at the statement. */
export function checkArgs<T>({ name, args, place }: Statement, schema: ArgsSchema<T>): T {
  const result = v.safeParse(schema, args, { abortEarly: true });
  if (result.success) return result.output;
  // A function, because a name may hold the `$` that replaceAll takes for its own.
  const message = result.issues[0].message.replaceAll(DIRECTIVE, () => name);
  throw new ConfigError(message, place, name);
}
