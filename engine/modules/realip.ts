/** `set_real_ip_from`: believes the PROXY header of trusted clients. nginx's ngx_stream_realip_module. */
import { formatHost, isUnix } from "../lib/address.ts";
import { parseCidr } from "../lib/cidr.ts";
import { parseIp } from "../lib/ip.ts";
import { type AddressRange, addressRangeOf } from "../config/address.ts";
import { one, word } from "../config/args.ts";
import { ConfigError } from "../config/tree.ts";
import { type At, moduleOf } from "../module.ts";
import type { Session } from "../session/session.ts";

interface RealipConf {
  from: readonly AddressRange[];
}

const { define, directive } = moduleOf<RealipConf>();

/** The ranges of a word: one, or one for each address of a name. */
async function rangesOf(text: string, at: At): Promise<readonly AddressRange[]> {
  if (text === "unix:" || parseCidr(text) !== undefined) {
    const range = addressRangeOf(text);
    if (range.lowBits !== undefined) {
      at.load.warn(`low address bits of ${range.lowBits} are meaningless`, at);
    }
    return [range];
  }
  const hosts = await at.load.lookup(text);
  if (hosts.length === 0) throw new ConfigError(`host not found in set_real_ip_from "${text}"`);
  return hosts.map(addressRangeOf);
}

function isTrusted(from: readonly AddressRange[], { client: { remote } }: Session): boolean {
  return from.some((range) => isUnix(remote) ? range.hasUnix : range.has(remote.host));
}

export const realip = define({
  name: "realip",
  create: () => ({ from: [] }),
  merge(outer, inner) {
    if (inner.from.length === 0) inner.from = outer.from;
  },
  directives: {
    set_real_ip_from: directive({
      contexts: ["stream", "server"],
      repeat: true,
      args: one(word),
      async set(conf, text, at) {
        conf.from = [...conf.from, ...await rangesOf(text, at)];
      },
    }),
  },
  uses: ({ from }) => from.length > 0,
  phases: {
    postAccept(session, { from }) {
      const source = session.proxyHeader?.source;
      if (source === undefined || !isTrusted(from, session)) return "declined";
      // Version 1 only promises the right characters; what is no address changes nothing.
      if (parseIp(source.host) !== undefined) session.remote = source;
      return "declined";
    },
  },
  variables: {
    realip_remote_addr: (session) => formatHost(session.client.remote),
    realip_remote_port: ({ client: { remote } }) => isUnix(remote) ? "" : String(remote.port),
  },
});
