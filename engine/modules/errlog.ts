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

function levelOf(text: string | undefined): Level {
  if (text === undefined) return "error";
  if (DEBUG_WORDS.test(text)) return "debug";
  const level = LEVELS.find((each) => each === text);
  if (level === undefined) throw new ConfigError(`invalid log level "${text}"`);
  return level;
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
      set(conf, [path = "", ...levels], at) {
        if (path.startsWith("syslog:") || path.startsWith("memory:")) {
          throw new ConfigError(`"${path}" is not supported as an error log yet`);
        }
        const level = levelOf(levels.at(-1));
        const target = at.load.openLog(path, at);
        conf.destinations = [...conf.destinations ?? [], { target, level }];
      },
    }),
  },
});
