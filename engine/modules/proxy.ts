/** `proxy_pass` and its family: relays a client to a peer. nginx's ngx_stream_proxy_module. */
import { complexValue, flag, many, number, one, oneOf, size, time, word } from "../config/args.ts";
import { parseSource } from "../config/address.ts";
import { ConfigError } from "../config/tree.ts";
import { parseValue } from "../config/value.ts";
import type { Address } from "../lib/address.ts";
import { toSystemError } from "../lib/errno.ts";
import { proxyHeaderV1, proxyHeaderV2 } from "../lib/proxy_protocol.ts";
import { type AnyDirective, type At, moduleOf } from "../module.ts";
import { IdleRelay } from "../relay/idle.ts";
import type { Rates } from "../relay/pace.ts";
import { startRelay } from "../relay/relay.ts";
import { logConnected, logEnd } from "../session/proxy_log.ts";
import type { Session } from "../session/session.ts";
import type { ComplexValue } from "../session/variables.ts";
import { type ConnectRules, connectUpstream, type Reached } from "../upstream/connect.ts";
import { fixedTarget, type Target, variableTarget } from "../upstream/target.ts";

/** Undefined is unset. Times are ms, sizes are bytes. */
interface ProxyConf {
  target: Target | undefined;
  connectTimeoutMs: number | undefined;
  timeoutMs: number | undefined;
  bufferBytes: number | undefined;
  halfClose: boolean | undefined;
  /** Null is `off`, which also cancels an outer one. */
  bind: ComplexValue | null | undefined;
  next: boolean | undefined;
  tries: number | undefined;
  nextTimeoutMs: number | undefined;
  keepAlive: boolean | undefined;
  /** Null is `off`. */
  header: "on" | "v2" | null | undefined;
  uploadRate: ComplexValue | undefined;
  downloadRate: ComplexValue | undefined;
  /** Built once per virtual server from the fields above. */
  rules: ConnectRules | undefined;
}

const { define, directive } = moduleOf<ProxyConf>();

/** Fields whose directives only store their value. */
type Stored = {
  [F in keyof ProxyConf]-?: number extends ProxyConf[F] ? F
    : boolean extends ProxyConf[F] ? F
    : never;
}[keyof ProxyConf];

function stored<T extends number | boolean>(field: Stored, type: Parameters<typeof one<T>>[0]) {
  return directive({
    contexts: ["stream", "server"],
    args: one(type),
    set: (conf, value) => void Object.assign(conf, { [field]: value }),
  });
}

/** A name that nginx calls deprecated, for the directive it stands for. */
function renamed(newName: string, field: Stored): AnyDirective<ProxyConf> {
  return directive({
    contexts: ["stream", "server"],
    args: one(size),
    set(conf, value, at: At) {
      const old = at.directive;
      at.load.warn(
        `the "${old}" directive is deprecated, use the "${newName}" directive instead`,
        at,
      );
      Object.assign(conf, { [field]: value });
    },
  });
}

/** A size, or text with variables that becomes one for a session. */
function rate(field: "uploadRate" | "downloadRate"): AnyDirective<ProxyConf> {
  return directive({
    contexts: ["stream", "server"],
    args: one(complexValue),
    set(conf, tree, at: At) {
      const value = at.load.value(tree);
      if (value.constant !== undefined) {
        try {
          size(value.constant);
        } catch {
          throw new ConfigError(`"${at.directive}" directive invalid value`);
        }
      }
      conf[field] = value;
    },
  });
}

/** No runtime lets a program choose the buffers of a connection. */
const socketBuffer = directive({
  contexts: ["stream", "server"],
  args: one(size),
  set(_conf, _bytes, at: At) {
    at.load.notice(`"${at.directive}" has no effect: ${at.load.runtimeName} has its own buffers`);
  },
});

/** The address to connect from; undefined leaves the choice to the kernel. */
function sourceOf(session: Session, bind: ComplexValue | null | undefined): Address | undefined {
  const text = bind?.evaluate(session) ?? "";
  if (text === "") return undefined;
  const source = parseSource(text);
  if (source === undefined) session.log("error", `invalid local address "${text}"`);
  return source;
}

/** Bytes per second; what is no size is no limit, with a line in the log. */
function rateOf(session: Session, value: ComplexValue | undefined): number {
  const text = value?.evaluate(session) ?? "0";
  try {
    return size(text);
  } catch {
    session.log("error", `invalid size "${text}"`);
    return 0;
  }
}

/** Undefined where neither direction is limited. */
function ratesOf(session: Session, conf: ProxyConf): Rates | undefined {
  if (conf.uploadRate === undefined && conf.downloadRate === undefined) return undefined;
  const upload = rateOf(session, conf.uploadRate);
  const download = rateOf(session, conf.downloadRate);
  return upload > 0 || download > 0 ? { upload, download } : undefined;
}

/** Tells the peer who the client is; false when the peer is gone. */
async function sendHeader(session: Session, conf: ProxyConf, { connection }: Reached) {
  if (conf.header === null || conf.header === undefined) return true;
  const make = conf.header === "v2" ? proxyHeaderV2 : proxyHeaderV1;
  const header = make(session.remote, session.local);
  session.meter.toPeer += header.length;
  session.action = "sending PROXY protocol header to upstream";
  try {
    await connection.write(header);
    return true;
  } catch (error) {
    session.log("error", "send() failed", toSystemError(error));
    return false;
  }
}

