/** `server {}`, `listen`, `tcp_nodelay` and the core variables. nginx's ngx_stream_core_module. */
import {
  flag,
  labelled,
  listenAddress,
  many,
  none,
  number,
  one,
  parameters,
  present,
  size,
  time,
  word,
} from "../config/args.ts";
import { ConfigError, type Place } from "../config/tree.ts";
import { type At, moduleOf, type Scope } from "../module.ts";
import type { Address } from "../runtime/runtime.ts";
import type { ServerName } from "../session/server_names.ts";
import { coreVariables } from "../session/core_variables.ts";
import { tlvText } from "../session/proxy_variables.ts";

/** What one `listen` asks for of one address. */
export interface Listen {
  readonly address: Address;
  readonly place: Place;
  readonly isDefault: boolean;
  /** Socket options were given: only one `listen` of an address may have them. */
  readonly hasOptions: boolean;
  readonly backlog: number;
  readonly ipv6Only: boolean;
  readonly keepAlive: boolean;
  readonly proxyProtocol: boolean;
}

export interface CoreConf {
  /** In a `stream` block: its virtual servers in file order. */
  readonly servers: Scope[];
  /** In a `server` block. */
  readonly listens: Listen[];
  /** In a `server` block: all that its `server_name`s say. */
  readonly names: ServerName[];
  noDelay: boolean | undefined;
  proxyProtocolTimeoutMs: number | undefined;
  prereadBytes: number | undefined;
  prereadTimeoutMs: number | undefined;
  /** In a `server` block: what the API calls it. */
  statusZone: string | undefined;
}

const { define, directive } = moduleOf<CoreConf>();

/** nginx's on Linux. */
const BACKLOG = 511;

/** Words of `listen` that nginx knows and this version has nothing for yet. */
const NOT_YET = { ssl: present, udp: present };

/** Accepted where leaving them out harms nobody: no runtime can set them on a listening socket. */
const HARMLESS = {
  rcvbuf: labelled("rcvbuf", size),
  sndbuf: labelled("sndbuf", size),
  fastopen: labelled("fastopen", number({})),
  deferred: present,
  multipath: present,
};

/** Only one `listen` of an address may have one of these. */
const OPTIONS = [
  "bind",
  "backlog",
  "ipv6only",
  "so_keepalive",
  "reuseport",
  "accept_filter",
  ...Object.keys(HARMLESS),
];

/** What makes no sense with `udp`. */
const STREAM_ONLY = [
  "backlog",
  "fastopen",
  "deferred",
  "multipath",
  "so_keepalive",
  "ssl",
  "proxy_protocol",
];

type Parameters = Readonly<Record<string, unknown>>;

function refuseNotYet(given: Parameters): void {
  const only = given["udp"] && STREAM_ONLY.find((name) => given[name] !== undefined);
  if (only) {
    throw new ConfigError(`"listen" directive "${only}" parameter is incompatible with "udp"`);
  }
  const name = Object.keys(NOT_YET).find((each) => given[each] !== undefined);
  if (name === undefined) return;
  throw new ConfigError(`the "${name}" parameter of "listen" is not supported yet`);
}

/** Says what is accepted and left out. */
function noticeHarmless(given: Parameters, { load }: At): void {
  for (const name of Object.keys(HARMLESS)) {
    if (given[name] === undefined) continue;
    load.notice(`"${name}" of "listen" has no effect: ${load.runtimeName} cannot set it`);
  }
  const filter = given["accept_filter"];
  if (filter !== undefined) {
    load.warn(`accept filters "${filter}" are not supported on this platform, ignored`);
  }
  if (given["reuseport"] === true) {
    load.notice('"reuseport" has no effect: there is one worker');
  }
  if (given["backlog"] !== undefined && !load.can.has("backlog")) {
    load.notice(`"backlog" has no effect: ${load.runtimeName} chooses its own`);
  }
  if (/:/.test(String(given["so_keepalive"]))) {
    load.notice(`the times of "so_keepalive" have no effect: ${load.runtimeName} has its own`);
  }
}

function keepAliveOf(text: string | undefined): boolean {
  if (text === undefined || text === "off") return false;
  if (text === "on" || /^\d*[smhd]?:\d*[smhd]?:\d*$/.test(text) && text !== "::") return true;
  throw new ConfigError(`invalid so_keepalive value: "${text}"`);
}

/** The addresses of a `listen` that names a host. */
async function hostAddresses(host: string, port: number, at: At): Promise<readonly Address[]> {
  const hosts = await at.load.lookup(host);
  if (hosts.length === 0) {
    throw new ConfigError(`host not found in "${host}:${port}" of the "listen" directive`);
  }
  return hosts.map((each) => ({ host: each, port }));
}

