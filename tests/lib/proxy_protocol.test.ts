/** PROXY headers: what is read, what is refused as early as possible, what is written. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromBytes, toBytes } from "../../engine/lib/bytes.ts";
import { crc32c } from "../../engine/lib/crc32c.ts";
import {
  findTlv,
  parseProxyHeader,
  proxyHeaderV1,
  proxyHeaderV2,
} from "../../engine/lib/proxy_protocol.ts";

const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
const V2_INET = `${SIGNATURE}\x21\x11\0\x0c\x0a\0\0\x01\x0a\0\0\x02\x30\x39\0\x50`;

function said(text: string, hasEnded = false): string {
  const result = parseProxyHeader(toBytes(text), hasEnded);
  if (result.kind === "more") return "more";
  if (result.kind === "broken") return result.message;
  const { header, bytes } = result;
  if (header === undefined) return `none ${bytes}`;
  const { source, destination, tlvs } = header;
  return `${source.host} ${source.port} ${destination.host} ${destination.port} ` +
    `${bytes} ${tlvs.length}`;
}

/** Bytes, and what they are. */
const ROWS: readonly (readonly [string, string])[] = [
  ["PROXY TCP4 10.0.0.1 10.0.0.2 1234 80\r\nhello", "10.0.0.1 1234 10.0.0.2 80 38 0"],
  ["PROXY TCP6 fe80::1 ::2 1 65535\r\n", "fe80::1 1 ::2 65535 32 0"],
  ["PROXY UNKNOWN\r\n", "none 15"],
  ["PROXY UNKNOWN whatever this is\r\n", "none 32"],
  [
    "PROXY TCP4 10.0.0.1 10.0.0.2 1234 65536\r\n",
    'broken header: "PROXY TCP4 10.0.0.1 10.0.0.2 1234 65536"',
  ],
  ["PROXY TCP5 ", 'broken header: "PROXY TCP5 "'],
  ["PROXY INVALID", 'broken header: "PROXY INVALID"'],
  ["GET / HTTP/1.1\r\n", 'broken header: "GET / HTTP/1.1"'],
  ["PROXY TCP4 10.0.0.1\r\n", 'broken header: "PROXY TCP4 10.0.0.1"'],
  [`PROXY UNKNOWN ${"x".repeat(100)}`, `broken header: "PROXY UNKNOWN ${"x".repeat(93)}"`],
  ["P", "more"],
  ["", "more"],
  ["PROXY TCP4 10.0.0.1 10.0.0.2 1234 80\r", "more"],
  ["PROXY UNKN", "more"],
  [`${V2_INET}rest`, "10.0.0.1 12345 10.0.0.2 80 28 0"],
  [V2_INET.slice(0, 5), "more"],
  [V2_INET.slice(0, 27), "more"],
  [`${SIGNATURE}\x11\x11\0\0`, "unknown PROXY protocol version: 1"],
  [`${SIGNATURE}\x21\x11\x10\x01`, "header is too large"],
  [`${SIGNATURE}\x20\0\0\0`, "none 16"],
  [`${SIGNATURE}\x21\x31\0\x02ab`, "none 18"],
  [`${SIGNATURE}\x21\x12\0\0`, "none 16"],
  [`${SIGNATURE}\x21\x11\0\x04abcd`, "broken header: too short for its addresses"],
];

for (const [bytes, expected] of ROWS) {
  test(`PROXY header ${JSON.stringify(bytes).slice(0, 60)}`, () => {
    assert.equal(said(bytes), expected);
  });
}

test("a PROXY header that the stream's end cuts is broken", () => {
  assert.equal(said("", true), 'broken header: ""');
  assert.equal(said("PROXY TC", true), 'broken header: "PROXY TC"');
});

test("every prefix of a good PROXY header asks for more, whatever the addresses", () => {
  const host = fc.ipV4();
  const port = fc.integer({ min: 0, max: 65_535 });
  fc.assert(fc.property(host, host, port, port, fc.boolean(), (from, to, a, b, isV2) => {
    const make = isV2 ? proxyHeaderV2 : proxyHeaderV1;
    const bytes = make({ host: from, port: a }, { host: to, port: b });
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(said(fromBytes(bytes.subarray(0, length))), "more");
    }
    assert.equal(said(fromBytes(bytes)), `${from} ${a} ${to} ${b} ${bytes.length} ${isV2 ? 7 : 0}`);
  }));
});

test("any bytes end in a verdict", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, hasEnded) => {
    const { kind } = parseProxyHeader(bytes, hasEnded);
    assert.ok(!hasEnded || kind !== "more");
  }));
});

test("crc32c of the well-known text is the well-known number", () => {
  assert.equal(crc32c(toBytes("123456789")), 0xe3069283);
});

test("a version 2 header mixes families as mapped IPv6, and is LOCAL for a unix client", () => {
  const mixed = proxyHeaderV2({ host: "::1", port: 1 }, { host: "10.0.0.2", port: 2 });
  assert.equal(said(fromBytes(mixed)), "::1 1 ::ffff:10.0.0.2 2 59 7");
  assert.equal(said(fromBytes(proxyHeaderV2({ path: "" }, { path: "/x" }))), "none 23");
  assert.equal(fromBytes(proxyHeaderV1({ path: "" }, { path: "/x" })), "PROXY UNKNOWN\r\n");
});

test("a TLV is found by its type; a list that does not add up is broken", () => {
  const list = toBytes("\x01\0\x02h2\x05\0\0");
  assert.equal(fromBytes(findTlv(list, 1) as Uint8Array), "h2");
  assert.equal((findTlv(list, 5) as Uint8Array).length, 0);
  assert.equal(findTlv(list, 9), undefined);
  assert.equal(findTlv(toBytes("\x01\0\x05h2"), 1), "broken");
  assert.equal(findTlv(toBytes("\x01\0"), 1), "broken");
});
