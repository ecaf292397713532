import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "../../engine/config/tree.ts";
import { SystemError } from "../../engine/lib/errno.ts";
import { CYCLE, Scene } from "./fake_engine.ts";
import { settle } from "./fake_host.ts";

const CONF = "/w/conf/stream.conf";
const AT = { file: CONF, line: 3 };

test("main prints a wrong option in nginx's words and exits 1", async () => {
  const scene = new Scene();
  assert.equal(await scene.run("-x"), 1);
  assert.equal(scene.runtime.err, 'nginx: invalid option: "x"\n');
  assert.deepEqual(scene.engine.calls, []);
});

test("main -v prints the version to stderr and exits 0 without a configuration", async () => {
  const scene = new Scene();
  scene.runtime.files.texts.clear();
  assert.equal(await scene.run("-v"), 0);
  assert.equal(scene.runtime.err, "nginx version: nginx/1.31.5 (Weir/0.1.0)\n");
  assert.equal(scene.runtime.out, "");
});

test("main -V names the runtime and the configure arguments", async () => {
  const scene = new Scene();
  assert.equal(await scene.run("-V"), 0);
  assert.match(
    scene.runtime.err,
    /^nginx version: .*\nbuilt .*memory 1\.0\nconfigure arguments: --/,
  );
});

test("main -h prints version and help, every option named", async () => {
  const scene = new Scene();
  assert.equal(await scene.run("-h"), 0);
  assert.match(scene.runtime.err, /^nginx version: /);
  for (const option of ["-?,-h", "-v", "-V", "-t", "-T", "-q", "-s", "-p", "-e", "-c", "-g"]) {
    assert.ok(scene.runtime.err.includes(`  ${option} `), option);
  }
  assert.match(scene.runtime.err, / {2}--demo .*\n {2}--dashboard address/);
});

test("main -tv prints the version, then tests", async () => {
  const scene = new Scene();
  assert.equal(await scene.run("-tv"), 0);
  assert.match(scene.runtime.err, /^nginx version: .*\nnginx: the configuration file /);
});

const PLACES: readonly (readonly [readonly string[], readonly string[], string])[] = [
  [[], ["/w/conf/stream.conf", "/w/conf/nginx.conf"], "/w/conf/stream.conf"],
  [[], ["/w/conf/nginx.conf", "/w/stream.conf"], "/w/conf/nginx.conf"],
  [[], ["/w/stream.conf", "/w/nginx.conf"], "/w/stream.conf"],
  [[], ["/w/nginx.conf"], "/w/nginx.conf"],
  [["-p", "/x"], ["/x/nginx.conf", "/w/nginx.conf"], "/x/nginx.conf"],
  [["-p", "x/"], ["/w/x/nginx.conf"], "/w/x/nginx.conf"],
  [["-p", "."], ["/w/nginx.conf"], "/w/nginx.conf"],
  [["a.conf"], ["/w/conf/stream.conf"], "/w/a.conf"],
  [["./a.conf"], [], "/w/a.conf"],
  [["/a.conf"], [], "/a.conf"],
  [["-p", "/x", "a.conf"], [], "/w/a.conf"],
  [["-c", "a.conf"], [], "/w/a.conf"],
  [["-p", "/x", "-c", "a.conf"], [], "/x/a.conf"],
  [["-p", "/x", "-c", "/a.conf"], [], "/a.conf"],
  [["-c", ""], [], "/w/"],
];

for (const [args, there, expected] of PLACES) {
  test(`main finds ${expected} with ${JSON.stringify(args)} among ${there.join(" ")}`, async () => {
    const scene = new Scene();
    scene.runtime.files.texts.clear();
    for (const path of there) scene.runtime.files.texts.set(path, "");
    await scene.run("-t", ...args);
    assert.equal(scene.engine.options?.path, expected);
  });
}

test("main without a configuration names the places and exits 1", async () => {
  const scene = new Scene();
  scene.runtime.files.texts.clear();
  assert.equal(await scene.run(), 1);
  assert.equal(
    scene.runtime.err,
    "nginx: [emerg] no configuration file: there is no conf/stream.conf, conf/nginx.conf, " +
      "stream.conf, nginx.conf in /w/\n",
  );
});

test("main hands prefix, globals, error log and demo to the engine", async () => {
  const scene = new Scene();
  await scene.run("-t", "-p", "/x", "-c/a", "-g", "pid y;", "-e", "err.log", "--demo");
  const globals = "pid y;";
  const rest = { errorLog: "/x/err.log", demo: true };
  assert.deepEqual(scene.engine.options, { path: "/a", prefix: "/x/", globals, ...rest });
});

