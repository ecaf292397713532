/** `map`: a variable whose value depends on a text. nginx's ngx_stream_map_module. */
import { complexValue, number, one, two, word } from "../config/args.ts";
import { ConfigError, type Statement } from "../config/tree.ts";
import { parseValue } from "../config/value.ts";
import { NameTable } from "../lib/hostnames.ts";
import { type Load, moduleOf } from "../module.ts";
import type { Regex } from "../session/regex.ts";
import type { Session } from "../session/session.ts";
import type { ComplexValue } from "../session/variables.ts";

const { define, directive } = moduleOf<object>();

/** The table of one `map` while its entries are read, and for its sessions. */
class Table {
  isVolatile = false;
  #hasHostnames = false;
  #default: ComplexValue | undefined;
  readonly #names = new NameTable<ComplexValue>();
  readonly #regexes: (readonly [Regex, ComplexValue])[] = [];
  readonly #load: Load;

  constructor(load: Load) {
    this.#load = load;
  }

  /** Reads one line of the block. Throws ConfigError. */
  read({ name, args: [text, ...more] }: Statement): void {
    if (text === undefined && name === "volatile") this.isVolatile = true;
    else if (text === undefined && name === "hostnames") this.#hasHostnames = true;
    else if (text === undefined || more.length > 0) {
      throw new ConfigError("invalid number of the map parameters");
    } else this.#add(name, this.#load.value(parseValue(text)));
  }

  find(session: Session, text: string): ComplexValue | undefined {
    const name = this.#hasHostnames && text.endsWith(".") ? text.slice(0, -1) : text;
    const found = this.#names.find(name);
    if (found !== undefined) return found;
    for (const [regex, value] of this.#regexes) {
      if (regex.matches(session, name)) return value;
    }
    return this.#default;
  }

  #add(name: string, value: ComplexValue): void {
    if (name === "default") {
      if (this.#default !== undefined) throw new ConfigError("duplicate default map parameter");
      this.#default = value;
      return;
    }
    if (name.startsWith("~")) {
      const isCaseless = name.startsWith("~*");
      const regex = this.#load.regex(name.slice(isCaseless ? 2 : 1), { isCaseless });
      this.#regexes.push([regex, value]);
      return;
    }
    const key = name.startsWith("\\") ? name.slice(1) : name;
    const added = this.#hasHostnames
      ? this.#names.addWildcard(key, value)
      : this.#names.add(key, value);
    if (added === "conflicting") {
      throw new ConfigError(`conflicting parameter "${key.toLowerCase()}"`);
    }
    if (added === "invalid") throw new ConfigError(`invalid hostname or wildcard "${key}"`);
  }
}

/** Reads every line; each wrong one is an error of its own. */
function tableOf(entries: readonly Statement[], load: Load): Table {
  const table = new Table(load);
  for (const entry of entries) {
    try {
      table.read(entry);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      load.fail(new ConfigError(error.message, entry.place, "map"));
    }
  }
  return table;
}

/** nginx sizes its hash by these; a table of the language needs none. */
const ignored = directive({ contexts: ["stream"], args: one(number({ min: 1 })), set() {} });

export const map = define({
  name: "map",
  create: () => ({}),
  merge: () => {},
  directives: {
    map: directive({
      contexts: ["stream"],
      repeat: true,
      block: "entries",
      args: two(complexValue, word),
      set(_conf, [tree, name], { load, entries }) {
        const key = load.value(tree);
        const table = tableOf(entries, load);
        load.variable(name, {
          get: (session) => table.find(session, key.evaluate(session))?.evaluate(session) ?? "",
          volatile: table.isVolatile,
        });
      },
    }),
    map_hash_bucket_size: ignored,
    map_hash_max_size: ignored,
  },
});
