/** Small GeoIP bases for tests, in the legacy formats and in MaxMind's newer one. */

type Tree = [Tree | string | undefined, Tree | string | undefined];

/** A tree of prefixes; what a leaf holds is a record's key. */
function treeOf(networks: Readonly<Record<string, string>>, bits: number): Tree {
  const root: Tree = [undefined, undefined];
  for (const [network, key] of Object.entries(networks)) {
    const [address = "", prefix = String(bits)] = network.split("/");
    const bytes = address.split(".").map(Number);
    let node = root;
    for (let depth = 0; depth < Number(prefix); depth++) {
      const bit = (bytes[depth >> 3] ?? 0) >> (7 - (depth & 7)) & 1;
      if (depth === Number(prefix) - 1) node[bit] = key;
      else {
        const next = node[bit];
        node = Array.isArray(next) ? next : node[bit] = [undefined, undefined];
      }
    }
  }
  return root;
}

/** Inner nodes in the order of their numbers. */
function numbered(root: Tree): readonly Tree[] {
  const nodes: Tree[] = [root];
  for (let at = 0; at < nodes.length; at++) {
    for (const child of nodes[at] ?? []) if (Array.isArray(child)) nodes.push(child);
  }
  return nodes;
}

function little(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, at) => Math.floor(value / 256 ** at) & 255);
}

const COUNTRY_BEGIN = 16_776_960;

/** GeoIP Country: networks and the numbers of their countries. */
export function countryDat(networks: Readonly<Record<string, number>>): Uint8Array {
  const keys = Object.fromEntries(Object.entries(networks).map(([key, id]) => [key, String(id)]));
  const nodes = numbered(treeOf(keys, 32));
  const bytes = nodes.flatMap((node) =>
    node.flatMap((child) =>
      little(Array.isArray(child) ? nodes.indexOf(child) : COUNTRY_BEGIN + Number(child ?? 0), 3)
    )
  );
  return Uint8Array.from([...bytes, 255, 255, 255, 1]);
}

/** Records behind a tree: City (type 2, three bytes a child) and Org (type 5, four). */
function recordDat(
  networks: Readonly<Record<string, readonly number[]>>,
  { type, size }: { readonly type: number; readonly size: number },
): Uint8Array {
  const keys = Object.fromEntries(Object.keys(networks).map((network) => [network, network]));
  const nodes = numbered(treeOf(keys, 32));
  const segments = nodes.length;
  const records: number[] = [0];
  const places = new Map<string, number>();
  for (const [network, record] of Object.entries(networks)) {
    places.set(network, segments + records.length);
    records.push(...record);
  }
  const bytes = nodes.flatMap((node) =>
    node.flatMap((child) => {
      if (Array.isArray(child)) return little(nodes.indexOf(child), size);
      return little(child === undefined ? segments : places.get(child) ?? segments, size);
    })
  );
  return Uint8Array.from([...bytes, ...records, 255, 255, 255, type, ...little(segments, 3)]);
}

export interface CityRecord {
  readonly country: number;
  readonly region: string;
  readonly city: string;
  readonly postal: string;
  readonly latitude: number;
  readonly longitude: number;
  /** dma * 1000 + area; only of the United States. */
  readonly metro?: number;
}

const text = (value: string) => [...value].map((char) => char.charCodeAt(0)).concat(0);

export function cityDat(networks: Readonly<Record<string, CityRecord>>): Uint8Array {
  const records = Object.entries(networks).map(([network, record]) => [network, [
    record.country,
    ...text(record.region),
    ...text(record.city),
    ...text(record.postal),
    ...little(Math.round((record.latitude + 180) * 10_000), 3),
    ...little(Math.round((record.longitude + 180) * 10_000), 3),
    ...record.metro === undefined ? [] : little(record.metro, 3),
  ]]);
  return recordDat(Object.fromEntries(records), { type: 2, size: 3 });
}

export function orgDat(networks: Readonly<Record<string, string>>): Uint8Array {
  const records = Object.entries(networks).map(([network, name]) => [network, text(name)]);
  return recordDat(Object.fromEntries(records), { type: 5, size: 4 });
}

type Value = string | number | readonly Value[] | { readonly [key: string]: Value };

function control(type: number, size: number): number[] {
  const [bits, rest] = size < 29 ? [size, []] : [29, [size - 29]];
  return type > 7 ? [bits, type - 7, ...rest] : [type << 5 | bits, ...rest];
}

/** A value of MaxMind's format; numbers with a fraction are doubles. */
function encoded(value: Value): number[] {
  if (typeof value === "string") {
    const bytes = new TextEncoder().encode(value);
    return [...control(2, bytes.length), ...bytes];
  }
  if (typeof value === "number" && !Number.isInteger(value)) {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value);
    return [...control(3, 8), ...new Uint8Array(view.buffer)];
  }
  if (typeof value === "number") return [...control(6, 4), ...little(value, 4).reverse()];
  if (value instanceof Array) return [...control(11, value.length), ...value.flatMap(encoded)];
  const entries = Object.entries(value);
  return [
    ...control(7, entries.length),
    ...entries.flatMap(([key, each]) => [...encoded(key), ...encoded(each)]),
  ];
}

/** A MaxMind DB of IPv4 networks. */
export function mmdb(networks: Readonly<Record<string, Value>>): Uint8Array {
  const keys = Object.fromEntries(Object.keys(networks).map((network) => [network, network]));
  const nodes = numbered(treeOf(keys, 32));
  const data: number[] = [];
  const places = new Map<string, number>();
  for (const [network, value] of Object.entries(networks)) {
    places.set(network, data.length);
    data.push(...encoded(value));
  }
  const tree = nodes.flatMap((node) =>
    node.flatMap((child) => {
      const target = Array.isArray(child)
        ? nodes.indexOf(child)
        : child === undefined
        ? nodes.length
        : nodes.length + 16 + (places.get(child) ?? 0);
      return little(target, 3).reverse();
    })
  );
  const metadata = encoded({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1,
    database_type: "Test",
    description: { en: "test" },
    ip_version: 4,
    languages: ["en"],
    node_count: nodes.length,
    record_size: 24,
  });
  const mark = [0xab, 0xcd, 0xef, ...new TextEncoder().encode("MaxMind.com")];
  return Uint8Array.from([...tree, ...new Array(16).fill(0), ...data, ...mark, ...metadata]);
}
