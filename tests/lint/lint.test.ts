/** The linter: each rule finds what it is for, and leaves a good configuration alone. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseConfig } from "../../engine/config/parser.ts";
import { lint, LINT_CODES } from "../../engine/lint/lint.ts";
import { MemoryRuntime } from "../../engine/runtime/memory.ts";

const PATH = "/x.conf";

function codes(text: string): readonly string[] {
  const { statements, files } = parseConfig(
    PATH,
    new MemoryRuntime({ files: { [PATH]: text } }).files,
  );
  return lint(statements, files).map(({ code, place }) => `${code} ${place.line}`);
}

const stream = (text: string) => `events {}\nstream {\n${text}\n}\n`;
const server = (text: string, listen = "80") => `server { listen ${listen}; ${text} }`;

/** What stands in `stream {}`, and what is found, by line (the first is 3). */
const ROWS: readonly (readonly [string, readonly string[]])[] = [
  [server("return x;"), []],
  [server("tcp_nodelay on;"), ["no-content 3"]],
  [server("return x;\nproxy_pass a:1;"), ["two-contents 3"]],
  [server("proxy_pass a:1;\npass 81;\nreturn x;"), ["two-contents 3", "two-contents 4"]],
  [`${server("return x;")}\n${server("server_name b; deny all; return y;")}`, [
    "name-only-rules 4",
  ]],
  [`${server("return x;")}\n${server("deny all; return y;", "80 default_server")}`, []],
  [`${server("deny all; return x;")}\n${server("return y;", "80 default_server")}`, [
    "name-only-rules 3",
  ]],
  [`${server("return x;", "80")}\n${server("set $a b; return y;", "0.0.0.0:80")}`, [
    "name-only-rules 4",
  ]],
  [`${server("return x;")}\n${server("deny all; return y;", "80; listen 81")}`, []],
  [`upstream a { server b:1; server c:1 backup; hash $remote_addr; }\n${server("proxy_pass a;")}`, [
    "backup-refused 3",
  ]],
  [`upstream a { server b:1; server c:1 backup; least_conn; }\n${server("proxy_pass A;")}`, []],
  [`upstream a { server b:1; }\n${server("return x;")}`, ["unused-upstream 3"]],
  [`upstream a { server b:1; }\n${server("proxy_pass $x;")}`, []],
  [`upstream a { server b:1; server b:1; }\n${server("proxy_pass a;")}`, ["duplicate-peer 3"]],
  [`map $pid $a { default 1; }\n${server("return x;")}`, ["unread-variable 3"]],
  [`map $pid $a { default $b; }\ngeo $b { default 1; }\n${server("return ${A};")}`, []],
  [`split_clients $pid $a { * 1; }\n${server("set $b $A; return x;")}`, []],
  [server("proxy_pass 127.0.0.1:9418;"), ["half-close 3"]],
  [server("proxy_half_close on; proxy_pass 127.0.0.1:9418;"), []],
  [`proxy_half_close on;\n${server("proxy_pass 127.0.0.1:9418;")}`, []],
  [`proxy_half_close on;\n${server("proxy_half_close off; proxy_pass 127.0.0.1:873;")}`, [
    "half-close 4",
  ]],
  [`upstream a { server b:9100; }\n${server("proxy_pass a;")}`, ["half-close 4"]],
  [server("return x;\r\n"), ["crlf 3"]],
];

for (const [text, expected] of ROWS) {
  test(`lint: ${JSON.stringify(text).slice(1, 90)} gives ${expected.join(", ") || "nothing"}`, () => {
    assert.deepEqual(codes(stream(text)), expected);
  });
}

test("lint: a file without a directive is named", () => {
  assert.deepEqual(codes(""), ["empty-file 1"]);
  assert.deepEqual(codes("# nothing\n"), ["empty-file 1"]);
});

test("lint: every rule has its paragraph", () => {
  const page = readFileSync(new URL("../../docs/lint.md", import.meta.url), "utf8");
  const headings = [...page.matchAll(/^## `([\w-]+)`$/gm)].map(([, code]) => code);
  assert.deepEqual(headings, LINT_CODES);
});
