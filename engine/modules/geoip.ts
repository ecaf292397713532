/** `geoip_country`, `geoip_city`, `geoip_org`: where a client is. nginx's ngx_stream_geoip_module. */
import { formatHost } from "../lib/address.ts";
import { byteString } from "../lib/bytes.ts";
import { LegacyBase, type LegacyKind } from "../lib/geoip/legacy.ts";
import { type FindPlace, legacyPlaces, mmdbPlaces, type Place } from "../lib/geoip/places.ts";
import { many, word } from "../config/args.ts";
import { ConfigError } from "../config/tree.ts";
import { type At, moduleOf } from "../module.ts";
import type { Session } from "../session/session.ts";

/** In a `stream` block; `server` blocks take it over. */
interface GeoipConf {
  country: FindPlace | undefined;
  city: FindPlace | undefined;
  org: FindPlace | undefined;
}

const { define, directive } = moduleOf<GeoipConf>();

const MMDB_MARK = "\xab\xcd\xefMaxMind.com";

/** The description of a MaxMind DB stands in its last 128 KiB. */
function isMmdb(bytes: Uint8Array): boolean {
  const mark = Uint8Array.from(MMDB_MARK, (char) => char.charCodeAt(0));
  for (let at = bytes.length - mark.length; at >= Math.max(0, bytes.length - 131_072); at--) {
    if (mark.every((byte, offset) => bytes[at + offset] === byte)) return true;
  }
  return false;
}

async function open(kind: LegacyKind, words: readonly string[], at: At): Promise<FindPlace> {
  const [path = "", charset] = words;
  if (charset !== undefined && charset !== "utf8") {
    throw new ConfigError(`invalid parameter "${charset}"`);
  }
  const full = at.load.fullPath(path);
  const bytes = at.load.readBytes(full);
  if (bytes === undefined) throw new ConfigError(`GeoIP_open("${full}") failed`);
  try {
    if (isMmdb(bytes)) {
      const base = await at.load.openMmdb(bytes);
      return mmdbPlaces((address) => base.get(address), byteString);
    }
    const base = new LegacyBase(bytes);
    if (base.kind !== kind) throw new Error(`type:${base.type}`);
    // Legacy texts are Latin-1, which is what the bytes of a byte string are.
    return legacyPlaces(base, charset === "utf8" ? byteString : (text) => text);
  } catch (error) {
    throw new ConfigError(`invalid GeoIP database "${full}" ${(error as Error).message}`);
  }
}

function opener(kind: LegacyKind) {
  return directive({
    contexts: ["stream"],
    args: many(word, { max: 2 }),
    async set(conf, words, at: At) {
      conf[kind] = await open(kind, words, at);
    },
  });
}

function variable(kind: LegacyKind, field: keyof Place) {
  return (session: Session, conf: GeoipConf) => conf[kind]?.(formatHost(session.remote))[field];
}

export const geoip = define({
  name: "geoip",
  create: () => ({ country: undefined, city: undefined, org: undefined }),
  merge(outer, inner) {
    inner.country ??= outer.country;
    inner.city ??= outer.city;
    inner.org ??= outer.org;
  },
  directives: {
    geoip_country: opener("country"),
    geoip_city: opener("city"),
    geoip_org: opener("org"),
  },
  variables: {
    geoip_country_code: variable("country", "countryCode"),
    geoip_country_code3: variable("country", "countryCode3"),
    geoip_country_name: variable("country", "countryName"),
    geoip_org: variable("org", "org"),
    geoip_city_continent_code: variable("city", "continentCode"),
    geoip_city_country_code: variable("city", "countryCode"),
    geoip_city_country_code3: variable("city", "countryCode3"),
    geoip_city_country_name: variable("city", "countryName"),
    geoip_region: variable("city", "region"),
    geoip_region_name: variable("city", "regionName"),
    geoip_city: variable("city", "city"),
    geoip_postal_code: variable("city", "postalCode"),
    geoip_latitude: variable("city", "latitude"),
    geoip_longitude: variable("city", "longitude"),
    geoip_dma_code: variable("city", "dmaCode"),
    geoip_area_code: variable("city", "areaCode"),
  },
});