/** nginx sizes its hashes by these; a table of the language needs none. */
const sizing = directive({ contexts: ["stream"], args: one(number({ min: 1 })), set() {} });

/** One word of `server_name`. Throws ConfigError. */
function serverName(text: string, at: At): ServerName {
  if (text.startsWith("~")) {
    const source = text.slice(1);
    if (source === "") throw new ConfigError(`empty regex in server name "${text}"`);
    const isCaseless = /[A-Z]/.test(source);
    return { kind: "regex", text, regex: at.load.regex(source, { isCaseless }) };
  }
  if (text.includes("/")) at.load.warn(`server name "${text}" has suspicious symbols`, at);
  if (text === ".") throw new ConfigError(`server name "${text}" is invalid`);
  const name = text.toLowerCase() === "$hostname" ? at.load.hostname : text;
  return { kind: "name", text: name.toLowerCase() };
}

export const core = define({
  name: "core",
  create: () => ({
    servers: [],
    listens: [],
    names: [],
    noDelay: undefined,
    proxyProtocolTimeoutMs: undefined,
    prereadBytes: undefined,
    prereadTimeoutMs: undefined,
    statusZone: undefined,
  }),
  merge(outer, inner) {
    inner.noDelay ??= outer.noDelay ?? true;
    inner.proxyProtocolTimeoutMs ??= outer.proxyProtocolTimeoutMs ?? 30_000;
    inner.prereadBytes ??= outer.prereadBytes ?? 16_384;
    inner.prereadTimeoutMs ??= outer.prereadTimeoutMs ?? 30_000;
  },
  directives: {
    server: directive({
      contexts: ["stream"],
      repeat: true,
      block: "server",
      args: none(),
      set(conf, _none, at) {
        if (at.inner !== undefined) conf.servers.push(at.inner);
      },
      end(_conf, at) {
        if (at.inner?.conf(core).listens.length === 0) {
          throw new ConfigError('no "listen" is defined for server');
        }
      },
    }),
    listen: directive({
      contexts: ["server"],
      repeat: true,
      args: parameters(listenAddress, {
        default_server: present,
        bind: present,
        reuseport: present,
        backlog: labelled("backlog", number({ min: 1 })),
        ipv6only: flag,
        so_keepalive: word,
        proxy_protocol: present,
        accept_filter: word,
        ...HARMLESS,
        ...NOT_YET,
      }),
      async set(conf, [targets, given], at) {
        refuseNotYet(given);
        noticeHarmless(given, at);
        const options = OPTIONS.map((name) => (given as Parameters)[name]);
        for (const target of targets) {
          const addresses = target.kind === "name"
            ? await hostAddresses(target.host, target.port, at)
            : [target.address];
          for (const address of addresses) {
            conf.listens.push({
              address,
              place: { file: at.file, line: at.line },
              isDefault: given.default_server === true,
              hasOptions: options.some((option) => option !== undefined),
              backlog: given.backlog ?? BACKLOG,
              ipv6Only: given.ipv6only ?? true,
              keepAlive: keepAliveOf(given.so_keepalive),
              proxyProtocol: given.proxy_protocol === true,
            });
          }
        }
      },
    }),
    server_name: directive({
      contexts: ["server"],
      repeat: true,
      args: many(word),
      set(conf, names, at) {
        for (const text of names) conf.names.push(serverName(text, at));
      },
    }),
    server_names_hash_max_size: sizing,
    server_names_hash_bucket_size: sizing,
    variables_hash_max_size: sizing,
    variables_hash_bucket_size: sizing,
    proxy_protocol_timeout: directive({
      contexts: ["stream", "server"],
      args: one(time),
      set(conf, ms) {
        conf.proxyProtocolTimeoutMs = ms;
      },
    }),
    preread_buffer_size: directive({
      contexts: ["stream", "server"],
      args: one(size),
      set(conf, bytes) {
        conf.prereadBytes = bytes;
      },
    }),
    preread_timeout: directive({
      contexts: ["stream", "server"],
      args: one(time),
      set(conf, ms) {
        conf.prereadTimeoutMs = ms;
      },
    }),
    status_zone: directive({
      contexts: ["server"],
      args: one(word),
      set(conf, zone) {
        conf.statusZone = zone;
      },
    }),
    tcp_nodelay: directive({
      contexts: ["stream", "server"],
      args: one(flag),
      set(conf, on) {
        conf.noDelay = on;
      },
    }),
  },
  variables: coreVariables,
  families: { proxy_protocol_tlv_: tlvText },
});