test("main reports warnings and the first error in nginx's form and exits 1", async () => {
  const scene = new Scene();
  scene.engine.loads = {
    cycle: undefined,
    warnings: [new ConfigError("old", { file: CONF, line: 1 })],
    errors: [new ConfigError('unknown directive "x"', AT), new ConfigError("no file")],
  };
  assert.equal(await scene.run(), 1);
  assert.equal(
    scene.runtime.err,
    `nginx: [warn] old in ${CONF}:1\nnginx: [emerg] unknown directive "x" in ${CONF}:3\n`,
  );
  assert.deepEqual(scene.engine.calls, ["load"]);
  scene.runtime.terminals.add("stderr");
  assert.equal(await scene.run(), 1);
  assert.ok(
    scene.runtime.err.endsWith(
      "error: no file\n\nwarning: old\n  --> /etc/weir/x:1\n\n".replace("/etc/weir/x", CONF),
    ),
    "a terminal gets all of them",
  );
});

test("main -e FILE gets the errors too, with time and pid", async () => {
  const scene = new Scene();
  scene.engine.loads = { cycle: undefined, errors: [new ConfigError("wrong", AT)] };
  assert.equal(await scene.run("-e", "err.log"), 1);
  const line = new RegExp(`^\\d{4}/.* \\[emerg\\] 4242#4242: wrong in ${CONF}:3\\n$`);
  assert.match(scene.runtime.files.texts.get("/w/err.log") ?? "", line);
});

test("main -e FILE that cannot be opened is an alert", async () => {
  const scene = new Scene();
  scene.runtime.files.failures.set("/n/log", "ENOENT");
  await scene.run("-t", "-e", "/n/log");
  assert.ok(scene.runtime.err.startsWith(
    'nginx: [alert] could not open error log file: open() "/n/log" failed ' +
      "(2: No such file or directory)\n",
  ));
});

test("main -t says that the test is successful, touches the pid file and starts nothing", async () => {
  const scene = new Scene();
  scene.runtime.files.texts.set("/w/weir.pid", "17\n");
  assert.equal(await scene.run("-t"), 0);
  assert.equal(
    scene.runtime.err,
    `nginx: the configuration file ${CONF} syntax is ok\n` +
      `nginx: configuration file ${CONF} test is successful\n`,
  );
  assert.deepEqual(scene.engine.calls, ["load", "tryBind"]);
  assert.equal(scene.runtime.files.texts.get("/w/weir.pid"), "17\n");
});

test("main -t creates a missing pid file, empty", async () => {
  const scene = new Scene();
  await scene.run("-t");
  assert.equal(scene.runtime.files.texts.get("/w/weir.pid"), "");
});

test("main -t says that the test failed after the errors", async () => {
  const scene = new Scene();
  scene.engine.loads = { cycle: undefined, errors: [new ConfigError("wrong", AT)] };
  assert.equal(await scene.run("-tq"), 1);
  assert.equal(
    scene.runtime.err,
    `nginx: [emerg] wrong in ${CONF}:3\nnginx: configuration file ${CONF} test failed\n`,
  );
});

test("main -t fails on an address that cannot be bound, after the syntax is ok", async () => {
  const scene = new Scene();
  scene.engine.bindErrors = [new ConfigError("bind() to 1.2.3.4:5 failed (99: x)")];
  assert.equal(await scene.run("-t"), 1);
  assert.equal(
    scene.runtime.err,
    `nginx: the configuration file ${CONF} syntax is ok\n` +
      "nginx: [emerg] bind() to 1.2.3.4:5 failed (99: x)\n" +
      `nginx: configuration file ${CONF} test failed\n`,
  );
});

test("main -t fails on a pid file that cannot be opened", async () => {
  const scene = new Scene();
  scene.runtime.files.failures.set("/w/weir.pid", "EACCES");
  assert.equal(await scene.run("-tq"), 1);
  assert.equal(
    scene.runtime.err,
    'nginx: [emerg] open() "/w/weir.pid" failed (13: Permission denied)\n' +
      `nginx: configuration file ${CONF} test failed\n`,
  );
});

test("main -tq is silent about success", async () => {
  const scene = new Scene();
  assert.equal(await scene.run("-tq"), 0);
  assert.equal(scene.runtime.err + scene.runtime.out, "");
});

test("main -T dumps every file once to stdout, bytes as they are", async () => {
  const scene = new Scene();
  scene.engine.loads = { files: [{ path: CONF, text: "a;\xff\n" }, { path: "/w/b", text: "" }] };
  assert.equal(await scene.run("-qT"), 0);
  assert.equal(
    scene.runtime.out,
    `# configuration file ${CONF}:\na;\xff\n\n# configuration file /w/b:\n\n`,
  );
});

