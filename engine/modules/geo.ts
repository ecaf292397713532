/** `geo`: a variable whose value depends on an address. nginx's ngx_stream_geo_module. */
import { formatHost } from "../lib/address.ts";
import { parseCidr } from "../lib/cidr.ts";
import { parseIp, parseIpv4, unmapped } from "../lib/ip.ts";
import { NetworkTable, RangeTable } from "../lib/networks.ts";
import { many, word } from "../config/args.ts";
import { ConfigError, type Statement } from "../config/tree.ts";
import { parseValue } from "../config/value.ts";
import { type At, type Load, moduleOf } from "../module.ts";

const { define, directive } = moduleOf<object>();

/** What has no address is looked up as this one. */
const NOWHERE = Uint8Array.of(255, 255, 255, 255);
const EVERYWHERE = ["0.0.0.0/0", "::/0"];

/** The entries of one `geo` block. */
class Reader {
  readonly networks = new NetworkTable();
  readonly ranges = new RangeTable();
  isVolatile = false;
  hasRanges = false;
  #default: string | undefined;
  #isEmpty = true;
  readonly #load: Load;

  constructor(load: Load) {
    this.#load = load;
  }

  /** Reads one line. Throws ConfigError. */
  read({ name, args: [value, ...more], place }: Statement): void {
    if (value === undefined && name === "volatile") {
      this.isVolatile = true;
      return;
    }
    if (value === undefined && name === "ranges") {
      if (!this.#isEmpty) {
        throw new ConfigError(
          'the "ranges" directive must be the first directive inside "geo" block',
        );
      }
      this.hasRanges = true;
      return;
    }
    if (value === undefined || more.length > 0) {
      throw new ConfigError("invalid number of the geo parameters");
    }
    this.#isEmpty = false;
    if (this.hasRanges) this.#range(name, value, place);
    else this.#network(name, value, place);
  }

  find(address: Uint8Array): string {
    const plain = unmapped(address);
    if (!this.hasRanges) return this.networks.find(plain) ?? "";
    const at = plain.length === 4 ? plain : NOWHERE;
    return this.ranges.find(at) ?? this.#default ?? "";
  }

  #network(name: string, value: string, place: Statement["place"]): void {
    if (name === "delete") {
      const cidr = parseCidr(value);
      if (cidr === undefined) throw new ConfigError(`invalid network "${value}"`);
      if (!this.networks.delete(cidr)) this.#load.warn(`no network "${value}" to delete`, place);
      return;
    }
    for (const text of name === "default" ? EVERYWHERE : [name]) {
      const cidr = parseCidr(text);
      if (cidr === undefined) throw new ConfigError(`invalid network "${text}"`);
      if (cidr.hadLowBits) this.#load.warn(`low address bits of ${text} are meaningless`, place);
      const old = this.networks.set(cidr, value);
      // nginx says it of the IPv4 one only where both come from `default`.
      if (old !== undefined && text !== EVERYWHERE[1]) {
        const what = `duplicate network "${name}", value: "${value}", old value: "${old}"`;
        this.#load.warn(what, place);
      }
    }
  }

  #range(name: string, value: string, place: Statement["place"]): void {
    if (name === "default") {
      if (this.#default !== undefined) {
        const old = this.#default;
        this.#load.warn(`duplicate range "${name}", value: "${value}", old value: "${old}"`, place);
      }
      this.#default = value;
      return;
    }
    const isDeleted = name === "delete";
    const text = isDeleted ? value : name;
    const [from, to] = text.split("-", 2).map(ipv4Number);
    if (from === undefined || to === undefined || from > to) {
      throw new ConfigError(`invalid range "${text}"`);
    }
    if (isDeleted) {
      if (!this.ranges.delete(from, to)) {
        this.#load.warn(`no address range "${text}" to delete`, place);
      }
      return;
    }
    const conflict = this.ranges.conflict(from, to);
    if (conflict !== undefined) throw new ConfigError(`range "${text}" overlaps "${conflict}"`);
    const old = this.ranges.set(from, to, value);
    if (old === undefined) return;
    const what = `duplicate range "${text}", value: "${value}", old value: "${old}"`;
    this.#load.warn(what, place);
  }
}

function ipv4Number(text: string): number | undefined {
  const bytes = parseIpv4(text);
  return bytes?.reduce((sum, byte) => sum * 256 + byte, 0);
}

function readEntries({ entries, load }: At): Reader {
  const reader = new Reader(load);
  for (const entry of entries) {
    try {
      reader.read(entry);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      load.fail(new ConfigError(error.message, entry.place, "geo"));
    }
  }
  return reader;
}

export const geo = define({
  name: "geo",
  create: () => ({}),
  merge: () => {},
  directives: {
    geo: directive({
      contexts: ["stream"],
      repeat: true,
      block: "entries",
      args: many(word, { max: 2 }),
      set(_conf, words, at) {
        const name = words.at(-1) ?? "";
        const [written] = words;
        if (words.length === 2 && !/^\$./s.test(written ?? "")) {
          throw new ConfigError(`invalid variable name "${written}"`);
        }
        const source = words.length === 2
          ? at.load.value(parseValue(`\${${(written ?? "").slice(1)}}`))
          : undefined;
        const reader = readEntries(at);
        at.load.variable(name, {
          volatile: reader.isVolatile,
          get(session) {
            const text = source === undefined
              ? formatHost(session.remote)
              : source.evaluate(session);
            return reader.find(parseIp(text) ?? NOWHERE);
          },
        });
      },
    }),
  },
});
