/** Rules about `server` blocks. */
import { listenTargets } from "../config/address.ts";
import { ConfigError, type Statement } from "../config/tree.ts";
import { formatAddress } from "../lib/address.ts";
import type { Finding, Server, Subject } from "./lint.ts";

type Found = Omit<Finding, "code">;

const CONTENTS = new Set(["proxy_pass", "return", "pass"]);
/** What runs before a name is known. */
const EARLY = new Set(["allow", "deny", "limit_conn", "set", "set_real_ip_from"]);

export function* noContent({ servers }: Subject): Iterable<Found> {
  for (const { statement, block } of servers) {
    if (block.some(({ name }) => CONTENTS.has(name))) continue;
    const message = "the server has no proxy_pass, return or pass: every session ends with 500";
    yield { message, place: statement.place, word: "server" };
  }
}

export function* twoContents({ servers }: Subject): Iterable<Found> {
  for (const { block } of servers) {
    const contents = block.filter(({ name }) => CONTENTS.has(name));
    const last = contents.at(-1);
    for (const each of contents) {
      if (last === undefined || each.name === last.name) continue;
      const message =
        `"${each.name}" never runs: "${last.name}" of the same server is written last`;
      yield { message, place: each.place, word: each.name };
    }
  }
}

/** Rules in a server that clients only reach by name never run. */
export function* nameOnlyRules({ servers }: Subject): Iterable<Found> {
  const defaults = defaultServers(servers);
  for (const server of servers) {
    if (defaults.has(server)) continue;
    for (const each of server.block) {
      if (!EARLY.has(each.name)) continue;
      const message = `"${each.name}" never runs here: the server is only reached by name, ` +
        "and by then the default server's rules have run";
      yield { message, place: each.place, word: each.name };
    }
  }
}

/** The servers that are the default of at least one address. */
function defaultServers(servers: readonly Server[]): ReadonlySet<Server> {
  const byAddress = new Map<string, { readonly server: Server; readonly isMarked: boolean }>();
  for (const server of servers) {
    for (const listen of server.block.filter(({ name }) => name === "listen")) {
      const isMarked = listen.args.includes("default_server");
      for (const address of addressesOf(listen)) {
        const known = byAddress.get(address);
        if (known === undefined || isMarked && !known.isMarked) {
          byAddress.set(address, { server, isMarked });
        }
      }
    }
  }
  return new Set([...byAddress.values()].map(({ server }) => server));
}

function addressesOf({ args: [word = ""] }: Statement): readonly string[] {
  try {
    return listenTargets(word).map((target) =>
      target.kind === "address" ? formatAddress(target.address) : `${target.host}:${target.port}`
    );
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return []; // the load says what is wrong with it
  }
}
