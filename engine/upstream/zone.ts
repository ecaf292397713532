/** Shared memory by name: what outlives a reload because its name, kind and size stay. */
import { ConfigError } from "../config/tree.ts";

/** What nginx asks for at least: eight pages. */
const LEAST_BYTES = 8 * 4096;

/** One zone of a load. */
export class Zone {
  readonly name: string;
  /** What it is used for; one name serves one use. */
  readonly kind: string;
  /** 0 until a directive has given it. */
  bytes = 0;
  #state: unknown;

  constructor(name: string, kind: string) {
    this.name = name;
    this.kind = kind;
  }

  /** What lives in the zone; made once, and handed on over reloads. */
  state<T>(make: () => T): T {
    this.#state ??= make();
    return this.#state as T; // one kind of zone has one kind of state
  }

  /** Takes over what an older load left in the same zone. */
  inherit({ kind, bytes }: Zone, state: unknown): void {
    if (kind === this.kind && bytes === this.bytes) this.#state = state;
  }

  get kept(): unknown {
    return this.#state;
  }
}

export class Zones {
  readonly #zones = new Map<string, Zone>();
  readonly #previous: Zones | undefined;

  constructor(previous: Zones | undefined) {
    this.#previous = previous;
  }

  /** Names a zone, with its size where the directive gives one. Throws ConfigError. */
  use(name: string, kind: string, bytes = 0): Zone {
    const zone = this.#zones.get(name) ?? new Zone(name, kind);
    this.#zones.set(name, zone);
    if (zone.kind !== kind) {
      throw new ConfigError(
        `the shared memory zone "${name}" is already declared for a different use`,
      );
    }
    if (zone.bytes === 0) zone.bytes = bytes;
    if (bytes !== 0 && bytes !== zone.bytes) {
      throw new ConfigError(
        `the size ${bytes} of shared memory zone "${name}" conflicts with already declared size ` +
          zone.bytes,
      );
    }
    const before = this.#previous?.find(name);
    if (before !== undefined) zone.inherit(before, before.kept);
    return zone;
  }

  find(name: string): Zone | undefined {
    return this.#zones.get(name);
  }

  /** Zones that are used and that nobody has given a size; nginx's errors. */
  unsized(): readonly ConfigError[] {
    return [...this.#zones.values()]
      .filter(({ bytes }) => bytes === 0)
      .map(({ name }) => new ConfigError(`zero size shared memory zone "${name}"`));
  }
}

/** Whether nginx would refuse a size as too small. */
export function isTooSmall(bytes: number): boolean {
  return bytes < LEAST_BYTES;
}
