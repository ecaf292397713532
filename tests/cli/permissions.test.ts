import assert from "node:assert/strict";
import { test } from "node:test";
import { addNeeds, NeedsList } from "../../engine/cli/needs.ts";
import { parseConfig } from "../../engine/config/parser.ts";
import { toBytes } from "../../engine/lib/bytes.ts";
import type { Needs } from "../../engine/runtime/runtime.ts";
import { Scene } from "./fake_engine.ts";

const NOTHING: Needs = { net: [], read: [], write: [], system: [] };
const stream = (text: string) => `stream { ${text} }`;

/** A configuration, and what it needs beside itself. */
const ROWS: readonly (readonly [string, Partial<Needs>])[] = [
  ["events {}", {}],
  [stream("server { listen 80; }"), { net: ["0.0.0.0:80"] }],
  [stream("server { listen *:80; }"), { net: ["0.0.0.0:80"] }],
  [stream("server { listen [::]:80; }"), { net: ["[::]:80"] }],
  [stream("server { listen 127.0.0.1:80 backlog=5; }"), { net: ["127.0.0.1:80"] }],
  [stream("server { listen 127.0.0.1:80-82; }"), {
    net: ["127.0.0.1:80", "127.0.0.1:81", "127.0.0.1:82"],
  }],
  [stream("server { listen unix:/s; }"), { read: ["/s"], write: ["/s"] }],
  [stream("server { listen localhost:80; }"), { net: true }],
  [stream("server { listen x:y:z; }"), {}],
  [stream("server { listen; }"), {}],
  [stream("upstream u { server 127.0.0.1:1 weight=5; server unix:/u; }"), {
    net: ["127.0.0.1:1"],
    read: ["/u"],
    write: ["/u"],
  }],
  [stream("upstream u { server example.com:1; server 127.0.0.1:1; }"), { net: true }],
  [stream("server { proxy_pass 127.0.0.1:1; }"), { net: ["127.0.0.1:1"] }],
  [stream("server { proxy_pass example.com:1; }"), { net: true }],
  [stream("server { proxy_pass $there; }"), { net: true }],
  [stream("server { proxy_pass U; } upstream u { server 127.0.0.1:1; }"), {
    net: ["127.0.0.1:1"],
  }],
  ["error_log e.log;", { write: ["/p/e.log"] }],
  ["error_log stderr;", {}],
  ["error_log syslog:server=x;", { net: true, system: ["hostname"] }],
  ["error_log syslog:server=x,nohostname;", { net: true }],
  ["user nobody; worker_priority 1;", {
    read: ["/etc/passwd", "/etc/group"],
    system: ["user", "priority"],
  }],
  [stream("geoip_country x.dat; set_real_ip_from 10.0.0.1;"), { read: ["/p/x.dat"] }],
  [stream("set_real_ip_from a.test; server { return ${hostname}; }"), {
    net: true,
    system: ["hostname"],
  }],
  [stream("access_log /a.log main; server { access_log off; }"), { write: ["/a.log"] }],
  [stream("server { access_log $x.log main; }"), { write: true }],
  ["pid run/x;", { write: ["/p/run/x"] }],
  ["http { server { listen 80; access_log x; } }", {}],
];

for (const [text, expected] of ROWS) {
  test(`addNeeds reads ${text}`, () => {
    const list = new NeedsList();
    const reader = { read: () => toBytes(text), list: () => [] };
    addNeeds(list, parseConfig("/c", reader).statements, "/p/");
    assert.deepEqual(list.needs, { ...NOTHING, ...expected });
  });
}

const CONF = "/w/conf/stream.conf";

function scene(text: string): Scene {
  const made = new Scene();
  made.runtime.files.texts.set(CONF, text);
  return made;
}

test("main asks for the configuration, then for all it needs, before it loads", async () => {
  const made = scene(stream("server { listen 80; proxy_pass 127.0.0.1:81; }"));
  const { runtime, engine } = made;
  runtime.permitted = () => {
    assert.deepEqual(engine.calls, []);
    return [];
  };
  await made.runAndStop("conf/stream.conf");
  assert.deepEqual(runtime.asked, [
    { net: [], read: [CONF], write: [], system: [] },
    {
      net: ["127.0.0.1:7070", "0.0.0.0:80", "127.0.0.1:81"],
      read: [CONF, "/s/limits"],
      write: ["/w/weir.pid"],
      system: [],
    },
  ]);
});

