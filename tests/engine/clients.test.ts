/** Who a client is and how many of them may come: PROXY headers, realip, limits, names, passing on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toBytes } from "../../engine/lib/bytes.ts";
import type { Connection } from "../../engine/runtime/runtime.ts";
import { text } from "../conformance/network.ts";
import { holder, type Lab, lab } from "./lab.ts";

/** Sends bytes in parts and reads the whole answer. */
async function say(
  { enter, runtime }: Lab,
  parts: readonly string[],
  { port = 80, ends = false } = {},
): Promise<string> {
  const client = await enter(port);
  for (const part of parts) {
    await client.write(toBytes(part));
    await runtime.settle();
  }
  if (ends) await client.closeWrite();
  const answer = await readAll(client);
  client.close();
  await runtime.settle();
  return answer;
}

async function readAll(client: Connection): Promise<string> {
  let answer = "";
  for (let chunk = await client.read(); chunk !== null; chunk = await client.read()) {
    answer += text(chunk);
  }
  return answer;
}

const HEADER = "PROXY TCP4 10.0.0.1 10.0.0.2 1234 80\r\n";
const WHO = "$proxy_protocol_addr:$proxy_protocol_port>$proxy_protocol_server_addr:" +
  "$proxy_protocol_server_port $remote_addr $realip_remote_addr $server_port";

test("a PROXY header sets its variables, whole or split, and what follows it is the client's", async () => {
  const room = await lab(`server { listen 80 proxy_protocol; return "${WHO}"; }`);
  const expected = "10.0.0.1:1234>10.0.0.2:80 127.0.0.1 127.0.0.1 80";
  assert.equal(await say(room, [HEADER]), expected);
  assert.equal(await say(room, [HEADER.slice(0, 9), HEADER.slice(9) + "more"]), expected);
  assert.equal(await say(room, ["PROXY UNKNOWN\r\n"]), ":>: 127.0.0.1 127.0.0.1 80");
});

test("a broken PROXY header ends with 400 and a line", async () => {
  const room = await lab(`server { listen 80 proxy_protocol; return x; }`);
  assert.equal(await say(room, ["GET / HTTP/1.1\r\n"]), "");
  assert.equal(await say(room, ["PROXY TC"], { ends: true }), "");
  const lines = room.errors().filter((line) => line.includes("broken header"));
  assert.match(
    lines[0] ?? "",
    /broken header: "GET \/ HTTP\/1.1" while reading PROXY protocol, client/,
  );
  assert.match(lines[1] ?? "", /broken header: "PROXY TC"/);
  assert.deepEqual(room.accesses().map((line) => line.slice(0, 3)), ["400", "400"]);
});

test("a PROXY header that does not come ends the session with 200 after its timeout", async () => {
  const room = await lab(`proxy_protocol_timeout 2s;
    server { listen 80 proxy_protocol; return x; }`);
  const client = await room.enter();
  await room.runtime.advance(1000);
  await client.write(toBytes("PROXY"));
  await room.runtime.advance(3000);
  assert.equal(await readAll(client), "");
  assert.equal(room.accesses().length, 1);
  assert.match(room.accesses()[0] ?? "", /^200 /);
});

test("a trusted client's PROXY header replaces its address, for rules and limits too", async () => {
  const room = await lab(`set_real_ip_from 127.0.0.0/8;
    server { listen 80 proxy_protocol; deny 10.0.0.9; return "$remote_addr:$remote_port $realip_remote_addr"; }
    server { listen 81 proxy_protocol; set_real_ip_from 192.0.2.1; return $remote_addr; }`);
  assert.equal(await say(room, [HEADER]), "10.0.0.1:1234 127.0.0.1");
  assert.equal(await say(room, [HEADER.replace("10.0.0.1", "10.0.0.9")]), "");
  assert.equal(await say(room, [HEADER], { port: 81 }), "127.0.0.1");
  assert.match(
    room.errors().join("\n"),
    /access forbidden by rule while initializing session, client: 10\.0\.0\.9, server/,
  );
});