function relay(session: Session, conf: ProxyConf, { connection }: Reached): IdleRelay {
  const { runtime, wheel } = session.worker;
  const { client, meter } = session;
  session.action = "proxying connection";
  session.state = "established";
  meter.touchedAt = wheel.now;
  const rates = ratesOf(session, conf);
  const relaying = startRelay(runtime, client, connection, {
    meter,
    halfClose: conf.halfClose === true,
    clock: wheel,
    bufferBytes: conf.bufferBytes ?? 0,
    ...rates && { rates },
  });
  return new IdleRelay(relaying, meter, wheel, conf.timeoutMs ?? 0);
}

async function proxyPass(session: Session, conf: ProxyConf): Promise<"done"> {
  const { target, rules } = conf;
  const upstream = target?.of(session);
  if (upstream === undefined || rules === undefined) return session.finish(500, "error");
  if (session.server.noDelay) session.client.setNoDelay(true);
  const reached = await connectUpstream(session, upstream, rules, sourceOf(session, conf.bind));
  if (reached === 502) {
    return session.finish(502, session.peer === undefined ? "no_peer" : "connect_failed");
  }
  if (reached === 500) return session.finish(500, "error");
  if (session.server.log.takes("info")) {
    logConnected(session, reached.connection.local, reached.peer.server);
  }
  if (conf.header && !await sendHeader(session, conf, reached)) {
    reached.connection.close();
    reached.release();
    return session.finish(500, "error");
  }
  const relaying = relay(session, conf, reached);
  session.interrupt = () => relaying.stop();
  const end = await relaying.done;
  relaying.clear();
  session.interrupt = undefined;
  reached.release();
  logEnd(session, end, relaying.hasExpired);
  return session.finish(200);
}

export const proxy = define({
  name: "proxy",
  create: () => ({
    target: undefined,
    connectTimeoutMs: undefined,
    timeoutMs: undefined,
    bufferBytes: undefined,
    halfClose: undefined,
    bind: undefined,
    next: undefined,
    tries: undefined,
    nextTimeoutMs: undefined,
    keepAlive: undefined,
    header: undefined,
    uploadRate: undefined,
    downloadRate: undefined,
    rules: undefined,
  }),
  merge(outer, inner) {
    inner.connectTimeoutMs ??= outer.connectTimeoutMs ?? 60_000;
    inner.timeoutMs ??= outer.timeoutMs ?? 600_000;
    inner.bufferBytes ??= outer.bufferBytes ?? 16_384;
    inner.halfClose ??= outer.halfClose ?? false;
    if (inner.bind === undefined) inner.bind = outer.bind;
    inner.next ??= outer.next ?? true;
    inner.tries ??= outer.tries ?? 0;
    inner.nextTimeoutMs ??= outer.nextTimeoutMs ?? 0;
    inner.keepAlive ??= outer.keepAlive ?? false;
    if (inner.header === undefined) inner.header = outer.header;
    inner.uploadRate ??= outer.uploadRate;
    inner.downloadRate ??= outer.downloadRate;
  },
  compile(conf) {
    conf.rules = {
      connectTimeoutMs: conf.connectTimeoutMs ?? 0,
      next: conf.next === true,
      tries: conf.tries ?? 0,
      nextTimeoutMs: conf.nextTimeoutMs ?? 0,
      keepAlive: conf.keepAlive === true,
    };
  },
  directives: {
    proxy_pass: directive({
      contexts: ["server"],
      args: one(complexValue),
      set(conf, tree, at) {
        const { groups } = at.load;
        const value = at.load.value(tree);
        conf.target = value.constant === undefined
          ? variableTarget(groups, value, at)
          : fixedTarget(groups, value.constant, at);
        at.scope.content = "proxy";
      },
    }),
    proxy_connect_timeout: stored("connectTimeoutMs", time),
    proxy_timeout: stored("timeoutMs", time),
    proxy_buffer_size: stored("bufferBytes", size),
    proxy_downstream_buffer: renamed("proxy_buffer_size", "bufferBytes"),
    proxy_upstream_buffer: renamed("proxy_buffer_size", "bufferBytes"),
    proxy_half_close: stored("halfClose", flag),
    proxy_next_upstream: stored("next", flag),
    proxy_next_upstream_tries: stored("tries", number({})),
    proxy_next_upstream_timeout: stored("nextTimeoutMs", time),
    proxy_socket_keepalive: stored("keepAlive", flag),
    proxy_socket_rcvbuf: socketBuffer,
    proxy_socket_sndbuf: socketBuffer,
    proxy_protocol: directive({
      contexts: ["stream", "server"],
      args: one(oneOf("on", "off", "v2")),
      set(conf, word) {
        conf.header = word === "off" ? null : word;
      },
    }),
    proxy_upload_rate: rate("uploadRate"),
    proxy_download_rate: rate("downloadRate"),
    proxy_bind: directive({
      contexts: ["stream", "server"],
      args: many(word),
      set(conf, [text = "", option, ...rest], at) {
        if (option !== undefined && option !== "transparent" || rest.length > 0) {
          throw new ConfigError(`invalid parameter "${option}"`);
        }
        if (option !== undefined) {
          throw new ConfigError(
            `the "transparent" parameter is not supported on ${at.load.runtimeName}`,
          );
        }
        conf.bind = text === "off" ? null : bindValue(text, at);
      },
    }),
  },
  phases: { content: proxyPass },
});

function bindValue(text: string, at: At): ComplexValue {
  if (!at.load.can.has("bindSource")) {
    throw new ConfigError(`"proxy_bind" is not supported on ${at.load.runtimeName}`);
  }
  const value = at.load.value(parseValue(text));
  if (value.constant !== undefined && parseSource(value.constant) === undefined) {
    throw new ConfigError(`invalid address "${value.constant}"`);
  }
  return value;
}
