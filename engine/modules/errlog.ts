/** `error_log`: where and from which level on messages go. nginx's ngx_errlog_module. */
import { ConfigError } from "../config/tree.ts";
import { many, word } from "../config/args.ts";
import { moduleOf } from "../module.ts";
import { type Level, LEVELS, type LogDestination } from "../session/log.ts";

interface ErrlogConf {
  /** Undefined inherits; a level's own list replaces the outer one. */
  destinations: LogDestination[] | undefined;
}

const { define, directive } = moduleOf<ErrlogConf>();

/** Words that name what only a debug build of nginx logs; accepted as "debug". */
const DEBUG_WORDS = /^debug_(core|alloc|mutex|event|http|mail|stream)$/;

/** One level, or words of a debug build, which may be several. */
function levelOf(words: readonly string[]): Level {
  let level: Level | undefined;
  for (const text of words) {
    const found = LEVELS.find((each) => each === text);
    if (found !== undefined && level !== undefined) {
      throw new ConfigError(`duplicate log level "${text}"`);
    }
    const isDebug = DEBUG_WORDS.test(text) && (level === undefined || level === "debug");
    if (found === undefined && !isDebug) throw new ConfigError(`invalid log level "${text}"`);
    level = found ?? "debug";
  }
  return level ?? "error";
}

export const errlog = define({
  name: "errlog",
  create: () => ({ destinations: undefined }),
  merge(outer, inner) {
    inner.destinations ??= outer.destinations;
  },
  directives: {
    error_log: directive({
      contexts: ["main", "stream", "server"],
      repeat: true,
      args: many(word),
      async set(conf, [path = "", ...levels], at) {
        if (path.startsWith("memory:")) {
          throw new ConfigError("nginx was built without debug support");
        }
        const target = await at.load.openLog(path);
        const level = levelOf(levels);
        conf.destinations = [...conf.destinations ?? [], { target, level }];
      },
    }),
  },
});
