/** The command line as plain data: nginx's options, one configuration file, `--demo`, `--dashboard`. */
import type { Address } from "../lib/address.ts";
import { readAddress } from "./dashboard_address.ts";

export type SignalWord = "stop" | "quit" | "reopen" | "reload";

/** Text is in byte strings; undefined was not asked for. */
export interface Options {
  readonly showVersion: boolean;
  readonly showHelp: boolean;
  readonly showConfigure: boolean;
  readonly test: boolean;
  readonly dump: boolean;
  readonly quiet: boolean;
  readonly signal: SignalWord | undefined;
  readonly prefix: string | undefined;
  /** The file of -c: relative to the prefix. */
  readonly conf: string | undefined;
  /** The word without an option: a file relative to the current folder. */
  readonly file: string | undefined;
  /** "stderr", or a file relative to the prefix. */
  readonly errorLog: string | undefined;
  readonly globals: string;
  readonly demo: boolean;
  readonly dashboard: Address | "off" | undefined;
  /** How errors are said; undefined is for people on a terminal, else as nginx does. */
  readonly format: Format | undefined;
  /** `weir check`: loads, warns and ends. */
  readonly check: boolean;
}

export type Format = "nginx" | "human" | "json";

/** What one option adds; a string is the text of what is wrong with it. */
type Added = Partial<Options> | string;

/** An option with a value. `wants` names what is missing when there is none. */
interface Valued {
  readonly wants: string;
  read(value: string): Added;
}

const SIGNAL_WORDS: readonly SignalWord[] = ["stop", "quit", "reopen", "reload"];

const HELP: Added = { showVersion: true, showHelp: true };
const VERSION: Added = { showVersion: true };

/** Every option by its name: one letter behind "-" as nginx has them, words behind "--". */
const OPTIONS = new Map<string, Added | Valued>([
  ["?", HELP],
  ["h", HELP],
  ["help", HELP],
  ["v", VERSION],
  ["version", VERSION],
  ["V", { showVersion: true, showConfigure: true }],
  ["t", { test: true }],
  ["T", { test: true, dump: true }],
  ["q", { quiet: true }],
  ["p", { wants: "directory name", read: (prefix) => ({ prefix }) }],
  ["c", { wants: "file name", read: (conf) => ({ conf }) }],
  ["e", { wants: "file name", read: (path) => ({ errorLog: path === "" ? "stderr" : path }) }],
  ["g", { wants: "parameter", read: (globals) => ({ globals }) }],
  ["s", { wants: "parameter", read: readSignal }],
  ["demo", { demo: true }],
  ["format", { wants: "nginx, human or json", read: readFormat }],
  ["dashboard", { wants: "address", read: readDashboard }],
]);

const NONE: Options = {
  showVersion: false,
  showHelp: false,
  showConfigure: false,
  test: false,
  dump: false,
  quiet: false,
  signal: undefined,
  prefix: undefined,
  conf: undefined,
  file: undefined,
  errorLog: undefined,
  globals: "",
  demo: false,
  dashboard: undefined,
  format: undefined,
  check: false,
};

/** Reads the words behind the program's name. A string is nginx's text of what is wrong. */
export function readOptions(args: readonly string[]): Options | string {
  let options = NONE;
  const words = args[Symbol.iterator]();
  const next = (): string | undefined => words.next().value;
  for (let word = next(); word !== undefined; word = next()) {
    const added = readWord(word, options, next);
    if (typeof added === "string") return added;
    options = { ...options, ...added };
  }
  const { file, conf } = options;
  return file !== undefined && conf !== undefined ? `invalid option: "${file}"` : options;
}

function readWord(word: string, options: Options, next: () => string | undefined): Added {
  if (word.startsWith("--")) return readLong(word, next);
  if (word.startsWith("-")) return readLetters(word, next);
  if (word === "check" && !options.check && options.file === undefined) return { check: true };
  return word === "" || options.file !== undefined ? `invalid option: "${word}"` : { file: word };
}

/** Letters may be glued; the rest of the word is the value of the first one that wants a value. */
function readLetters(word: string, next: () => string | undefined): Added {
  let all: Partial<Options> = {};
  for (let at = 1; at < word.length; at++) {
    const letter = word.charAt(at);
    const option = OPTIONS.get(letter);
    if (option === undefined || typeof option === "string") return `invalid option: "${letter}"`;
    if (!isValued(option)) {
      all = { ...all, ...option };
      continue;
    }
    const added = readValue(`-${letter}`, option, word.slice(at + 1) || next());
    return typeof added === "string" ? added : { ...all, ...added };
  }
  return all;
}

function readLong(word: string, next: () => string | undefined): Added {
  const equals = word.indexOf("=");
  const name = word.slice(2, equals < 0 ? undefined : equals);
  const option = name.length < 2 ? undefined : OPTIONS.get(name);
  if (option === undefined || typeof option === "string") return `invalid option: "${word}"`;
  if (isValued(option)) {
    return readValue(`--${name}`, option, equals < 0 ? next() : word.slice(equals + 1));
  }
  return equals < 0 ? option : `invalid option: "${word}"`;
}

function readValue(name: string, option: Valued, value: string | undefined): Added {
  return value === undefined ? `option "${name}" requires ${option.wants}` : option.read(value);
}

function isValued(option: Partial<Options> | Valued): option is Valued {
  return "read" in option;
}

function readSignal(word: string): Added {
  const signal = SIGNAL_WORDS.find((each) => each === word);
  return signal === undefined ? `invalid option: "-s ${word}"` : { signal };
}

const FORMATS: readonly Format[] = ["nginx", "human", "json"];

function readFormat(word: string): Added {
  const format = FORMATS.find((each) => each === word);
  return format === undefined ? `invalid option: "--format ${word}"` : { format };
}

function readDashboard(text: string): Added {
  const dashboard = text === "off" ? text : readAddress(text);
  return dashboard === undefined ? `invalid option: "--dashboard ${text}"` : { dashboard };
}