test("a PROXY header goes to the peer in front of everything else", async () => {
  const room = await lab(`set_real_ip_from all_is_trusted;
    server { listen 80 proxy_protocol; proxy_pass 127.0.0.1:9; proxy_protocol on; }
    server { listen 81; proxy_pass 127.0.0.1:9; proxy_protocol v2; }`.replace(
    "all_is_trusted",
    "127.0.0.1",
  ));
  const held = await holder(room.runtime, 9);
  const client = await room.enter();
  await client.write(toBytes(`${HEADER}hello`));
  await room.runtime.settle();
  assert.equal(
    text(await held[0]?.read() ?? new Uint8Array()),
    "PROXY TCP4 10.0.0.1 127.0.0.1 1234 80\r\n",
  );
  assert.equal(text(await held[0]?.read() ?? new Uint8Array()), "hello");
  const other = await room.enter(81);
  await room.runtime.settle();
  const v2 = await held[1]?.read() ?? new Uint8Array();
  assert.equal(v2.length, 16 + 12 + 7);
  client.close();
  other.close();
});

test("TLVs of a PROXY header are variables", async () => {
  const addresses = "\x0a\0\0\x01\x0a\0\0\x02\x30\x39\0\x50";
  const ssl = "\x01\0\0\0\0\x21\0\x07TLSv1.3";
  const tlvs = `\x02\0\x04name\xea\0\x01z\x20\0${String.fromCharCode(ssl.length)}${ssl}`;
  const length = String.fromCharCode(addresses.length + tlvs.length);
  const header = `\r\n\r\n\0\r\nQUIT\n\x21\x11\0${length}${addresses}${tlvs}`;
  const room = await lab(`server { listen 80 proxy_protocol;
    return "$proxy_protocol_tlv_authority $proxy_protocol_tlv_0xEA $proxy_protocol_tlv_0x00ea
$proxy_protocol_tlv_ssl_version $proxy_protocol_tlv_ssl_verify $proxy_protocol_tlv_alpn $proxy_protocol_tlv_nope"; }`);
  assert.equal(await say(room, [header]), "name z z\nTLSv1.3 0  ");
  assert.match(room.errors().join("\n"), /unknown PROXY protocol TLV "nope"/);
});

test("limit_conn lets so many sessions of a key in, and again when one has left", async () => {
  const room = await lab(`limit_conn_zone $who zone=a:64k;
    server { listen 80; set $who $remote_addr; limit_conn a 2; proxy_pass 127.0.0.1:9; }
    server { listen 81; limit_conn a 1; return "$limit_conn_status"; }`);
  await holder(room.runtime, 9);
  const [first, second] = [await room.enter(), await room.enter()];
  await room.runtime.settle();
  assert.equal(await say(room, []), "");
  assert.match(room.accesses()[0] ?? "", /^503 /);
  assert.match(
    room.errors().join("\n"),
    /\[error\].* limiting connections by zone "a" while initializing session, client/,
  );
  first.close();
  await room.runtime.settle();
  const third = await room.enter();
  await room.runtime.settle();
  assert.equal(room.accesses().length, 2);
  // An empty key is no key.
  assert.equal(await say(room, [], { port: 81 }), "");
  for (const each of [second, third]) each.close();
});

test("limit_conn counts on over a reload, and refuses another key for the same zone", async () => {
  const conf = (key: string) =>
    `limit_conn_zone ${key} zone=a:64k; limit_conn a 1;
    limit_conn_log_level info;
    server { listen 80; proxy_pass 127.0.0.1:9; } server { listen 81; return $limit_conn_status; }`;
  const room = await lab(conf("$remote_addr"));
  await holder(room.runtime, 9);
  const first = await room.enter();
  await room.runtime.settle();
  assert.equal(await room.reload(conf("$remote_addr")), true);
  assert.equal(await say(room, [], { port: 81 }), "");
  assert.equal(await room.reload(conf("$server_port")), false);
  const why =
    'limit_conn_zone "a" uses the "$server_port" key while previously it used the "$remote_addr" key';
  assert.ok(room.errors().some((line) => line.includes(why)));
  first.close();
  await room.runtime.settle();
  assert.equal(await say(room, [], { port: 81 }), "PASSED");
});

