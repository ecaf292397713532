/** The top level and `events {}`: what concerns the process. nginx's ngx_core and ngx_event modules. */
import { flag, many, none, number, one, time, word } from "../config/args.ts";
import { ConfigError } from "../config/tree.ts";
import { type AnyDirective, type At, type Context, moduleOf } from "../module.ts";

/** Undefined is unset. */
export interface MainConf {
  pidFile: string | undefined;
  daemon: boolean | undefined;
  workerProcesses: number | "auto" | undefined;
  user: string | undefined;
  shutdownTimeoutMs: number | undefined;
  workerConnections: number | undefined;
}

const { define, directive } = moduleOf<MainConf>();

const EVENT_METHODS = ["select", "poll", "kqueue", "epoll", "/dev/poll", "eventport"];

/** Directives of nginx that are checked for their number of words and have nothing to act on here. */
function ignored(contexts: readonly Context[], why: string): AnyDirective<MainConf> {
  return directive({
    contexts,
    repeat: true,
    args: many(word),
    set: (_conf, _words, at: At) => at.load.notice(`"${at.directive}" has no effect: ${why}`),
  });
}

/** `http {}` and `mail {}`: Weir is the stream part of a configuration. */
function passedOver(): AnyDirective<MainConf> {
  return directive({
    contexts: ["main"],
    block: "skip",
    args: none(),
    set: (_conf, _none, at: At) =>
      at.load.notice(`the "${at.directive}" block is passed over: Weir serves the stream part`),
  });
}

const oneProcess = "there is one process";

export const main = define({
  name: "main",
  create: () => ({
    pidFile: undefined,
    daemon: undefined,
    workerProcesses: undefined,
    user: undefined,
    shutdownTimeoutMs: undefined,
    workerConnections: undefined,
  }),
  merge: () => {},
  directives: {
    daemon: directive({
      contexts: ["main"],
      args: one(flag),
      set(conf, on, at) {
        conf.daemon = on;
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
      args: many(word),
      set(conf, [name, , ...rest], at) {
        if (rest.length > 0) {
          throw new ConfigError('invalid number of arguments in "user" directive');
        }
        conf.user = name;
        at.load.notice('"user" has no effect yet: no privilege is dropped');
      },
    }),
    worker_processes: directive({
      contexts: ["main"],
      args: one(word),
      set(conf, text, at) {
        if (text !== "auto" && !/^\d+$/.test(text)) throw new ConfigError("invalid number");
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
    events: directive({ contexts: ["main"], block: "events", args: none(), set: () => {} }),
    worker_connections: directive({
      contexts: ["events"],
      args: one(number({})),
      set(_conf, count, at) {
        // The count belongs to the process, so it is kept with the top level.
        const top = at.scope.parent?.conf(main);
        if (top !== undefined) top.workerConnections = count;
      },
    }),
    use: directive({
      contexts: ["events"],
      args: one(word),
      set(_conf, method) {
        if (!EVENT_METHODS.includes(method)) {
          throw new ConfigError(`invalid event type "${method}"`);
        }
      },
    }),
    stream: directive({ contexts: ["main"], block: "stream", args: none(), set: () => {} }),
    http: passedOver(),
    mail: passedOver(),
    master_process: ignored(["main"], oneProcess),
    worker_cpu_affinity: ignored(["main"], oneProcess),
    worker_priority: ignored(["main"], oneProcess),
    worker_rlimit_nofile: ignored(["main"], "the limit in force is used"),
    worker_rlimit_core: ignored(["main"], "the limit in force is used"),
    working_directory: ignored(["main"], "Weir writes no core files"),
    lock_file: ignored(["main"], oneProcess),
    env: ignored(["main"], "the environment is not passed to workers"),
    load_module: ignored(["main"], "all modules are built in"),
    thread_pool: ignored(["main"], "the runtime has its own"),
    timer_resolution: ignored(["main"], "timers are coarse anyway"),
    debug_points: ignored(["main"], "there is no debugger to stop in"),
    pcre_jit: ignored(["main"], "regular expressions are compiled by the runtime"),
    multi_accept: ignored(["events"], "the runtime decides"),
    accept_mutex: ignored(["events"], oneProcess),
    accept_mutex_delay: ignored(["events"], oneProcess),
    debug_connection: ignored(["events"], "Weir has no debug build"),
    worker_aio_requests: ignored(["events"], "the runtime decides"),
    epoll_events: ignored(["events"], "the runtime decides"),
  },
});
