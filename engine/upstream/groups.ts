/** All groups of one load: the named ones, the hidden ones of literal targets, and their memory. */
import type { Address } from "../lib/address.ts";
import { formatAddress } from "../lib/address.ts";
import { ConfigError, type Place } from "../config/tree.ts";
import { type KnownTarget, parsePeerAddress } from "../config/address.ts";
import type { BoundMethod } from "./balancer.ts";
import { roundRobin } from "./balancers/round_robin.ts";
import { DEFAULT_PARAMETERS, Peer, PeerMemory, type PeerParameters } from "./peer.ts";
import { GroupMemory, Upstream } from "./upstream.ts";

/** One `server` line, its name resolved. */
export interface PeerLine {
  /** The words of the line. */
  readonly name: string;
  readonly addresses: readonly Address[];
  readonly parameters: PeerParameters;
}

/** An `upstream {}` block while it is being read. */
export interface GroupDraft {
  readonly name: string;
  readonly place: Place;
  readonly lines: PeerLine[];
  method: BoundMethod | undefined;
}

/** A target that is looked up when all groups are known. */
export interface Reference {
  /** Set once `build` has run. */
  upstream: Upstream | undefined;
}

type Lookup = (name: string) => Promise<readonly string[]>;

export class Groups {
  readonly #drafts = new Map<string, GroupDraft>();
  readonly #built = new Map<string, Upstream>();
  readonly #references: { text: string; place: Place; reference: Reference }[] = [];
  readonly #memory: MemoryStore;

  constructor(memory: MemoryStore) {
    this.#memory = memory;
  }

  /** Opens an `upstream {}` block. Throws ConfigError when the name is taken. */
  define(name: string, place: Place): GroupDraft {
    const key = name.toLowerCase();
    if (this.#drafts.has(key)) throw new ConfigError(`duplicate upstream "${name}"`);
    const draft: GroupDraft = { name, place, lines: [], method: undefined };
    this.#drafts.set(key, draft);
    return draft;
  }

  /** A literal target of `proxy_pass`: a group, also one that is defined later, or an address. */
  refer(text: string, place: Place): Reference {
    const reference: Reference = { upstream: undefined };
    this.#references.push({ text, place, reference });
    return reference;
  }

  /** A group by the name that a variable gave. */
  find(name: string): Upstream | undefined {
    return this.#built.get(name.toLowerCase());
  }

  /** Every group that sessions can reach, in the order of the file, hidden ones last. */
  get all(): readonly Upstream[] {
    return [...this.#built.values()];
  }

  /** Builds all groups and binds all references; returns the errors in file order. */
  async build(lookup: Lookup): Promise<readonly ConfigError[]> {
    const errors: ConfigError[] = [];
    for (const [key, draft] of this.#drafts) {
      try {
        this.#built.set(key, this.#make(draft, true));
      } catch (error) {
        errors.push(asConfigError(error));
      }
    }
    for (const { text, place, reference } of this.#references) {
      try {
        reference.upstream = await this.#resolve(text, place, lookup);
      } catch (error) {
        errors.push(asConfigError(error));
      }
    }
    return errors;
  }

  async #resolve(text: string, place: Place, lookup: Lookup): Promise<Upstream> {
    const key = text.toLowerCase();
    const known = this.#built.get(key);
    if (known !== undefined) return known;
    refuseGroupPort(text, place, this.#drafts);
    const target = parsePeerAddress(text);
    if (target.kind === "error") {
      throw new ConfigError(`${target.message} in upstream "${text}"`, place);
    }
    const line = { name: text, addresses: [], parameters: DEFAULT_PARAMETERS };
    const addresses = await resolveTarget(target, lookup);
    if (addresses.length === 0) {
      throw new ConfigError(`host not found in upstream "${text}"`, place);
    }
    const draft: GroupDraft = {
      name: text,
      place,
      lines: [{ ...line, addresses }],
      method: undefined,
    };
    const upstream = this.#make(draft, false);
    this.#built.set(key, upstream);
    return upstream;
  }

  #make(draft: GroupDraft, isNamed: boolean): Upstream {
    const { name, place, lines } = draft;
    const peers = lines.flatMap((line) =>
      line.addresses.map((address) =>
        new Peer(address, line.name, line.parameters, this.#memory.peer(name, address))
      )
    );
    if (!peers.some((peer) => !peer.parameters.isBackup)) {
      throw new ConfigError(`no servers in upstream "${name}"`, place);
    }
    const memory = this.#memory.group(name);
    const method = draft.method ?? roundRobin;
    return new Upstream({ name, place, isNamed, method, peers, memory }, roundRobin);
  }
}

/** The literal addresses of a target; [] when its name has none. */
export async function resolveTarget(
  target: KnownTarget,
  lookup: Lookup,
): Promise<readonly Address[]> {
  if (target.kind === "address") return [target.address];
  const hosts = await lookup(target.host);
  return hosts.map((host) => ({ host, port: target.port }));
}

/** A group has no port; nginx says so at whichever of the two it reads last. */
function refuseGroupPort(
  text: string,
  place: Place,
  drafts: ReadonlyMap<string, GroupDraft>,
): void {
  const colon = text.lastIndexOf(":");
  const group = drafts.get(text.slice(0, Math.max(0, colon)).toLowerCase());
  if (group === undefined) return;
  const isLater = group.place.file === place.file && group.place.line > place.line;
  const message = `upstream "${group.name}" may not have port ${text.slice(colon + 1)}`;
  throw new ConfigError(message, isLater ? group.place : place);
}

function asConfigError(error: unknown): ConfigError {
  if (error instanceof ConfigError) return error;
  throw error;
}

/**
 * What peers and groups remember over reloads, by group, address and, where an address repeats,
 * its ordinal. A load takes what it needs; what no load took is forgotten with the store.
 */
export class MemoryStore {
  readonly #peers = new Map<string, PeerMemory>();
  readonly #groups = new Map<string, GroupMemory>();
  #previous: MemoryStore | undefined;

  constructor(previous?: MemoryStore) {
    this.#previous = previous;
  }

  /** The load is over: what it did not take is dropped. */
  forgetPrevious(): void {
    this.#previous = undefined;
  }

  #previousPeer(key: string): PeerMemory | undefined {
    return this.#previous === undefined ? undefined : this.#previous.#peers.get(key);
  }

  #previousGroup(key: string): GroupMemory | undefined {
    return this.#previous === undefined ? undefined : this.#previous.#groups.get(key);
  }

  peer(group: string, address: Address): PeerMemory {
    const base = `${group.toLowerCase()} ${formatAddress(address)}`;
    let ordinal = 0;
    while (this.#peers.has(`${base} ${ordinal}`)) ordinal += 1;
    const key = `${base} ${ordinal}`;
    const memory = this.#previousPeer(key) ?? new PeerMemory();
    this.#peers.set(key, memory);
    return memory;
  }

  group(name: string): GroupMemory {
    const key = name.toLowerCase();
    const memory = this.#previousGroup(key) ?? new GroupMemory();
    this.#groups.set(key, memory);
    return memory;
  }
}