/** Content of the pid file, what -s reload prints, and the signal that is sent. */
const PIDS: readonly (readonly [string | undefined, string, readonly string[]])[] = [
  ["17\n", "", ["17 SIGHUP"]],
  ["17", "", ["17 SIGHUP"]],
  ["17\r\n\n", "", ["17 SIGHUP"]],
  [undefined, '[error] open() "/w/weir.pid" failed (2: No such file or directory)', []],
  ["", '[error] invalid PID number "" in "/w/weir.pid"', []],
  ["\n\n", '[error] invalid PID number "" in "/w/weir.pid"', []],
  ["abc\n", '[error] invalid PID number "abc" in "/w/weir.pid"', []],
  ["  12 3\n\n", '[error] invalid PID number "  12 3" in "/w/weir.pid"', []],
  ["-1\n", '[error] invalid PID number "-1" in "/w/weir.pid"', []],
  ["0\n", '[error] invalid PID number "0" in "/w/weir.pid"', []],
  [
    "99999999999999999999999\n",
    '[error] invalid PID number "9999999999999999999999" in "/w/weir.pid"',
    [],
  ],
];

for (const [content, said, kills] of PIDS) {
  test(`main -s reload with the pid file ${JSON.stringify(content)}`, async () => {
    const scene = new Scene();
    if (content !== undefined) scene.runtime.files.texts.set("/w/weir.pid", content);
    assert.equal(await scene.run("-s", "reload"), said === "" ? 0 : 1);
    assert.equal(scene.runtime.err, said === "" ? "" : `nginx: ${said}\n`);
    assert.deepEqual(scene.runtime.kills, kills);
    assert.deepEqual(scene.engine.calls, ["load"]);
  });
}

for (const [word, signal] of [["stop", "TERM"], ["quit", "QUIT"], ["reopen", "USR1"]] as const) {
  test(`main -s ${word} sends SIG${signal}`, async () => {
    const scene = new Scene();
    scene.runtime.files.texts.set("/w/weir.pid", "17\n");
    assert.equal(await scene.run("-s", word), 0);
    assert.deepEqual(scene.runtime.kills, [`17 SIG${signal}`]);
  });
}

test("main -s reports a process that is gone", async () => {
  const scene = new Scene();
  scene.runtime.files.texts.set("/w/weir.pid", "999999\n");
  scene.runtime.killError = "ESRCH";
  assert.equal(await scene.run("-s", "reload"), 1);
  const said = "nginx: [alert] kill(999999, 1) failed (3: No such process)\n";
  assert.equal(scene.runtime.err, said);
});

test("main -s sends nothing when the configuration is wrong", async () => {
  const scene = new Scene();
  scene.runtime.files.texts.set("/w/weir.pid", "17\n");
  scene.engine.loads = { cycle: undefined, errors: [new ConfigError("wrong", AT)] };
  assert.equal(await scene.run("-s", "stop"), 1);
  assert.equal(scene.runtime.err, `nginx: [emerg] wrong in ${CONF}:3\n`);
  assert.deepEqual(scene.runtime.kills, []);
});

test("main reports a load that throws and exits 1", async () => {
  const scene = new Scene();
  scene.engine.load = () => Promise.reject(new ConfigError("open() failed", AT));
  assert.equal(await scene.run(), 1);
  assert.equal(scene.runtime.err, `nginx: [emerg] open() failed in ${CONF}:3\n`);
});

test("main writes the pid once listeners are bound and removes it at the end", async () => {
  const scene = new Scene();
  const code = scene.run();
  await settle();
  assert.deepEqual(scene.engine.calls, ["load", "start"]);
  assert.equal(scene.runtime.files.texts.get("/w/weir.pid"), "4242\n");
  scene.signal("SIGTERM");
  assert.equal(await code, 0);
  assert.equal(scene.runtime.files.exists("/w/weir.pid"), false);
});

test("main registers signals before it listens", async () => {
  const scene = new Scene();
  let known: readonly string[] = [];
  const { start } = scene.engine;
  scene.engine.start = (cycle) => {
    known = [...scene.runtime.signals.keys()];
    return start.call(scene.engine, cycle);
  };
  await scene.runAndStop();
  const wanted = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGWINCH"];
  assert.deepEqual([...known].sort(), wanted);
});

test("main exits 1 without a pid file when an address cannot be bound", async () => {
  const scene = new Scene();
  const text = "bind() to 0.0.0.0:80 failed (98: Address already in use)";
  scene.engine.bindErrors = [new ConfigError(text)];
  assert.equal(await scene.run(), 1);
  assert.equal(scene.runtime.err, `nginx: [emerg] ${text}\n`);
  assert.equal(scene.runtime.files.exists("/w/weir.pid"), false);
  assert.deepEqual(scene.dashboards, []);
});

test("main stops again and exits 1 when the pid file cannot be written", async () => {
  const scene = new Scene();
  scene.runtime.files.failures.set("/w/weir.pid", "EACCES");
  assert.equal(await scene.run(), 1);
  const said = 'nginx: [emerg] open() "/w/weir.pid" failed (13: Permission denied)\n';
  assert.equal(scene.runtime.err, said);
  assert.deepEqual(scene.engine.calls, ["load", "start", "stop"]);
});

