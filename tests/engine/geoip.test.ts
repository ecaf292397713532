/** Where clients are: bases in both formats, made here; what a real nginx said of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { COUNTRIES } from "../../engine/lib/geoip/countries.ts";
import { LegacyBase } from "../../engine/lib/geoip/legacy.ts";
import { parseIp } from "../../engine/lib/ip.ts";
import { MemoryRuntime } from "../../engine/runtime/memory.ts";
import { cityDat, countryDat, mmdb, orgDat } from "./geoip_bases.ts";
import { lab } from "./lab.ts";

const US = 225;

function bases(): MemoryRuntime {
  const runtime = new MemoryRuntime();
  const file = (name: string, bytes: Uint8Array) => runtime.files.write(`/weir/${name}`, bytes);
  file("country.dat", countryDat({ "10.0.0.0/24": US, "10.0.1.0/24": 3, "10.0.2.0/24": 0 }));
  file(
    "city.dat",
    cityDat({
      "10.0.0.0/24": {
        country: US,
        region: "CA",
        city: "Los \xc1ngeles",
        postal: "90001",
        latitude: 34.0522,
        longitude: -118.2437,
        metro: 803_213,
      },
      "10.0.1.0/24": {
        country: 3,
        region: "",
        city: "",
        postal: "",
        latitude: 42.5,
        longitude: 1.5,
      },
    }),
  );
  file("org.dat", orgDat({ "10.0.0.0/24": "Acme \xe9" }));
  file(
    "city.mmdb",
    mmdb({
      "10.0.0.0/24": {
        country: { iso_code: "US", names: { en: "United States" } },
        continent: { code: "NA" },
        subdivisions: [{ iso_code: "CA", names: { en: "California" } }],
        city: { names: { en: "Los Ángeles" } },
        postal: { code: "90001" },
        location: { latitude: 34.0522, longitude: -118.2437, metro_code: 803 },
      },
    }),
  );
  file("org.mmdb", mmdb({ "10.0.0.0/24": { autonomous_system_organization: "Acme" } }));
  return runtime;
}

const ALL = "$geoip_city_country_code|$geoip_city_country_code3|$geoip_city_country_name|" +
  "$geoip_city_continent_code|$geoip_region|$geoip_city|$geoip_postal_code|$geoip_latitude|" +
  "$geoip_longitude|$geoip_dma_code|$geoip_area_code|$geoip_org";
const COUNTRY = "$geoip_country_code|$geoip_country_code3|$geoip_country_name";

test("legacy bases give country, city and organisation, in Latin-1 or UTF-8", async () => {
  const room = await lab(
    `geoip_country country.dat; geoip_city city.dat utf8; geoip_org org.dat;
    server { listen 80; return "${ALL}"; } server { listen 81; return "${COUNTRY}"; }`,
    bases(),
  );
  const at = (from: string, port = 80) => room.visit(port, { from });
  // The test's client reads UTF-8, so that the Latin-1 name is a replacement.
  assert.equal(
    await at("10.0.0.5"),
    "US|USA|United States|NA|CA|Los Ángeles|90001|34.0522|-118.2437|803|213|Acme \ufffd",
  );
  assert.equal(await at("10.0.1.5"), "AD|AND|Andorra|EU||||42.5000|1.5000|0|0|");
  assert.equal(await at("192.0.2.1"), "|||||||||||");
  assert.equal(await at("10.0.0.5", 81), "US|USA|United States");
  assert.equal(await at("10.0.2.5", 81), "||");
});

test("MaxMind's bases give the same, and the name of the region", async () => {
  const room = await lab(
    `geoip_country city.mmdb; geoip_city city.mmdb; geoip_org org.mmdb;
    server { listen 80; return "${ALL}|$geoip_region_name"; } server { listen 81; return "${COUNTRY}"; }`,
    bases(),
  );
  const at = (from: string, port = 80) => room.visit(port, { from });
  assert.equal(
    await at("10.0.0.5"),
    "US|USA|United States|NA|CA|Los Ángeles|90001|34.0522|-118.2437|803||Acme|California",
  );
  assert.equal(await at("192.0.2.1"), "||||||||||||");
  assert.equal(await at("10.0.0.5", 81), "US|USA|United States");
});

test("an unknown place is not found, as a log shows it", async () => {
  const room = await lab(
    `geoip_country country.dat; log_format where "[$geoip_country_code]";
    server { listen 80; access_log /log/where where; return x; }`,
    bases(),
  );
  await room.visit(80, { from: "192.0.2.1" });
  assert.equal(room.runtime.files.text("/log/where"), "[-]\n");
});

test("a base that is missing, of another kind or broken refuses the load", async () => {
  const said = async (line: string) => {
    await assert.rejects(lab(`${line} server { listen 80; return x; }`, bases()), (error) => {
      said.text = String((error as Error).message);
      return true;
    });
    return said.text;
  };
  said.text = "";
  assert.match(await said("geoip_country none.dat;"), /GeoIP_open\("\/weir\/none\.dat"\) failed/);
  assert.match(
    await said("geoip_country org.dat;"),
    /invalid GeoIP database "\/weir\/org\.dat" type:5/,
  );
  assert.match(await said("geoip_country country.dat latin1;"), /invalid parameter "latin1"/);
});

test("any bytes are a base that knows nothing, or an error", () => {
  for (let length = 0; length < 40; length++) {
    const bytes = Uint8Array.from({ length }, (_, at) => at * 37 & 255);
    const base = new LegacyBase(Uint8Array.from([...bytes, 255, 255, 255, 2, 9, 0, 0]));
    assert.doesNotThrow(() => base.city(parseIp("10.0.0.1") ?? new Uint8Array(4)));
  }
});

test("every country of a legacy base has its codes", () => {
  assert.equal(COUNTRIES.length, 256);
  for (const { code, code3, name, continent } of COUNTRIES) {
    assert.match(`${code} ${code3} ${continent}`, /^[A-Z0-9-]{2} [A-Z0-9-]{2,3} [A-Z-]{2}$/);
    assert.notEqual(name, "");
  }
});
