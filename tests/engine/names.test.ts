/** Servers by name: `ssl_preread`, `server_name`, and what the ClientHello's variables say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toBytes } from "../../engine/lib/bytes.ts";
import { parseClientHello } from "../../engine/lib/client_hello.ts";
import { text } from "../conformance/network.ts";
import { type Lab, lab } from "./lab.ts";

function sized(body: string, bytes: 1 | 2 | 3): string {
  const head = [body.length >> 16, body.length >> 8, body.length].slice(-bytes);
  return String.fromCharCode(...head.map((each) => each & 255)) + body;
}

function extension(type: number, body: string): string {
  return `\0${String.fromCharCode(type)}${sized(body, 2)}`;
}

interface Asked {
  readonly name?: string;
  readonly alpn?: readonly string[];
  readonly versions?: string;
}

/** A ClientHello, cut into records of `cut` bytes. */
function hello({ name, alpn, versions }: Asked = {}, cut = 16_000): string {
  let extensions = "";
  if (name !== undefined) extensions += extension(0, sized(`\0${sized(name, 2)}`, 2));
  if (alpn !== undefined) {
    extensions += extension(16, sized(alpn.map((each) => sized(each, 1)).join(""), 2));
  }
  if (versions !== undefined) extensions += extension(43, sized(versions, 1));
  const body = `\x03\x03${"r".repeat(32)}\0${sized("\x13\x01", 2)}${sized("\0", 1)}` +
    (extensions === "" ? "" : sized(extensions, 2));
  const message = `\x01${sized(body, 3)}`;
  let records = "";
  for (let at = 0; at < message.length; at += cut) {
    records += `\x16\x03\x01${sized(message.slice(at, at + cut), 2)}`;
  }
  return records;
}

/** Sends the bytes one part after the other; what the server returns. */
async function ask(
  { enter, runtime }: Lab,
  parts: readonly string[],
  ends = false,
): Promise<string> {
  const client = await enter();
  for (const part of parts) {
    await client.write(toBytes(part));
    await runtime.settle();
  }
  if (ends) await client.closeWrite();
  let answer = "";
  for (let chunk = await client.read(); chunk !== null; chunk = await client.read()) {
    answer += text(chunk);
  }
  client.close();
  await runtime.settle();
  return answer;
}

const SAID = "$server_name [$ssl_preread_server_name] [$ssl_preread_protocol] " +
  "[$ssl_preread_alpn_protocols]";

const SERVERS = `ssl_preread on;
  server { listen 80 default_server; server_name first.test; return "${SAID}"; }
  server { listen 80; server_name exact.test other.test; return "exact ${SAID}"; deny all; }
  server { listen 80; server_name *.wild.test .dot.test; return "wild ${SAID}"; }
  server { listen 80; server_name mail.*; return "mail ${SAID}"; }
  server { listen 80; server_name "~^(?<user>[a-z]+)\\.re\\.test$"; return "regex $user $1 ${SAID}"; }
  server { listen 80; server_name "~RE"; return "second ${SAID}"; }`;

/** The name asked for, and what is answered. */
const NAMES: readonly (readonly [string, string])[] = [
  ["first.test", "first.test [first.test]"],
  ["EXACT.test.", "exact exact.test [EXACT.test.]"],
  ["other.test", "exact exact.test [other.test]"],
  ["a.b.wild.test", "wild *.wild.test [a.b.wild.test]"],
  ["wild.test", "first.test [wild.test]"],
  ["dot.test", "wild *.wild.test [dot.test]"],
  ["x.dot.test", "wild *.wild.test [x.dot.test]"],
  ["mail.example.org", "mail mail.* [mail.example.org]"],
  ["joe.re.test", "regex joe joe ~^(?<user>[a-z]+)\\.re\\.test$ [joe.re.test]"],
  ["nore.org", "second ~RE [nore.org]"],
  ["nobody.org", "first.test [nobody.org]"],
  ["bad/name", "first.test [bad/name]"],
];

for (const [name, expected] of NAMES) {
  test(`server_name: ${name} is served by ${expected}`, async () => {
    assert.equal(await ask(await lab(SERVERS), [hello({ name })]), `${expected} [TLSv1.2] []`);
  });
}

test("ssl_preread reads a hello in any number of parts and records, and leaves it for the peer", async () => {
  const asked = { name: "a.test", alpn: ["h2", "http/1.1"], versions: "\x0a\x0a\x03\x04\x03\x03" };
  const room = await lab(`server { listen 80; ssl_preread on; server_name x; return "${SAID}"; }`);
  const expected = "x [a.test] [TLSv1.3] [h2,http/1.1]";
  assert.equal(await ask(room, [hello(asked)]), expected);
  assert.equal(await ask(room, [...hello(asked)]), expected);
  assert.equal(await ask(room, [hello(asked, 7)]), expected);
});

test("ssl_preread passes what is no TLS as soon as five bytes prove it", async () => {
  const room = await lab(`ssl_preread on; preread_timeout 3s;
    server { listen 80; return "plain$ssl_preread_protocol"; }`);
  assert.equal(await ask(room, ["hello"]), "plain");
  // An end before that is a normal end, with nothing served.
  assert.equal(await ask(room, ["hell"], true), "");
  assert.match(room.accesses().at(-1) ?? "", /^200 /);
});

test("preread ends silently with 200 after its timeout, however the bytes trickle", async () => {
  const room = await lab(`ssl_preread on; preread_timeout 2s; server { listen 80; return x; }`);
  const client = await room.enter();
  const bytes = hello({ name: "a" });
  for (let second = 0; second < 3; second++) {
    await client.write(toBytes(bytes.slice(second, second + 1)));
    await room.runtime.advance(1000);
  }
  assert.equal(await client.read(), null);
  assert.match(room.accesses()[0] ?? "", /^200 /);
  assert.equal(room.errors().length, 1);
});

test("a hello that does not fit the preread buffer ends with 400", async () => {
  const room = await lab(`ssl_preread on; preread_buffer_size 64; server { listen 80; return x; }`);
  const client = await room.enter();
  await client.write(toBytes(hello({ name: "a".repeat(100) })));
  assert.equal(await client.read(), null);
  await room.runtime.settle();
  assert.match(room.accesses()[0] ?? "", /^400 /);
  assert.match(room.errors().join("\n"), /preread buffer full while prereading client data/);
});

/** Bytes that are no hello which nginx would read. */
const OTHER: readonly string[] = [
  "GET / HTTP/1.1",
  "\x16\x02\x01\0\x01\x01",
  "\x16\x03\x01\0\x01\x02",
  "\x15\x03\x01\0\x02\x01\x00",
  hello({ name: "x" }).slice(0, 43) + "\xff".repeat(40),
];

for (const bytes of OTHER) {
  test(`client hello: ${JSON.stringify(bytes.slice(0, 12))} is none`, () => {
    assert.equal(parseClientHello(toBytes(bytes)), "other");
  });
}

test("client hello: a name that is no DNS name makes it none; SSLv2's hello only has a version", () => {
  const body = hello({ name: "x" });
  const at = body.lastIndexOf("\0\0\x01x");
  const other = body.slice(0, at) + "\x01" + body.slice(at + 1);
  assert.equal(parseClientHello(toBytes(other)), "other");
  assert.deepEqual(parseClientHello(toBytes("\x80\x2e\x01\x03\x01")), {
    version: 0x0301,
    serverName: "",
    alpn: [],
  });
});
