/** `upstream {}`, its peers and methods, and the `$upstream_*` variables. */
import { secondsText } from "../lib/time_text.ts";
import { number, one, parameters, peerAddress, present, seconds, word } from "../config/args.ts";
import { ConfigError } from "../config/tree.ts";
import { type AnyDirective, moduleOf } from "../module.ts";
import type { Attempt, Session } from "../session/session.ts";
import type { AnyMethod, PeerParameterName } from "../upstream/balancer.ts";
import { BALANCERS } from "../upstream/balancers/index.ts";
import { type GroupDraft, resolveTarget } from "../upstream/groups.ts";

interface UpstreamConf {
  /** Of the block that this configuration belongs to. */
  draft: GroupDraft | undefined;
  /** The method that was written before the peers decides which parameters they may carry. */
  accepts: readonly PeerParameterName[] | undefined;
}

const { define, directive } = moduleOf<UpstreamConf>();

/** The block's draft; the directives below only stand inside a block. */
function draftOf(conf: UpstreamConf): GroupDraft {
  if (conf.draft === undefined) throw new Error("an upstream directive outside of a block");
  return conf.draft;
}

function methodDirective(method: AnyMethod): AnyDirective<UpstreamConf> {
  return directive({
    contexts: ["upstream"],
    repeat: true,
    args: method.args,
    set(conf, value, at) {
      const draft = draftOf(conf);
      if (draft.method !== undefined) at.load.warn("load balancing method redefined", at);
      draft.method = method.bind(value, (tree) => at.load.value(tree));
      conf.accepts = method.accepts;
    },
  });
}

function refuseUnaccepted(conf: UpstreamConf, given: Readonly<Record<string, unknown>>): void {
  const refused = Object.entries(given).find(([name, value]) =>
    value !== undefined && conf.accepts?.some((each) => each === name) === false
  );
  if (refused === undefined) return;
  throw new ConfigError(`balancing method does not support parameter "${refused[0]}"`);
}

function eachAttempt(
  session: Session,
  text: (attempt: Attempt) => string,
): string | undefined {
  return session.attempts.length === 0 ? undefined : session.attempts.map(text).join(", ");
}

function seconds3(ms: number | undefined): string {
  return ms === undefined ? "-" : secondsText(ms);
}

export const upstream = define({
  name: "upstream",
  create: () => ({ draft: undefined, accepts: undefined }),
  merge: () => {},
  directives: {
    upstream: directive({
      contexts: ["stream"],
      repeat: true,
      block: "upstream",
      args: one(word),
      set(_conf, name, at) {
        const inner = at.inner?.conf(upstream);
        if (inner !== undefined) inner.draft = at.load.groups.define(name, at);
      },
      end(_conf, at) {
        if (at.inner?.conf(upstream).draft?.lines.length === 0) {
          throw new ConfigError("no servers are inside upstream");
        }
      },
    }),
    server: directive({
      contexts: ["upstream"],
      repeat: true,
      args: parameters(peerAddress, {
        weight: number({ min: 1 }),
        max_conns: number({}),
        max_fails: number({}),
        fail_timeout: seconds,
        backup: present,
        down: present,
      }),
      async set(conf, [target, given], at) {
        const draft = draftOf(conf);
        refuseUnaccepted(conf, given);
        const addresses = await resolveTarget(target, (name) => at.load.lookup(name));
        if (addresses.length === 0) {
          throw new ConfigError(`host not found in upstream "${target.source}"`);
        }
        draft.lines.push({
          name: target.source,
          addresses,
          parameters: {
            weight: given.weight ?? 1,
            maxConns: given.max_conns ?? 0,
            maxFails: given.max_fails ?? 1,
            failTimeoutMs: (given.fail_timeout ?? 10) * 1000,
            isBackup: given.backup === true,
            isDown: given.down === true,
          },
        });
      },
    }),
    ...Object.fromEntries(BALANCERS.map((method) => [method.directive, methodDirective(method)])),
  },
  variables: {
    upstream_addr: {
      volatile: true,
      get: (session) => eachAttempt(session, (attempt) => attempt.address),
    },
    upstream_bytes_sent: {
      volatile: true,
      get: (session) => eachAttempt(session, (attempt) => String(attempt.sent)),
    },
    upstream_bytes_received: {
      volatile: true,
      get: (session) => eachAttempt(session, (attempt) => String(attempt.received)),
    },
    upstream_connect_time: {
      volatile: true,
      get: (session) => eachAttempt(session, (attempt) => seconds3(attempt.connectMs)),
    },
    upstream_first_byte_time: {
      volatile: true,
      get: (session) => eachAttempt(session, (attempt) => seconds3(attempt.firstByteMs)),
    },
    upstream_session_time: {
      volatile: true,
      get: (session) => eachAttempt(session, (attempt) => seconds3(attempt.sessionMs)),
    },
  },
});
