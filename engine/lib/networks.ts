/** Values by network and by range of addresses; a look-up does not grow with their number. */
import { type Cidr, maskedText } from "./cidr.ts";

/** Longest prefix wins: one probe for each length of prefix in use, at most 33 or 129. */
export class NetworkTable {
  readonly #families = new Map<number, Map<number, Map<string, string>>>();
  /** Prefixes of a family, longest first; made anew when one is added. */
  readonly #orders = new Map<number, readonly number[]>();

  /** The value that it replaces. */
  set({ bytes, prefix }: Cidr, value: string): string | undefined {
    const prefixes = this.#families.get(bytes.length) ?? new Map<number, Map<string, string>>();
    this.#families.set(bytes.length, prefixes);
    const networks = prefixes.get(prefix) ?? new Map<string, string>();
    if (!prefixes.has(prefix)) {
      prefixes.set(prefix, networks);
      this.#orders.set(bytes.length, [...prefixes.keys()].sort((a, b) => b - a));
    }
    const key = maskedText(bytes, prefix);
    const old = networks.get(key);
    networks.set(key, value);
    return old;
  }

  /** False when there is no such network. */
  delete({ bytes, prefix }: Cidr): boolean {
    const networks = this.#families.get(bytes.length)?.get(prefix);
    return networks?.delete(maskedText(bytes, prefix)) ?? false;
  }

  find(address: Uint8Array): string | undefined {
    const prefixes = this.#families.get(address.length);
    for (const prefix of this.#orders.get(address.length) ?? []) {
      const found = prefixes?.get(prefix)?.get(maskedText(address, prefix));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** A run of addresses, both ends included. */
interface Range {
  readonly from: number;
  readonly to: number;
  readonly value: string;
}

const BLOCK = 0x10000;

function ipv4Text(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

/** Whether both cover the same addresses of some block. */
function isSameInBlock(range: Range, from: number, to: number): boolean {
  const [low, high] = [Math.max(range.from, from), Math.min(range.to, to)];
  const whole = Math.ceil(low / BLOCK) * BLOCK;
  if (whole + BLOCK - 1 <= high) return true;
  return [low, high].some((edge) => {
    const block = edge - edge % BLOCK;
    const clip = (value: number) => Math.min(Math.max(value, block), block + BLOCK - 1);
    return clip(range.from) === clip(from) && clip(range.to) === clip(to);
  });
}

/**
 * IPv4 ranges; a later one takes what it covers of an earlier one around it. nginx keeps them by
 * blocks of 65,536 addresses, and only says no where two overlap in part inside of one.
 */
export class RangeTable {
  /** As they were added, until the next look-up sorts them in. */
  #added: Range[] = [];
  #sorted: readonly Range[] = [];

  /** The value of a range that is the same in one of the blocks. */
  set(from: number, to: number, value: string): string | undefined {
    if (this.#isBehindAll(from)) {
      this.#added.push({ from, to, value });
      return undefined;
    }
    const old = this.#overlapping(from, to).find((each) => isSameInBlock(each, from, to));
    this.#insert(from, to, { from, to, value });
    return old?.value;
  }

  /** The part of an earlier range that a new one would overlap without lying inside of it. */
  conflict(from: number, to: number): string | undefined {
    for (const each of this.#overlapping(from, to)) {
      for (const edge of [from, to, each.from, each.to]) {
        const block = edge - edge % BLOCK;
        const [low, high] = [Math.max(block, each.from), Math.min(block + BLOCK - 1, each.to)];
        const [start, end] = [Math.max(block, from), Math.min(block + BLOCK - 1, to)];
        const overlaps = low <= end && start <= high;
        if (overlaps && (start < low || end > high)) return `${ipv4Text(low)}-${ipv4Text(high)}`;
      }
    }
    return undefined;
  }

  /** False when there is no such range. */
  delete(from: number, to: number): boolean {
    const old = this.#same(from, to);
    if (old !== undefined) this.#insert(from, to, undefined);
    return old !== undefined;
  }

  find(address: Uint8Array): string | undefined {
    this.#settle();
    const wanted = address.reduce((sum, byte) => sum * 256 + byte, 0);
    const range = this.#sorted[this.#firstEndingAt(wanted)];
    return range !== undefined && range.from <= wanted ? range.value : undefined;
  }

  /** Earlier ranges that have an address of this one. */
  #overlapping(from: number, to: number): readonly Range[] {
    if (this.#isBehindAll(from)) return [];
    this.#settle();
    const first = this.#firstEndingAt(from);
    let end = first;
    while ((this.#sorted[end]?.from ?? Infinity) <= to) end += 1;
    return this.#sorted.slice(first, end);
  }

  #same(from: number, to: number): Range | undefined {
    if (this.#isBehindAll(from)) return undefined;
    this.#settle();
    const range = this.#sorted[this.#firstEndingAt(from)];
    return range?.from === from && range.to === to ? range : undefined;
  }

  /** Files are mostly sorted: then adding needs no search. */
  #isBehindAll(from: number): boolean {
    const last = this.#added.at(-1) ?? this.#sorted.at(-1);
    return last === undefined || last.to < from;
  }

  #settle(): void {
    if (this.#added.length === 0) return;
    this.#sorted = [...this.#sorted, ...this.#added];
    this.#added = [];
  }

  /** Cuts [from, to] out of what there is and puts `range` there. */
  #insert(from: number, to: number, range: Range | undefined): void {
    this.#settle();
    const first = this.#firstEndingAt(from);
    const before: Range[] = [];
    const after: Range[] = [];
    let end = first;
    for (; end < this.#sorted.length; end++) {
      const each = this.#sorted[end] as Range; // in range
      if (each.from > to) break;
      if (each.from < from) before.push({ ...each, to: from - 1 });
      if (each.to > to) after.push({ ...each, from: to + 1 });
    }
    const middle = range === undefined ? [] : [range];
    this.#sorted = this.#sorted.toSpliced(first, end - first, ...before, ...middle, ...after);
  }

  /** Index of the first range that ends at `address` or behind it. */
  #firstEndingAt(address: number): number {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] as Range).to < address) low = middle + 1; // middle is in range
      else high = middle;
    }
    return low;
  }
}
