/** Small things that nginx does and that are easily got wrong. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toBytes } from "../../engine/lib/bytes.ts";
import { text } from "../conformance/network.ts";
import { greeter, lab } from "./lab.ts";

test("proxy_connect_timeout 0 is an immediate failure", async () => {
  const room = await lab("server { listen 80; proxy_pass 127.0.0.1:9; proxy_connect_timeout 0; }");
  await greeter(room.runtime, 9);
  assert.equal(await room.visit(), "");
  assert.match(room.accesses()[0] ?? "", /^502 /);
});

test("the last of proxy_pass and return serves; a server without one ends with 500", async () => {
  const room = await lab(`server { listen 80; return x; proxy_pass 127.0.0.1:9; }
    server { listen 81; proxy_pass 127.0.0.1:9; return last; } server { listen 82; }`);
  await greeter(room.runtime, 9);
  assert.equal(await room.visit(80), "9");
  assert.equal(await room.visit(81), "last");
  assert.equal(await room.visit(82), "");
  assert.match(room.accesses()[2] ?? "", /^500 /);
  assert.match(room.errors().join("\n"), /no handler for server/);
});

test("$status inside of return is 000, and an empty text closes with 200", async () => {
  const room = await lab(
    `server { listen 80; return "$status"; } server { listen 81; return ""; }`,
  );
  assert.equal(await room.visit(80), "000");
  assert.equal(await room.visit(81), "");
  assert.match(room.accesses()[1] ?? "", /^200 /);
});

test("$bytes_sent that is read early stays what it was", async () => {
  const room = await lab(
    `log_format late "$early $bytes_sent $session_time"; map $bytes_sent $early { default $bytes_sent; }
    server { listen 80; access_log /log/late late; set $x $early; return hello; }
    server { listen 81; access_log /log/late late; return hello; }`,
  );
  await room.visit(80);
  await room.visit(81);
  assert.match(room.runtime.files.text("/log/late"), /^0 0 .*\n5 5 /);
});

test("a value of a map that names a group leads there; one that names none is only a text", async () => {
  const room = await lab(`upstream a { server 127.0.0.1:9; }
    map $server_port $where { 80 A; 81 a:9; default nowhere; }
    server { listen 80; listen 81; listen 82; proxy_pass $where; }`);
  await greeter(room.runtime, 9);
  assert.equal(await room.visit(80), "9");
  assert.equal(await room.visit(81), "");
  assert.equal(await room.visit(82), "");
  assert.deepEqual(room.accesses().map((line) => line.slice(0, 3)), ["200", "500", "500"]);
  assert.match(
    room.errors().join("\n"),
    /no resolver defined to resolve a while|no port in upstream "nowhere"/,
  );
});

test("what was preread goes along when the client is passed on", async () => {
  const room = await lab(`ssl_preread on; server { listen 80; pass 127.0.0.1:81; }
    server { listen 81; proxy_pass 127.0.0.1:9; }`);
  const received: string[] = [];
  await room.runtime.listen({ host: "127.0.0.1", port: 9 }, {
    backlog: 1,
    ipv6Only: true,
    failed() {},
    accept: (connection) =>
      void connection.read().then((chunk) => {
        received.push(chunk === null ? "" : String(text(chunk)));
        connection.close();
      }),
  });
  const client = await room.enter(80);
  await client.write(toBytes("hello there"));
  while (await client.read() !== null);
  assert.deepEqual(received, ["hello there"]);
});

test("an outgoing PROXY header counts for the peer, an incoming one does not for the client", async () => {
  const room = await lab(`log_format bytes "$bytes_received $upstream_bytes_sent";
    server { listen 80 proxy_protocol; access_log /log/bytes bytes; proxy_protocol on; proxy_pass 127.0.0.1:9; }`);
  await greeter(room.runtime, 9);
  const client = await room.enter(80);
  await client.write(toBytes("PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n"));
  while (await client.read() !== null);
  await room.runtime.settle();
  const header = "PROXY TCP4 127.0.0.1 127.0.0.1 32768 80\r\n";
  assert.match(room.runtime.files.text("/log/bytes"), new RegExp(`^0 ${header.length}\n`));
});

test("a server on two addresses of one socket is found by the address that was connected to", async () => {
  const room = await lab(`server { listen 80; return "any $server_addr"; }
    server { listen 127.0.0.1:80; return "one $server_addr"; }`);
  assert.equal(await room.visit(80), "one 127.0.0.1");
});