test("limit_conn in a dry run only says what it would do; a full zone refuses", async () => {
  const room = await lab(
    `limit_conn_zone $connection zone=full:32k; limit_conn_zone $remote_addr zone=dry:64k;
    server { listen 80; limit_conn full 1; proxy_pass 127.0.0.1:9; }
    server { listen 81; limit_conn dry 1; limit_conn_dry_run on; proxy_pass 127.0.0.1:9; }
    server { listen 82; limit_conn dry 1; limit_conn_dry_run on; return $limit_conn_status; }`,
  );
  await holder(room.runtime, 9);
  const dry = await room.enter(81);
  await room.runtime.settle();
  assert.equal(await say(room, [], { port: 82 }), "REJECTED_DRY_RUN");
  assert.match(room.errors().join("\n"), /limiting connections, dry run, by zone "dry"/);
  dry.close();
});

test("geo finds the longest network, IPv4-mapped addresses as IPv4, and ranges", async () => {
  const room = await lab(`
    geo $where { default x; 10.0.0.0/8 a; 10.1.0.0/16 b; 10.1.2.3 c; ::/96 low; }
    geo $text $other { default none; 192.0.2.0/24 doc; 2001:db8::/32 six; 10.0.0.0/8 ten; 255.255.255.255 nowhere; }
    geo $range { ranges; default r; 10.0.0.0-10.255.255.255 a; 10.1.0.5-10.1.0.9 b; }
    server { listen 80; return "$where $range"; }
    server { listen 81; set $text 2001:db8::7; return $other; }
    server { listen 82; set $text ::ffff:10.1.1.1; return $other; }
    server { listen 83; set $text what; return $other; }`);
  const seen: readonly (readonly [string, string])[] = [
    ["10.2.0.1", "a a"],
    ["10.1.0.5", "b b"],
    ["10.1.0.9", "b b"],
    ["10.1.0.10", "b a"],
    ["10.1.2.3", "c a"],
    ["192.0.2.1", "x r"],
  ];
  for (const [from, expected] of seen) assert.equal(await room.visit(80, { from }), expected);
  assert.equal(await say(room, [], { port: 81 }), "six");
  assert.equal(await say(room, [], { port: 82 }), "ten");
  assert.equal(await say(room, [], { port: 83 }), "nowhere");
});

test("pass hands the client to another listener, which alone logs it", async () => {
  const room = await lab(`
    server { listen 80; pass 127.0.0.1:81; access_log off; }
    server { listen 81; deny 10.0.0.9; return "$server_port $connection"; }
    server { listen 82; pass 127.0.0.1:7; }
    server { listen 83; pass 127.0.0.1:$server_port; }
    server { listen 84; pass nowhere; }`.replace("pass nowhere;", 'pass "$remote_addr";'));
  assert.match(await room.visit(80, { from: "10.0.0.1" }), /^81 \d+$/);
  assert.equal(await room.visit(80, { from: "10.0.0.9" }), "");
  assert.deepEqual(room.accesses().map((line) => line.slice(0, 3)), ["200", "403"]);
  await room.visit(82);
  await room.visit(83);
  await room.visit(84);
  const log = room.errors().join("\n");
  assert.match(log, /port not found for "127.0.0.1:7" while passing connection to port/);
  assert.match(log, /stream pass cycle/);
  assert.match(log, /no port in pass "127.0.0.1"/);
  assert.deepEqual(room.accesses().slice(2).map((line) => line.slice(0, 3)), ["200", "500", "500"]);
  assert.equal(room.engine.status.snapshot().connections.active, 0);
});

test("a download rate is kept, with the first second's allowance, and idle time does not count", async () => {
  const room = await lab(`proxy_timeout 1s;
    server { listen 80; proxy_pass 127.0.0.1:9; proxy_download_rate $rate; set $rate 1000; }`);
  const held = await holder(room.runtime, 9);
  const client = await room.enter();
  await room.runtime.settle();
  void held[0]?.write(new Uint8Array(5000));
  let bytes = 0;
  void (async () => {
    for (let chunk = await client.read(); chunk !== null; chunk = await client.read()) {
      bytes += chunk.length;
    }
  })();
  const after: number[] = [];
  for (let second = 0; second < 6; second++) {
    await room.runtime.settle();
    after.push(bytes);
    await room.runtime.advance(1001);
  }
  assert.deepEqual(after, [1000, 2000, 3000, 4000, 5000, 5000]);
  client.close();
});
