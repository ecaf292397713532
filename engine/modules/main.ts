/** The top level: what concerns the process. nginx's ngx_core_module and its kin. */
import {
  digitsOf,
  flag,
  many,
  none,
  number,
  offset,
  one,
  oneOf,
  time,
  word,
} from "../config/args.ts";
import { ConfigError } from "../config/tree.ts";
import { type AnyDirective, type At, moduleOf } from "../module.ts";

/** Whom the process becomes once its sockets are bound. */
export interface ProcessUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Undefined is unset. */
export interface MainConf {
  pidFile: string | undefined;
  workerProcesses: number | "auto" | undefined;
  user: ProcessUser | undefined;
  shutdownTimeoutMs: number | undefined;
  /** -20 to 20: nice. */
  priority: number | undefined;
  /** A block was opened: modules cannot be loaded any more. */
  hasBlocks: boolean;
  readonly threadPools: Set<string>;
}

const { define, directive } = moduleOf<MainConf>();

const oneProcess = "there is one process";

/** Modules of nginx whose directives Weir has, or passes over with their block. */
const KNOWN_MODULES =
  /(^|\/)(ngx_(stream|http|mail|stream_geoip|http_\w+|stream_keyval|stream_js)_module|ndk_http_module)\.so$/;

/** A directive that is checked and has nothing to act on here. */
function idle<T>(type: Parameters<typeof one<T>>[0], why: string): AnyDirective<MainConf> {
  return directive({
    contexts: ["main"],
    args: one(type),
    set: (_conf, _value, at: At) => at.load.ineffective(at.directive, why),
  });
}

/** `http {}` and `mail {}`: Weir is the stream part of a configuration. */
function passedOver(): AnyDirective<MainConf> {
  return directive({
    contexts: ["main"],
    block: "skip",
    args: none(),
    set(conf, _none, at: At) {
      conf.hasBlocks = true;
      at.load.notice(`the "${at.directive}" block is passed over: Weir serves the stream part`);
    },
  });
}

/** The account and its group: the one named, or the one of the user's name. */
function userOf([name = "", group]: readonly string[], at: At): ProcessUser | undefined {
  if (!at.load.isPrivileged) {
    at.load.warn(
      'the "user" directive makes sense only if the master process runs with super-user ' +
        "privileges, ignored",
      at,
    );
    return undefined;
  }
  const uid = at.load.user(name);
  if (uid === undefined) throw new ConfigError(`getpwnam("${name}") failed`);
  const gid = at.load.group(group ?? name);
  if (gid === undefined) throw new ConfigError(`getgrnam("${group ?? name}") failed`);
  return { name, uid, gid };
}

function checkThreadPool(conf: MainConf, [name = "", ...words]: readonly string[]): void {
  if (conf.threadPools.has(name)) throw new ConfigError(`duplicate thread pool "${name}"`);
  for (const text of words) {
    const [, option, value = ""] = /^(threads|max_queue)=(.*)$/s.exec(text) ?? [];
    const least = option === "threads" ? 1 : 0;
    if (option !== undefined && !(digitsOf(value) >= least)) {
      throw new ConfigError(`invalid ${option} value "${text}"`);
    }
  }
  conf.threadPools.add(name);
}

export const main = define({
  name: "main",
  create: () => ({
    pidFile: undefined,
    workerProcesses: undefined,
    user: undefined,
    shutdownTimeoutMs: undefined,
    priority: undefined,
    hasBlocks: false,
    threadPools: new Set(),
  }),
  merge: () => {},
  directives: {
    daemon: directive({
      contexts: ["main"],
      args: one(flag),
      set(_conf, on, at) {
        if (on) at.load.notice('"daemon on" has no effect: Weir stays in the foreground');
      },
    }),
    pid: directive({
      contexts: ["main"],
      args: one(word),
      set(conf, path, at) {
        conf.pidFile = at.load.fullPath(path);
      },
    }),
    user: directive({
      contexts: ["main"],
      args: many(word, { max: 2 }),
      set(conf, words, at) {
        conf.user = userOf(words, at);
      },
    }),
    worker_processes: directive({
      contexts: ["main"],
      args: one(word),
      set(conf, text, at) {
        if (text !== "auto" && !/^\d+$/.test(text)) {
          throw new ConfigError(`"${at.directive}" directive invalid value`);
        }
        conf.workerProcesses = text === "auto" ? "auto" : Number(text);
        if (text === "auto" || Number(text) > 1) {
          at.load.notice(`"worker_processes ${text}" runs one worker: there are no others yet`);
        }
      },
    }),
    worker_shutdown_timeout: directive({
      contexts: ["main"],
      args: one(time),
      set(conf, ms) {
        conf.shutdownTimeoutMs = ms;
      },
    }),
    worker_priority: directive({
      contexts: ["main"],
      args: one(word),
      set(conf, text, at) {
        if (!/^[+-]?\d+$/.test(text)) {
          throw new ConfigError(`"${at.directive}" directive invalid number`);
        }
        conf.priority = Number(text);
      },
    }),
    worker_rlimit_nofile: directive({
      contexts: ["main"],
      args: one(number({})),
      set(_conf, count, at) {
        const limit = at.load.descriptorLimit;
        if (limit === undefined || count <= limit) return;
        at.load.warn(`worker_rlimit_nofile ${count} exceeds the limit in force: ${limit} is used`);
      },
    }),
    worker_cpu_affinity: directive({
      contexts: ["main"],
      args: many(word),
      set(_conf, words, at) {
        for (const mask of words[0] === "auto" ? words.slice(1) : words) {
          const [char] = mask.replace(/[01]/g, "");
          if (char === undefined) continue;
          throw new ConfigError(`invalid character "${char}" in "${at.directive}"`);
        }
        at.load.ineffective(at.directive, "the system places the threads");
      },
    }),
    thread_pool: directive({
      contexts: ["main"],
      repeat: true,
      args: many(word, { min: 2, max: 3 }),
      set(conf, words, at) {
        checkThreadPool(conf, words);
        at.load.ineffective(at.directive, "the runtime has its own");
      },
    }),
    load_module: directive({
      contexts: ["main"],
      repeat: true,
      args: one(word),
      set(conf, path, at) {
        if (conf.hasBlocks) {
          throw new ConfigError(`"${at.directive}" directive is specified too late`);
        }
        const full = at.load.fullPath(path);
        if (KNOWN_MODULES.test(full)) return at.load.ineffective(at.directive, "all are built in");
        const why = "cannot open shared object file: No such file or directory";
        throw new ConfigError(`dlopen() "${full}" failed (${full}: ${why})`);
      },
    }),
    env: directive({
      contexts: ["main"],
      repeat: true,
      args: one(word),
      set: (_conf, _text, at) => at.load.ineffective(at.directive, oneProcess),
    }),
    stream: directive({
      contexts: ["main"],
      block: "stream",
      args: none(),
      set(conf) {
        conf.hasBlocks = true;
      },
    }),
    http: passedOver(),
    mail: passedOver(),
    master_process: idle(flag, oneProcess),
    worker_rlimit_core: idle(offset, "the limit in force is used"),
    working_directory: idle(word, "Weir writes no core files"),
    lock_file: idle(word, oneProcess),
    timer_resolution: idle(time, "timers are coarse anyway"),
    debug_points: idle(oneOf("stop", "abort"), "there is no debugger to stop in"),
    pcre_jit: idle(flag, "the runtime compiles regular expressions"),
    ssl_engine: idle(word, "the runtime has its own TLS"),
    ssl_object_cache_inheritable: idle(flag, "there is no such cache"),
  },
});
