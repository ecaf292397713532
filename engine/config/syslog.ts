/** `syslog:server=...`: a destination of logs, checked as nginx checks it. */
import type { Address } from "../lib/address.ts";
import { parsePeerAddress } from "./address.ts";
import { ConfigError } from "./tree.ts";

export interface SyslogSpec {
  /** The word behind `server=`. */
  readonly server: string;
  readonly target:
    | { readonly kind: "address"; readonly address: Address }
    | { readonly kind: "name"; readonly host: string; readonly port: number };
  /** Numbers of RFC 3164. */
  readonly facility: number;
  readonly severity: number;
  readonly tag: string;
  readonly hasHostname: boolean;
}

const FACILITIES = [
  ..."kern user mail daemon auth intern lpr news uucp clock authpriv ftp ntp audit alert cron"
    .split(" "),
  ...Array.from({ length: 8 }, (_, at) => `local${at}`),
];

const SEVERITIES = ["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"];
const PORT = 514;
const MOST_TAG = 32;

function indexOf(list: readonly string[], word: string, kind: string): number {
  const at = list.indexOf(word);
  if (at < 0) throw new ConfigError(`unknown syslog ${kind} "${word}"`);
  return at;
}

function targetOf(server: string): SyslogSpec["target"] {
  const hasPort = /^\[.*\]:|^[^[:]+:/.test(server) || /^unix:/i.test(server);
  const parsed = parsePeerAddress(hasPort ? server : `${server}:${PORT}`);
  if (parsed.kind === "error") {
    throw new ConfigError(`${parsed.message} in syslog server "${server}"`);
  }
  return parsed.kind === "address"
    ? { kind: "address", address: parsed.address }
    : { kind: "name", host: parsed.host, port: parsed.port };
}

function checkTag(tag: string): string {
  if (tag.length > MOST_TAG) throw new ConfigError(`syslog tag length exceeds ${MOST_TAG}`);
  if (/\W/.test(tag)) {
    throw new ConfigError('syslog "tag" only allows alphanumeric characters and underscore');
  }
  return tag;
}

/** Throws ConfigError in nginx's words. */
export function parseSyslog(text: string): SyslogSpec {
  const given = new Map<string, string>();
  let hasHostname = true;
  for (const word of text.slice("syslog:".length).split(",")) {
    const [, name = "", value = ""] = /^(\w+)=(.*)$/s.exec(word) ?? [];
    if (word === "nohostname") hasHostname = false;
    else if (!["server", "facility", "severity", "tag"].includes(name)) {
      throw new ConfigError(`unknown syslog parameter "${word}"`);
    } else if (given.has(name)) throw new ConfigError(`duplicate syslog "${name}"`);
    else given.set(name, value);
  }
  const facility = indexOf(FACILITIES, given.get("facility") ?? "local7", "facility");
  const severity = indexOf(SEVERITIES, given.get("severity") ?? "info", "severity");
  const tag = checkTag(given.get("tag") ?? "nginx");
  const server = given.get("server");
  if (server === undefined) throw new ConfigError("no syslog server specified");
  return { server, target: targetOf(server), facility, severity, tag, hasHostname };
}
