/** `events {}`: how the process waits for its sockets. nginx's ngx_event_core_module and ngx_epoll. */
import { flag, none, number, one, time, word } from "../config/args.ts";
import { ConfigError } from "../config/tree.ts";
import { parseCidr } from "../lib/cidr.ts";
import { type At, moduleOf } from "../module.ts";

export interface EventsConf {
  /** At the top level, where it is read; undefined is unset. */
  workerConnections: number | undefined;
}

const { define, directive } = moduleOf<EventsConf>();

/** What Debian's kernel has; the others belong to other systems. */
const METHODS = ["select", "poll", "epoll"];

/** A directive that is checked and has nothing to act on. */
function idle<T>(type: Parameters<typeof one<T>>[0], why: string) {
  return directive({
    contexts: ["events"],
    args: one(type),
    set: (_conf, _value, at: At) => at.load.ineffective(at.directive, why),
  });
}

async function checkDebugged(text: string, at: At): Promise<void> {
  const isKnown = text === "unix:" || parseCidr(text) !== undefined ||
    (await at.load.lookup(text)).length > 0;
  if (!isKnown) throw new ConfigError(`host not found in debug_connection "${text}"`);
  at.load.ineffective(at.directive, "there is no debug build");
}

export const events = define({
  name: "events",
  create: () => ({ workerConnections: undefined }),
  merge: () => {},
  directives: {
    events: directive({ contexts: ["main"], block: "events", args: none(), set: () => {} }),
    worker_connections: directive({
      contexts: ["events"],
      args: one(word),
      set(_conf, text, at) {
        if (!/^\d+$/.test(text)) throw new ConfigError(`invalid number "${text}"`);
        // The count belongs to the process, so it is kept with the top level.
        const top = at.scope.parent?.conf(events);
        if (top !== undefined) top.workerConnections = Number(text);
      },
    }),
    use: directive({
      contexts: ["events"],
      args: one(word),
      set(_conf, method, at) {
        if (!METHODS.includes(method)) throw new ConfigError(`invalid event type "${method}"`);
        at.load.ineffective(at.directive, "the runtime decides");
      },
    }),
    multi_accept: idle(flag, "the runtime decides"),
    accept_mutex: idle(flag, "there is one process"),
    accept_mutex_delay: idle(time, "there is one process"),
    debug_connection: directive({
      contexts: ["events"],
      repeat: true,
      args: one(word),
      set: (_conf, text, at) => checkDebugged(text, at),
    }),
    worker_aio_requests: idle(number({}), "the runtime decides"),
    epoll_events: idle(number({}), "the runtime decides"),
  },
});
