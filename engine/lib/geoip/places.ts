/** What a GeoIP base says of an address, whatever its format. */
import { parseIp } from "../ip.ts";
import { code3Of } from "./countries.ts";
import type { LegacyBase } from "./legacy.ts";

/** Texts as nginx shows them; undefined is not known. */
export interface Place {
  readonly countryCode?: string | undefined;
  readonly countryCode3?: string | undefined;
  readonly countryName?: string | undefined;
  readonly continentCode?: string | undefined;
  readonly region?: string | undefined;
  readonly regionName?: string | undefined;
  readonly city?: string | undefined;
  readonly postalCode?: string | undefined;
  readonly latitude?: string | undefined;
  readonly longitude?: string | undefined;
  readonly dmaCode?: string | undefined;
  readonly areaCode?: string | undefined;
  readonly org?: string | undefined;
}

/** By the text of an address. */
export type FindPlace = (address: string) => Place;

const NOWHERE: Place = {};

function some(text: string): string | undefined {
  return text === "" ? undefined : text;
}

/** A base in a legacy format; `recode` turns its Latin-1 into what was asked for. */
export function legacyPlaces(base: LegacyBase, recode: (text: string) => string): FindPlace {
  const text = (value: string) => some(recode(value));
  return (address) => {
    const bytes = parseIp(address) ?? Uint8Array.of(255, 255, 255, 255);
    if (base.kind === "org") {
      const org = base.org(bytes);
      return org === undefined ? NOWHERE : { org: text(org) };
    }
    if (base.kind === "country") {
      const found = base.country(bytes);
      if (found === undefined) return NOWHERE;
      const { code, code3, name } = found;
      return { countryCode: code, countryCode3: code3, countryName: name };
    }
    const city = base.city(bytes);
    if (city === undefined) return NOWHERE;
    return {
      countryCode: city.country.code,
      countryCode3: city.country.code3,
      countryName: city.country.name,
      continentCode: city.country.continent,
      region: text(city.region),
      city: text(city.city),
      postalCode: text(city.postal),
      latitude: city.latitude.toFixed(4),
      longitude: city.longitude.toFixed(4),
      dmaCode: String(city.dma),
      areaCode: String(city.area),
    };
  };
}

type Json = Readonly<Record<string, unknown>>;

function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value;
  for (const key of path) found = (found as Json | null | undefined)?.[key];
  return found;
}

/** A base in MaxMind's DB format, for country, city, or organisation and autonomous system. */
export function mmdbPlaces(
  get: (address: string) => unknown,
  encode: (text: string) => string,
): FindPlace {
  return (address) => {
    const found = parseIp(address) === undefined ? null : get(address);
    if (found === null) return NOWHERE;
    const text = (...path: readonly (string | number)[]) => {
      const value = at(found, ...path);
      return typeof value === "string" ? encode(value) : undefined;
    };
    const degrees = (name: string) => {
      const value = at(found, "location", name);
      return typeof value === "number" ? value.toFixed(4) : undefined;
    };
    const code = text("country", "iso_code");
    const metro = at(found, "location", "metro_code");
    return {
      countryCode: code,
      countryCode3: code === undefined ? undefined : code3Of(code),
      countryName: text("country", "names", "en"),
      continentCode: text("continent", "code"),
      region: text("subdivisions", 0, "iso_code"),
      regionName: text("subdivisions", 0, "names", "en"),
      city: text("city", "names", "en"),
      postalCode: text("postal", "code"),
      latitude: degrees("latitude"),
      longitude: degrees("longitude"),
      dmaCode: typeof metro === "number" ? String(metro) : undefined,
      org: text("autonomous_system_organization") ?? text("organization") ?? text("isp"),
    };
  };
}
