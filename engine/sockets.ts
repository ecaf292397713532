/** Which sockets the `listen` directives of a load ask for, and which server each address leads to. */
import { type Address, formatAddress, isUnix } from "./lib/address.ts";
import { ConfigError, type Place } from "./config/tree.ts";
import { NameTable } from "./lib/hostnames.ts";
import type { Listen } from "./modules/core.ts";
import type { Log } from "./session/log.ts";
import { findServer, type ServerName, type ServerNames } from "./session/server_names.ts";
import type { VirtualAddress, VirtualServer } from "./session/session.ts";

/** A virtual server and its `listen` directives. */
export interface ServerListens {
  readonly server: VirtualServer;
  readonly place: Place;
  /** Where it leads, for people. */
  readonly target: ListenTarget;
  readonly listens: readonly Listen[];
  readonly names: readonly ServerName[];
}

export interface ListenTarget {
  readonly kind: "upstream" | "address" | "return" | "pass" | "none";
  readonly name: string;
}

/** One socket to bind and the servers behind it. */
export interface SocketPlan {
  readonly address: Address;
  readonly place: Place;
  readonly target: ListenTarget;
  readonly backlog: number;
  readonly ipv6Only: boolean;
  readonly keepAlive: boolean;
  /** Log of the address's default server: for what happens before a session. */
  readonly log: Log;
  /** The servers of the local address that a client connected to. */
  addressOf(local: Address): VirtualAddress;
}

/** All `listen`s of one address. */
interface Group {
  readonly address: Address;
  readonly listens: { readonly listen: Listen; readonly owner: ServerListens }[];
}

/** Plans the sockets in file order; warnings go to `warn`. Throws ConfigError for contradictions. */
export function planSockets(
  servers: readonly ServerListens[],
  warn: Warn,
): readonly SocketPlan[] {
  const groups = new Map<string, Group>();
  for (const owner of servers) {
    for (const listen of owner.listens) addListen(groups, listen, owner, warn);
  }
  const all = [...groups.values()];
  const absorbed = new Map<Group, Group[]>();
  const own: Group[] = [];
  for (const group of all) {
    const wildcard = all.find((each) => absorbs(each, group));
    if (wildcard === undefined) own.push(group);
    else absorbed.set(wildcard, [...absorbed.get(wildcard) ?? [], group]);
  }
  return own.map((group) => planSocket(group, absorbed.get(group) ?? [], warn));
}

function addListen(
  groups: Map<string, Group>,
  listen: Listen,
  owner: ServerListens,
  warn: Warn,
): void {
  const key = formatAddress(listen.address);
  const group = groups.get(key) ?? { address: listen.address, listens: [] };
  if (group.listens.some((each) => each.owner === owner)) {
    // An error up to 1.22, since then a warning.
    warn(`a duplicate listen ${key}`, listen.place);
    return;
  }
  if (group.listens.length > 0) {
    if (listen.hasOptions && group.listens.some((each) => each.listen.hasOptions)) {
      throw new ConfigError(`duplicate listen options for ${key}`, listen.place, "listen");
    }
    if (listen.isDefault && group.listens.some((each) => each.listen.isDefault)) {
      throw new ConfigError(`a duplicate default server for ${key}`, listen.place, "listen");
    }
    const isRedefined = listen.proxyProtocol !== group.listens[0]?.listen.proxyProtocol;
    if (isRedefined) warn(`protocol options redefined for ${key}`, listen.place);
  }
  group.listens.push({ listen, owner });
  groups.set(key, group);
}

function isWildcard(address: Address): boolean {
  return !isUnix(address) && (address.host === "0.0.0.0" || address.host === "::");
}

/** A wildcard serves the specific addresses of its port and family that have no options of their own. */
function absorbs(wildcard: Group, group: Group): boolean {
  if (wildcard === group || !isWildcard(wildcard.address) || isUnix(group.address)) return false;
  if (isUnix(wildcard.address) || wildcard.address.port !== group.address.port) return false;
  const sameFamily = wildcard.address.host.includes(":") === group.address.host.includes(":");
  return sameFamily && wildcard.address.port !== 0 &&
    !group.listens.some(({ listen }) => listen.hasOptions);
}

function defaultOf(group: Group): ServerListens {
  const marked = group.listens.find(({ listen }) => listen.isDefault) ?? group.listens[0];
  if (marked === undefined) throw new Error("an address without a listen");
  return marked.owner;
}

const NAMELESS: readonly ServerName[] = [{ kind: "name", text: "" }];

/** Names of all servers of an address; only needed where there are several. */
function namesOf({ address, listens }: Group, warn: Warn): ServerNames {
  const table = new NameTable<VirtualServer>();
  const regexes: ServerNames["regexes"][number][] = [];
  const key = formatAddress(address);
  for (const { owner: { names, server } } of listens) {
    for (const name of names.length === 0 ? NAMELESS : names) {
      if (name.kind === "regex") {
        regexes.push([name.regex, server]);
        continue;
      }
      const added = table.addWildcard(name.text, server);
      if (added === "conflicting") {
        warn(`conflicting server name "${name.text}" on ${key}, ignored`);
      }
      if (added === "invalid") {
        throw new ConfigError(`invalid server name or wildcard "${name.text}" on ${key}`);
      }
    }
  }
  return { table, regexes };
}

function virtualAddress(group: Group, warn: Warn): VirtualAddress {
  const names = group.listens.length > 1 ? namesOf(group, warn) : undefined;
  return {
    fallback: defaultOf(group).server,
    hasProxyProtocol: group.listens.some(({ listen }) => listen.proxyProtocol),
    find: (session, name) => names && findServer(names, session, name),
  };
}

type Warn = (message: string, place?: Place) => void;

function planSocket(group: Group, others: readonly Group[], warn: Warn): SocketPlan {
  const main = defaultOf(group);
  const options = group.listens.find(({ listen }) => listen.hasOptions) ?? group.listens[0];
  const listen = options?.listen;
  const own = virtualAddress(group, warn);
  const byHost = new Map<string, VirtualAddress>();
  for (const other of others) {
    if (!isUnix(other.address)) byHost.set(other.address.host, virtualAddress(other, warn));
  }
  return {
    address: group.address,
    place: group.listens[0]?.listen.place ?? main.place,
    target: main.target,
    backlog: listen?.backlog ?? 511,
    ipv6Only: listen?.ipv6Only ?? true,
    keepAlive: listen?.keepAlive ?? false,
    log: main.server.log,
    addressOf: byHost.size === 0
      ? () => own
      : (local) => (isUnix(local) ? undefined : byHost.get(local.host)) ?? own,
  };
}
