import assert from "node:assert/strict";
import { test } from "node:test";
import { type Options, readOptions } from "../../engine/cli/options.ts";

const NONE: Options = {
  showVersion: false,
  showHelp: false,
  showConfigure: false,
  test: false,
  dump: false,
  quiet: false,
  signal: undefined,
  prefix: undefined,
  conf: undefined,
  file: undefined,
  errorLog: undefined,
  globals: "",
  demo: false,
  dashboard: undefined,
  format: undefined,
  check: false,
};

const HELP = { showVersion: true, showHelp: true };
const CONFIGURE = { showVersion: true, showConfigure: true };
const local = (port: number) => ({ dashboard: { host: "127.0.0.1", port } });

/** Words, and what they set or the text of the error. Those of nginx agree with its 1.22. */
const ROWS: readonly (readonly [readonly string[], Partial<Options> | string])[] = [
  [[], {}],
  // Flags, alone and glued.
  [["-?"], HELP],
  [["-h"], HELP],
  [["--help"], HELP],
  [["-v"], { showVersion: true }],
  [["--version"], { showVersion: true }],
  [["-V"], CONFIGURE],
  [["-t"], { test: true }],
  [["-T"], { test: true, dump: true }],
  [["-q"], { quiet: true }],
  [["-tq"], { test: true, quiet: true }],
  [["-qt"], { test: true, quiet: true }],
  [["-qT"], { test: true, dump: true, quiet: true }],
  [["-t", "-q"], { test: true, quiet: true }],
  [["-tv"], { test: true, showVersion: true }],
  [["-vV"], CONFIGURE],
  [["-tt"], { test: true }],
  [["-"], {}],
  // Values, in the next word and glued.
  [["-p", "/x"], { prefix: "/x" }],
  [["-p/x"], { prefix: "/x" }],
  [["-p", ""], { prefix: "" }],
  [["-p", "-t"], { prefix: "-t" }],
  [["-c", "a.conf"], { conf: "a.conf" }],
  [["-ca.conf"], { conf: "a.conf" }],
  [["-c", ""], { conf: "" }],
  [["-tca.conf"], { test: true, conf: "a.conf" }],
  [["-tc", "a.conf"], { test: true, conf: "a.conf" }],
  [["-tqca.conf"], { test: true, quiet: true, conf: "a.conf" }],
  [["-c", "a", "-c", "b"], { conf: "b" }],
  [["-e", "log"], { errorLog: "log" }],
  [["-elog"], { errorLog: "log" }],
  [["-e", "stderr"], { errorLog: "stderr" }],
  [["-e", ""], { errorLog: "stderr" }],
  [["-g", "pid x;"], { globals: "pid x;" }],
  [["-gpid x;"], { globals: "pid x;" }],
  [["-g", "a;", "-g", "b;"], { globals: "b;" }],
  [["-s", "stop"], { signal: "stop" }],
  [["-s", "quit"], { signal: "quit" }],
  [["-s", "reopen"], { signal: "reopen" }],
  [["-s", "reload"], { signal: "reload" }],
  [["-sreload"], { signal: "reload" }],
  [["-ts", "stop"], { test: true, signal: "stop" }],
  // The configuration file.
  [["a.conf"], { file: "a.conf" }],
  [["-t", "a.conf"], { test: true, file: "a.conf" }],
  [["a.conf", "-t"], { test: true, file: "a.conf" }],
  [["-p", "/x", "a.conf"], { prefix: "/x", file: "a.conf" }],
  // Weir's own.
  [["--demo"], { demo: true }],
  [["--demo", "a.conf"], { demo: true, file: "a.conf" }],
  [["check"], { check: true }],
  [["check", "x.conf"], { check: true, file: "x.conf" }],
  [["check", "check"], { check: true, file: "check" }],
  [["x.conf", "check"], 'invalid option: "check"'],
  [["-t", "--format", "json"], { test: true, format: "json" }],
  [["--format=xml"], 'invalid option: "--format xml"'],
  [["--format"], 'option "--format" requires nginx, human or json'],
  [["--dashboard", "off"], { dashboard: "off" }],
  [["--dashboard=off"], { dashboard: "off" }],
  [["--dashboard", "8080"], local(8080)],
  [["--dashboard", "0"], local(0)],
  [["--dashboard", "localhost:8080"], local(8080)],
  [["--dashboard", "127.0.0.1:65535"], local(65535)],
  [["--dashboard", "*:80"], { dashboard: { host: "0.0.0.0", port: 80 } }],
  [["--dashboard", "[::1]:80"], { dashboard: { host: "::1", port: 80 } }],
  [["--dashboard", "unix:/run/w"], { dashboard: { path: "/run/w" } }],
  // nginx's errors.
  [["-x"], 'invalid option: "x"'],
  [["-tx"], 'invalid option: "x"'],
  [["-xt"], 'invalid option: "x"'],
  [["a", "b"], 'invalid option: "b"'],
  [[""], 'invalid option: ""'],
  [["-p"], 'option "-p" requires directory name'],
  [["-c"], 'option "-c" requires file name'],
  [["-tc"], 'option "-c" requires file name'],
  [["-e"], 'option "-e" requires file name'],
  [["-g"], 'option "-g" requires parameter'],
  [["-s"], 'option "-s" requires parameter'],
  [["-s", "foo"], 'invalid option: "-s foo"'],
  [["-sfoo"], 'invalid option: "-s foo"'],
  [["-s", ""], 'invalid option: "-s "'],
  [["-x", "-y"], 'invalid option: "x"'],
  // Errors of what nginx does not have.
  [["-c", "a", "b"], 'invalid option: "b"'],
  [["b", "-c", "a"], 'invalid option: "b"'],
  [["--"], 'invalid option: "--"'],
  [["--foo"], 'invalid option: "--foo"'],
  [["--t"], 'invalid option: "--t"'],
  [["--demo=1"], 'invalid option: "--demo=1"'],
  [["--dashboard"], 'option "--dashboard" requires address'],
  [["--dashboard", ""], 'invalid option: "--dashboard "'],
  [["--dashboard", "on"], 'invalid option: "--dashboard on"'],
  [["--dashboard", "65536"], 'invalid option: "--dashboard 65536"'],
  [["--dashboard", ":80"], 'invalid option: "--dashboard :80"'],
  [["--dashboard", "::1:80"], 'invalid option: "--dashboard ::1:80"'],
  [["--dashboard", "[127.0.0.1]:80"], 'invalid option: "--dashboard [127.0.0.1]:80"'],
  [["--dashboard", "example.com:80"], 'invalid option: "--dashboard example.com:80"'],
  [["--dashboard", "127.0.0.1"], 'invalid option: "--dashboard 127.0.0.1"'],
  [["--dashboard", "unix:"], 'invalid option: "--dashboard unix:"'],
  [
    ["--dashboard", `unix:/${"x".repeat(107)}`],
    `invalid option: "--dashboard unix:/${"x".repeat(107)}"`,
  ],
];

for (const [args, expected] of ROWS) {
  test(`readOptions reads ${JSON.stringify(args)}`, () => {
    const wanted = typeof expected === "string" ? expected : { ...NONE, ...expected };
    assert.deepEqual(readOptions(args), wanted);
  });
}
