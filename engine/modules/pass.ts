/** `pass`: hands a client to another listening socket of this process. nginx's ngx_stream_pass_module. */
import { formatAddress } from "../lib/address.ts";
import { parsePeerAddress, type PeerTarget } from "../config/address.ts";
import { complexValue, one } from "../config/args.ts";
import { ConfigError } from "../config/tree.ts";
import { type At, moduleOf } from "../module.ts";
import type { Address } from "../runtime/runtime.ts";
import type { Session } from "../session/session.ts";
import type { ComplexValue } from "../session/variables.ts";

interface PassConf {
  /** Addresses known at load; undefined for a value with variables. */
  addresses: readonly Address[] | undefined;
  value: ComplexValue | undefined;
}

const { define, directive } = moduleOf<PassConf>();

/** A client that is passed on more often goes round in a circle. */
const MOST_HOPS = 10;

/** As nginx spells `pass`: a port alone is one of any local address. */
function targetOf(text: string): PeerTarget {
  return parsePeerAddress(
    /^\d+$/.test(text) ? `0.0.0.0:${text}` : text.replace(/^\*:/, "0.0.0.0:"),
  );
}

async function fixedAddresses(text: string, at: At): Promise<readonly Address[]> {
  const target = targetOf(text);
  const where = `in "${text}" of the "pass" directive`;
  if (target.kind === "error") throw new ConfigError(`${target.message} ${where}`);
  if (target.kind === "address") return [target.address];
  const hosts = await at.load.lookup(target.host);
  if (hosts.length === 0) throw new ConfigError(`host not found ${where}`);
  return hosts.map((host) => ({ host, port: target.port }));
}

function addressesOf(
  session: Session,
  { addresses, value }: PassConf,
): readonly Address[] | string {
  if (addresses !== undefined) return addresses;
  const text = value?.evaluate(session) ?? "";
  const target = targetOf(text);
  if (target.kind === "address") return [target.address];
  return target.kind === "error"
    ? `${target.message} in pass "${text}"`
    : `no addresses in pass "${text}"`;
}

export const pass = define({
  name: "pass",
  create: () => ({ addresses: undefined, value: undefined }),
  merge: () => {},
  directives: {
    pass: directive({
      contexts: ["server"],
      args: one(complexValue),
      async set(conf, tree, at) {
        const value = at.load.value(tree);
        conf.value = value;
        if (value.constant !== undefined) {
          conf.addresses = await fixedAddresses(value.constant, at);
        }
        at.scope.content = "pass";
      },
    }),
  },
  phases: {
    content(session, conf) {
      session.action = "passing connection to port";
      const addresses = addressesOf(session, conf);
      if (typeof addresses === "string") {
        session.log("error", addresses);
        return session.finish(500, "error");
      }
      if (session.hops >= MOST_HOPS) {
        session.log("error", "stream pass cycle");
        return session.finish(500, "error");
      }
      for (const address of addresses) {
        const door = session.worker.doorOf(address);
        if (door !== undefined) return session.handOver(door, address);
      }
      const [first] = addresses;
      session.log("error", `port not found for "${first && formatAddress(first)}"`);
      return session.finish(200);
    },
  },
});
