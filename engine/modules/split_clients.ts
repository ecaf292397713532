/** `split_clients`: parts of a hundred per cent by hash. nginx's ngx_stream_split_clients_module. */
import { complexValue, two, word } from "../config/args.ts";
import { ConfigError, type Statement } from "../config/tree.ts";
import { murmur2 } from "../lib/murmur2.ts";
import { moduleOf } from "../module.ts";

interface Part {
  /** Hashes below it belong to this part, unless an earlier one has them. */
  readonly bound: number;
  readonly value: string;
}

/** Shares count in hundredths of a per cent. */
const WHOLE = 10_000;
const LAST_HASH = 0xffff_ffffn;

const { define, directive } = moduleOf<object>();

/** The share of `0.5%`; NaN for a wrong one. */
function shareOf(text: string): number {
  const [, whole = "", fraction = ""] = /^(\d*)(?:\.(\d{0,2}))?%$/.exec(text) ?? [];
  if (whole + fraction === "") return NaN;
  const share = Number(whole) * 100 + Number(fraction.padEnd(2, "0"));
  return share > 0 ? share : NaN;
}

function partsOf(entries: readonly Statement[]): readonly Part[] {
  const parts: Part[] = [];
  let sum = 0;
  let bound = 0n;
  for (const { name, args: [value = "", ...more], place } of entries) {
    if (more.length > 0) {
      throw new ConfigError("invalid number of the split_clients parameters", place);
    }
    const share = name === "*" ? WHOLE - sum : shareOf(name);
    if (Number.isNaN(share)) throw new ConfigError(`invalid percent value "${name}"`, place);
    sum += share;
    if (sum > WHOLE) throw new ConfigError("percent total is greater than 100%", place);
    bound += BigInt(share) * LAST_HASH / BigInt(WHOLE);
    const isLast = name === "*" || sum === WHOLE;
    parts.push({ bound: isLast ? Infinity : Number(bound), value });
  }
  return parts;
}

export const splitClients = define({
  name: "split_clients",
  create: () => ({}),
  merge: () => {},
  directives: {
    split_clients: directive({
      contexts: ["stream"],
      repeat: true,
      block: "entries",
      args: two(complexValue, word),
      set(_conf, [tree, name], { load, entries }) {
        const key = load.value(tree);
        const parts = partsOf(entries);
        load.variable(name, {
          get(session) {
            const hash = murmur2(key.evaluate(session));
            return parts.find(({ bound }) => hash < bound)?.value ?? "";
          },
        });
      },
    }),
  },
});
