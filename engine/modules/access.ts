/** `allow` and `deny`: refuses clients by address. nginx's ngx_stream_access_module. */
import { isUnix } from "../lib/address.ts";
import { addressRange, one } from "../config/args.ts";
import type { AddressRange } from "../config/address.ts";
import { moduleOf } from "../module.ts";
import type { At } from "../module.ts";
import type { Session } from "../session/session.ts";

interface Rule {
  readonly range: AddressRange;
  readonly allow: boolean;
}

interface AccessConf {
  rules: readonly Rule[];
}

const { define, directive } = moduleOf<AccessConf>();

function rule(allow: boolean) {
  return directive({
    contexts: ["stream", "server"],
    repeat: true,
    args: one(addressRange),
    set(conf, range, at: At) {
      if (range.lowBits !== undefined) {
        at.load.warn(`low address bits of ${range.lowBits} are meaningless`, at);
      }
      conf.rules = [...conf.rules, { range, allow }];
    },
  });
}

function isAllowed(rules: readonly Rule[], { remote }: Session): boolean {
  for (const { range, allow } of rules) {
    const matches = isUnix(remote) ? range.hasUnix : range.has(remote.host);
    if (matches) return allow;
  }
  return true;
}

/** The first rule that matches decides; no match allows. */
export const access = define({
  name: "access",
  create: () => ({ rules: [] }),
  merge(outer, inner) {
    if (inner.rules.length === 0) inner.rules = outer.rules;
  },
  directives: { allow: rule(true), deny: rule(false) },
  uses: (conf) => conf.rules.length > 0,
  phases: {
    access(session, conf) {
      if (isAllowed(conf.rules, session)) return "declined";
      session.log("error", "access forbidden by rule");
      return session.finish(403, "denied");
    },
  },
});
