/** `ssl_preread`: reads a ClientHello and leaves it where it is. nginx's ngx_stream_ssl_preread_module. */
import { flag, one } from "../config/args.ts";
import { type ClientHello, parseClientHello, versionName } from "../lib/client_hello.ts";
import { moduleOf } from "../module.ts";
import { preread } from "../session/preread.ts";
import { slot } from "../session/slot.ts";

interface PrereadConf {
  isOn: boolean | undefined;
}

const { define, directive } = moduleOf<PrereadConf>();

/** Of sessions whose first bytes were a ClientHello. */
const hello = slot<ClientHello>();

export const sslPreread = define({
  name: "ssl_preread",
  create: () => ({ isOn: undefined }),
  merge(outer, inner) {
    inner.isOn ??= outer.isOn ?? false;
  },
  directives: {
    ssl_preread: directive({
      contexts: ["stream", "server"],
      args: one(flag),
      set(conf, on) {
        conf.isOn = on;
      },
    }),
  },
  uses: ({ isOn }) => isOn === true,
  phases: {
    preread: (session) =>
      preread(session, session.server.preread, (bytes) => {
        const parsed = parseClientHello(bytes);
        if (parsed === "more") return "again";
        if (parsed === "other") return "declined";
        hello.set(session, parsed);
        if (parsed.serverName !== "") session.selectServer(parsed.serverName);
        return "ok";
      }),
  },
  variables: {
    ssl_preread_protocol(session) {
      const found = hello.get(session);
      return found && versionName(found.version);
    },
    ssl_preread_server_name: (session) => hello.get(session)?.serverName,
    ssl_preread_alpn_protocols: (session) => hello.get(session)?.alpn.join(","),
  },
});
