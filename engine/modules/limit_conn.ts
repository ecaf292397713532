/** `limit_conn`: how many sessions one key may have at once. nginx's ngx_stream_limit_conn_module. */
import { flag, many, one, oneOf, size, two, word } from "../config/args.ts";
import { ConfigError } from "../config/tree.ts";
import { parseValue } from "../config/value.ts";
import { type At, moduleOf } from "../module.ts";
import type { Level } from "../session/log.ts";
import type { Session } from "../session/session.ts";
import { slot } from "../session/slot.ts";
import type { ComplexValue } from "../session/variables.ts";
import { isTooSmall, type Zone } from "../upstream/zone.ts";

/** Bytes of a zone that one key takes; nginx's documentation counts with as many. */
const ENTRY_BYTES = 64;
const MOST_KEY_BYTES = 255;
const KIND = "limit_conn";

/** Live sessions by key; what a zone keeps over reloads. */
class Counts {
  /** The text of the key's directive: another key may not use the same counts. */
  readonly key: string;
  readonly #most: number;
  readonly #counts = new Map<string, number>();

  constructor(key: string, bytes: number) {
    this.key = key;
    this.#most = Math.floor(bytes / ENTRY_BYTES);
  }

  /** Counts one more; "full" when there is no room for a key, "limited" at the limit. */
  enter(key: string, limit: number): "entered" | "full" | "limited" {
    const count = this.#counts.get(key);
    if (count === undefined && this.#counts.size >= this.#most) return "full";
    if (count !== undefined && count >= limit) return "limited";
    this.#counts.set(key, (count ?? 0) + 1);
    return "entered";
  }

  leave(key: string): void {
    const count = (this.#counts.get(key) ?? 0) - 1;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
  }
}

/** What `limit_conn_zone` declares. */
interface Keyed {
  readonly key: ComplexValue;
  readonly counts: Counts;
}

interface Limit {
  readonly zone: Zone;
  readonly most: number;
}

interface LimitConnConf {
  /** In a `stream` block: by the zone's name. */
  readonly zones: Map<string, Keyed>;
  limits: Limit[];
  level: Level | undefined;
  isDryRun: boolean | undefined;
  /** After compiling: what sessions run through. */
  rules: readonly (Keyed & Limit)[];
}

const { define, directive } = moduleOf<LimitConnConf>();

/** `$limit_conn_status`; not found until a zone was asked. */
const status = slot<"PASSED" | "REJECTED" | "REJECTED_DRY_RUN">();

/** "zone=name:size". */
function zoneOf(text: string, at: At): Zone | undefined {
  const [name = "", sizeText, ...rest] = text.slice(5).split(":");
  if (sizeText === undefined || rest.length > 0) {
    throw new ConfigError(`invalid zone size "${text}"`);
  }
  let bytes: number;
  try {
    bytes = size(sizeText);
  } catch {
    throw new ConfigError(`invalid zone size "${text}"`);
  }
  if (isTooSmall(bytes)) throw new ConfigError(`zone "${text}" is too small`);
  return name === "" ? undefined : at.load.zones.use(name, KIND, bytes);
}

function declareZone(conf: LimitConnConf, words: readonly string[], at: At): void {
  const [source = "", ...options] = words;
  const key = at.load.value(parseValue(source));
  let zone: Zone | undefined;
  for (const option of options) {
    if (!option.startsWith("zone=")) throw new ConfigError(`invalid parameter "${option}"`);
    zone = zoneOf(option, at);
  }
  if (zone === undefined) {
    throw new ConfigError(`"${at.directive}" must have "zone" parameter`);
  }
  const { name, bytes } = zone;
  const known = conf.zones.get(name);
  if (known !== undefined) {
    throw new ConfigError(
      `${at.directive} "${name}" is already bound to key "${known.key.source}"`,
    );
  }
  const counts = zone.state(() => new Counts(source, bytes));
  if (counts.key !== source) {
    const text = `limit_conn_zone "${name}" uses the "${source}" key ` +
      `while previously it used the "${counts.key}" key`;
    at.load.fail(new ConfigError(text));
  }
  conf.zones.set(name, { key, counts });
}

/** Refuses a session, or says that it would have been. */
function refuse(session: Session, conf: LimitConnConf, zone: Zone, isFull: boolean) {
  const isDryRun = conf.isDryRun === true;
  const dry = isDryRun ? ", dry run," : "";
  if (isFull) session.log("crit", `no memory in limit_conn_zone "${zone.name}"`);
  else session.log(conf.level ?? "error", `limiting connections${dry} by zone "${zone.name}"`);
  status.set(session, isDryRun ? "REJECTED_DRY_RUN" : "REJECTED");
  return isDryRun ? "declined" as const : session.finish(503, "limit");
}

function enterAll(session: Session, conf: LimitConnConf) {
  const entered: { readonly counts: Counts; readonly key: string }[] = [];
  const leaveAll = () => {
    for (const { counts, key } of entered) counts.leave(key);
  };
  for (const { zone, most, key: text, counts } of conf.rules) {
    const key = text.evaluate(session);
    if (key === "") continue;
    if (key.length > MOST_KEY_BYTES) {
      const what = `the value of the "${text.source}" key is more than ${MOST_KEY_BYTES} bytes`;
      session.log("error", `${what}: "${key}"`);
      continue;
    }
    status.set(session, "PASSED");
    const outcome = counts.enter(key, most);
    if (outcome !== "entered") {
      leaveAll();
      return refuse(session, conf, zone, outcome === "full");
    }
    entered.push({ counts, key });
  }
  if (entered.length > 0) session.atEnd(leaveAll);
  return "declined" as const;
}

export const limitConn = define({
  name: "limit_conn",
  create: () => ({
    zones: new Map(),
    limits: [],
    level: undefined,
    isDryRun: undefined,
    rules: [],
  }),
  merge(outer, inner) {
    if (inner.limits.length === 0) inner.limits = outer.limits;
    inner.level ??= outer.level ?? "error";
    inner.isDryRun ??= outer.isDryRun ?? false;
  },
  compile(conf, scope) {
    const zones = scope.parent?.conf(limitConn).zones;
    conf.rules = conf.limits.flatMap((limit) => {
      // One without a declaration was an error of the load.
      const keyed = zones?.get(limit.zone.name);
      return keyed === undefined ? [] : [{ ...keyed, ...limit }];
    });
  },
  directives: {
    limit_conn_zone: directive({
      contexts: ["stream"],
      repeat: true,
      args: many(word, { min: 2, max: 2 }),
      set: declareZone,
    }),
    limit_conn: directive({
      contexts: ["stream", "server"],
      repeat: true,
      args: two(word, word),
      set(conf, [name, count], at) {
        const zone = at.load.zones.use(name, KIND);
        if (conf.limits.some((limit) => limit.zone === zone)) {
          throw new ConfigError(`"${at.directive}" directive is duplicate`);
        }
        if (!/^\d+$/.test(count) || Number(count) === 0) {
          throw new ConfigError(`invalid number of connections "${count}"`);
        }
        if (Number(count) > 65_535) throw new ConfigError("connection limit must be less 65536");
        conf.limits = [...conf.limits, { zone, most: Number(count) }];
      },
    }),
    limit_conn_log_level: directive({
      contexts: ["stream", "server"],
      args: one(oneOf("info", "notice", "warn", "error")),
      set(conf, level) {
        conf.level = level;
      },
    }),
    limit_conn_dry_run: directive({
      contexts: ["stream", "server"],
      args: one(flag),
      set(conf, on) {
        conf.isDryRun = on;
      },
    }),
  },
  uses: ({ limits }) => limits.length > 0,
  phases: { preAccess: enterAll },
  variables: {
    limit_conn_status: { volatile: true, get: (session) => status.get(session) },
  },
});
