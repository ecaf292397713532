/** GeoIP Legacy bases (`.dat`): country, city and organisation, by address. MaxMind's C library reads the same. */
import { fromBytes } from "../bytes.ts";
import { unmapped } from "../ip.ts";
import { COUNTRIES, type Country } from "./countries.ts";

export type LegacyKind = "country" | "city" | "org";

/** A place of a city base. */
export interface LegacyCity {
  readonly country: Country;
  readonly region: string;
  readonly city: string;
  readonly postal: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly dma: number;
  readonly area: number;
}

const COUNTRY_BEGIN = 16_776_960;
/** How far from the end the description of a base may begin. */
const MOST_TRAILER = 20;
/** Older bases number their types from here. */
const OLD_TYPES = 105;
const METRO_COUNTRY = "US";

interface Kind {
  readonly kind: LegacyKind;
  readonly isV6: boolean;
}

const KINDS: Readonly<Record<number, Kind>> = {
  1: { kind: "country", isV6: false },
  12: { kind: "country", isV6: true },
  2: { kind: "city", isV6: false },
  6: { kind: "city", isV6: false },
  30: { kind: "city", isV6: true },
  31: { kind: "city", isV6: true },
  4: { kind: "org", isV6: false },
  5: { kind: "org", isV6: false },
  9: { kind: "org", isV6: false },
  11: { kind: "org", isV6: false },
  21: { kind: "org", isV6: true },
};
/** The number of an autonomous system is kept like a country, in three bytes. */
const ASNUM = new Set([9, 21]);
/** City bases whose records end with the metro code. */
const WITH_METRO = new Set([2, 30]);

export class LegacyBase {
  readonly kind: LegacyKind;
  readonly type: number;
  readonly #bytes: Uint8Array;
  readonly #isV6: boolean;
  readonly #childBytes: 3 | 4;
  readonly #segments: number;

  /** Throws Error with what is wrong; the type of a base that is none of ours is in the message. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    const { type, segments } = readTrailer(bytes);
    const kind = KINDS[type];
    if (kind === undefined) throw new Error(`type:${type}`);
    this.type = type;
    this.kind = kind.kind;
    this.#isV6 = kind.isV6;
    this.#childBytes = kind.kind === "org" && !ASNUM.has(type) ? 4 : 3;
    this.#segments = kind.kind === "country" ? COUNTRY_BEGIN : segments;
  }

  country(address: Uint8Array): Country | undefined {
    const id = this.#find(address) - COUNTRY_BEGIN;
    return id > 0 ? COUNTRIES[id] : undefined;
  }

  org(address: Uint8Array): string | undefined {
    const at = this.#recordAt(address);
    return at === undefined ? undefined : this.#text(at);
  }

  city(address: Uint8Array): LegacyCity | undefined {
    const start = this.#recordAt(address);
    if (start === undefined) return undefined;
    const country = COUNTRIES[this.#bytes[start] ?? 0];
    if (country === undefined) return undefined;
    let at = start + 1;
    const [region, city, postal] = [0, 1, 2].map(() => {
      const text = this.#text(at);
      at += text.length + 1;
      return text;
    });
    const degrees = (from: number) => this.#number(from, 3) / 10_000 - 180;
    const hasMetro = WITH_METRO.has(this.type) && country.code === METRO_COUNTRY;
    const metro = hasMetro ? this.#number(at + 6, 3) : 0;
    return {
      country,
      region: region ?? "",
      city: city ?? "",
      postal: postal ?? "",
      latitude: degrees(at),
      longitude: degrees(at + 3),
      dma: Math.floor(metro / 1000),
      area: metro % 1000,
    };
  }

  /** Where the record of an address begins; undefined when it has none. */
  #recordAt(address: Uint8Array): number | undefined {
    const found = this.#find(address);
    if (found === this.#segments) return undefined;
    return found + (2 * this.#childBytes - 1) * this.#segments;
  }

  /** The number at the end of the address's branch; at least the number of inner nodes. */
  #find(address: Uint8Array): number {
    const plain = this.#keyOf(address);
    let node = 0;
    for (let bit = 0; bit < plain.length * 8; bit++) {
      const side = (plain[bit >> 3] ?? 0) >> (7 - (bit & 7)) & 1;
      node = this.#number((2 * node + side) * this.#childBytes, this.#childBytes);
      if (node >= this.#segments) return node;
    }
    return this.#segments; // a broken base: nothing is known
  }

  /** An address that a base does not know at all is looked up as 255.255.255.255. */
  #keyOf(address: Uint8Array): Uint8Array {
    const plain = unmapped(address);
    if (!this.#isV6) return plain.length === 4 ? plain : Uint8Array.of(255, 255, 255, 255);
    if (plain.length === 16) return plain;
    const wide = new Uint8Array(16);
    wide.set([255, 255, ...plain], 10);
    return wide;
  }

  #number(at: number, size: number): number {
    let value = 0;
    for (let byte = size - 1; byte >= 0; byte--) {
      value = value * 256 + (this.#bytes[at + byte] ?? 0);
    }
    return value;
  }

  #text(at: number): string {
    const end = this.#bytes.indexOf(0, at);
    return fromBytes(this.#bytes.subarray(at, end < 0 ? undefined : end));
  }
}

/** Type and number of inner nodes; a base without a description is one of countries. */
function readTrailer(bytes: Uint8Array): { readonly type: number; readonly segments: number } {
  for (let back = 3; back < 3 + MOST_TRAILER; back++) {
    const at = bytes.length - back;
    if (at < 0) break;
    if (bytes[at] !== 255 || bytes[at + 1] !== 255 || bytes[at + 2] !== 255) continue;
    const written = bytes[at + 3] ?? 1;
    const [a = 0, b = 0, c = 0] = bytes.subarray(at + 4, at + 7);
    const type = written > OLD_TYPES ? written - OLD_TYPES : written;
    return { type, segments: a + 256 * b + 65_536 * c };
  }
  return { type: 1, segments: COUNTRY_BEGIN };
}