test("main asks for what -e, -g and -s name, and for no dashboard that will not start", async () => {
  const made = scene("events {}");
  await made.run("conf/stream.conf", "-e", "e.log", "-g", "pid x.pid;", "-s", "stop");
  assert.deepEqual(made.runtime.asked.at(-1), {
    net: [],
    read: [CONF, "/s/limits", "/w/x.pid"],
    write: ["/w/x.pid", "/w/e.log"],
    system: [],
  });
});

test("main asks for included files as they come up", async () => {
  const made = scene("include a; include d/*;");
  const { texts, failures } = made.runtime.files;
  texts.set("/w/conf/a", "error_log e;");
  texts.set("/w/conf/d/b", "pid b;");
  failures.set("/w/conf/a", "EIO");
  made.runtime.permitted = ({ read }) => {
    if (read !== true && read.includes("/w/conf/a")) failures.delete("/w/conf/a");
    return [];
  };
  await made.run("-t", "conf/stream.conf");
  const last = made.runtime.asked.at(-1);
  assert.deepEqual(last?.write, ["/w/e", "/w/b"]);
  assert.deepEqual(last?.read, [CONF, "/w/conf/a", "/w/conf/d", "/w/conf/d/b", "/s/limits"]);
});

test("main prints the whole command where exact needs are known, and exits 1", async () => {
  const made = scene(stream("server { listen 80; }"));
  made.runtime.permitted = ({ net }) => net === true || net.length > 0 ? ["--allow-net=x"] : [];
  assert.equal(await made.run("conf/stream.conf"), 1);
  assert.equal(
    made.runtime.err,
    "weir: Deno does not allow what this configuration needs. This command does:\n\n" +
      "  deno run --allow-net=127.0.0.1:7070,0.0.0.0:80 " +
      "--allow-read=/w/conf/stream.conf,/s/limits " +
      "--allow-write=/w/weir.pid mod.ts conf/stream.conf\n\n",
  );
  assert.deepEqual(made.engine.calls, []);
});

test("main adds the host's own flags behind those of the configuration", async () => {
  const made = scene("events {}");
  made.runtime.permitted = ({ net }) => net === true || net.length > 0 ? ["--allow-sys=uid"] : [];
  assert.equal(await made.run("-q", "conf/stream.conf", "-g", "pid 'a b';"), 1);
  const command = made.runtime.err.split("\n")[2] ?? "";
  assert.match(command, / --allow-sys=uid mod\.ts -q conf\/stream\.conf -g 'pid '\\''a b'\\'';'$/);
  assert.ok(command.includes("'--allow-write=/w/a b'"), command);
});

test("main prints kinds where the configuration cannot be read and nobody can be asked", async () => {
  const made = scene("events {}");
  made.runtime.permitted = ({ net }) => net === true ? ["--allow-net", "--allow-read"] : ["-x"];
  assert.equal(await made.run("conf/stream.conf"), 1);
  assert.match(made.runtime.err, / deno run --allow-net --allow-read mod\.ts conf\/stream\.conf\n/);
});

test("main on a terminal does not ask for everything after a refusal", async () => {
  const made = scene("events {}");
  made.runtime.terminals.add("stdin");
  made.runtime.permitted = () => ["--allow-read=x"];
  assert.equal(await made.run("conf/stream.conf"), 1);
  assert.equal(made.runtime.asked.length, 1);
  assert.match(made.runtime.err, / deno run --allow-read=x mod\.ts conf\/stream\.conf\n/);
});

test("main asks for all places where the configuration may be", async () => {
  const made = scene("events {}");
  await made.run("-t");
  const names = ["conf/stream.conf", "conf/nginx.conf", "stream.conf", "nginx.conf"];
  assert.deepEqual(made.runtime.asked[0]?.read, names.map((name) => `/w/${name}`));
});