test("main logs notices of the load at start", async () => {
  const scene = new Scene();
  scene.engine.loads = { notices: ["one worker"] };
  await scene.runAndStop();
  assert.deepEqual(scene.engine.lines.slice(0, 3), [
    "notice: nginx/1.31.5 (Weir/0.1.0)",
    "notice: running on memory 1.0",
    "notice: one worker",
  ]);
});

test("main logs an uncaught error as an alert with its stack and goes on", async () => {
  const scene = new Scene();
  const code = scene.run();
  await settle();
  scene.runtime.uncaught?.(new Error("a bug"));
  const line = scene.engine.lines.at(-1) ?? "";
  assert.match(line, /^alert: Error: a bug\n\s+at /);
  scene.signal("SIGTERM");
  assert.equal(await code, 0);
});

test("main without a terminal prints only the dashboard's link", async () => {
  const scene = new Scene();
  await scene.runAndStop();
  assert.equal(scene.runtime.out, "weir dashboard: http://127.0.0.1:7070/#token=t\n");
});

test("main on a terminal prints the banner, five lines", async () => {
  const scene = new Scene();
  scene.runtime.terminals.add("stdout");
  await scene.runAndStop();
  assert.equal(scene.runtime.out.split("\n").length, 6);
  assert.match(scene.runtime.out, /^weir +0\.1\.0 on memory 1\.0\nconfiguration +\/w\/conf/);
});

for (const args of [["-c", "conf/stream.conf"], ["-p", "."]]) {
  test(`main on a terminal with ${args[0]} prints no banner`, async () => {
    const scene = new Scene();
    scene.runtime.terminals.add("stdout");
    await scene.runAndStop(...args);
    assert.equal(scene.runtime.out, "weir dashboard: http://127.0.0.1:7070/#token=t\n");
  });
}

test("main --demo starts what is missing, tells the engine and prints the banner", async () => {
  const scene = new Scene();
  scene.runtime.listeners.set("127.0.0.1:12346", {
    backlog: 1,
    ipv6Only: true,
    accept: () => {},
    failed: () => {},
  });
  await scene.runAndStop("--demo");
  assert.deepEqual(scene.engine.calls, ["load", "start", "demo 127.0.0.1:12345", "stop"]);
  assert.ok(scene.engine.lines.includes("notice: demo server on 127.0.0.1:12345"));
  assert.equal(scene.runtime.out.split("\n").length, 6);
  assert.deepEqual([...scene.runtime.listeners.keys()], ["127.0.0.1:12346"]);
});

test("main --dashboard off starts none and prints no link", async () => {
  const scene = new Scene();
  await scene.runAndStop("--dashboard", "off");
  assert.deepEqual(scene.dashboards, []);
  assert.equal(scene.runtime.out, "");
});

test("main ends with nginx's bind error when the asked dashboard address is taken", async () => {
  const scene = new Scene();
  scene.dashboard = () => Promise.reject(new SystemError("EADDRINUSE"));
  assert.equal(await scene.run("--dashboard", "7071"), 1);
  const said = "nginx: [emerg] bind() to 127.0.0.1:7071 failed (98: Address already in use)\n";
  assert.equal(scene.runtime.err, said);
  assert.deepEqual(scene.engine.calls, ["load", "start", "stop"]);
  assert.equal(scene.runtime.files.exists("/w/weir.pid"), false);
});

test("main goes on without a dashboard that fails for another reason", async () => {
  const scene = new Scene();
  scene.dashboard = () => Promise.reject(new SystemError("EACCES"));
  assert.equal(await scene.runAndStop("--dashboard", "80"), 0);
  assert.equal(
    scene.runtime.err,
    "nginx: [error] the dashboard does not run: " +
      "bind() to 127.0.0.1:80 failed (13: Permission denied)\n",
  );
  assert.equal(scene.runtime.out, "");
});

test("main does not wait for a dashboard that does not close", async () => {
  const scene = new Scene();
  scene.dashboard = () => Promise.resolve({ link: "l", close: () => new Promise(() => {}) });
  const code = scene.run();
  await settle();
  scene.signal("SIGTERM");
  await settle();
  scene.runtime.clock.advance(500);
  assert.equal(await code, 0);
});

test("main keeps a process without listeners awake", async () => {
  const scene = new Scene();
  scene.engine.loads = { cycle: { ...CYCLE, sockets: [] } };
  const code = scene.run("--dashboard", "off");
  await settle();
  scene.runtime.clock.advance(3_600_000);
  assert.equal(scene.runtime.clock.pending, 1);
  scene.signal("SIGTERM");
  assert.equal(await code, 0);
});
