/** The lexer, the parser and the scalar types against nginx's rules and texts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SystemError } from "../../engine/lib/errno.ts";
import { toBytes } from "../../engine/lib/bytes.ts";
import { parseConfig, parseDirectives } from "../../engine/config/parser.ts";
import type { Statement } from "../../engine/config/tree.ts";
import { flag, seconds, size, time } from "../../engine/config/units.ts";

type Words = readonly (string | Words)[];

function dump(statements: readonly Statement[]): Words {
  return statements.map(({ name, args, block }) =>
    block === undefined ? [name, ...args] : [name, ...args, dump(block)]
  );
}

function parse(files: Readonly<Record<string, string>>) {
  return parseConfig("/c/main.conf", {
    read(path) {
      const text = files[path];
      if (text === undefined) throw new SystemError("ENOENT");
      return toBytes(text);
    },
    list: (path) =>
      Object.keys(files).filter((each) => each.startsWith(`${path}/`)).map((each) =>
        each.slice(path.length + 1)
      ),
  });
}

const GOOD: readonly (readonly [string, Words])[] = [
  ["a b;", [["a", "b"]]],
  ["a b#c;", [["a", "b#c"]]],
  ["a #b;\n c;", [["a", "c"]]],
  ["a foo};", [["a", "foo}"]]],
  ['a e"f";', [["a", 'e"f"']]],
  ["a \"x;{}#\" 'y';", [["a", "x;{}#", "y"]]],
  ["a \\q\\;\\ \\.;", [["a", "\\q\\;\\ \\."]]],
  ['a "\\"\\t\\\\";', [["a", '"\t\\']]],
  ["a ${b}c;", [["a", "${b}c"]]],
  ['a "";', [["a", ""]]],
  ['a "x\ny";', [["a", "x\ny"]]],
  ["a { b { c; } }", [["a", [["b", [["c"]]]]]]],
  ["", []],
];

for (const [text, tree] of GOOD) {
  test(`the parser reads ${JSON.stringify(text)}`, () => {
    const { statements, error } = parse({ "/c/main.conf": text });
    assert.equal(error, undefined);
    assert.deepEqual(dump(statements), tree);
  });
}

const BAD: readonly (readonly [string, string])[] = [
  ["a b", 'unexpected end of file, expecting ";" or "}" in /c/main.conf:1'],
  ['a "b;\n', 'unexpected end of file, expecting ";" or "}" in /c/main.conf:2'],
  ["a {\n", 'unexpected end of file, expecting "}" in /c/main.conf:2'],
  ["}", 'unexpected "}" in /c/main.conf:1'],
  ["a }", 'unexpected "}" in /c/main.conf:1'],
  [";", 'unexpected ";" in /c/main.conf:1'],
  ["\n{", 'unexpected "{" in /c/main.conf:2'],
  ['a "b"d;', 'unexpected "d" in /c/main.conf:1'],
  ["include;", 'invalid number of arguments in "include" directive in /c/main.conf:1'],
  ["include x;", 'open() "/c/x" failed (2: No such file or directory) in /c/main.conf:1'],
  ["include main.conf;", "more than 100 files include each other in /c/main.conf:1"],
  [`a ${"x".repeat(5000)};`, 'too long parameter "xxxxxxxxxx..." started in /c/main.conf:1'],
];

for (const [text, message] of BAD) {
  test(`the parser refuses ${JSON.stringify(text.slice(0, 30))} with nginx's words`, () => {
    assert.equal(String(parse({ "/c/main.conf": text }).error), message);
  });
}

test("include with a pattern takes the matches in order, and none is fine", () => {
  const files = {
    "/c/main.conf": "include d/*.conf; include n*;",
    "/c/d/b.conf": "b;",
    "/c/d/a.conf": "a;",
  };
  assert.deepEqual(dump(parse(files).statements), [["a"], ["b"]]);
});

test("-g takes simple directives only", () => {
  assert.deepEqual(dump(parseDirectives("daemon off; pid x;").statements), [["daemon", "off"], [
    "pid",
    "x",
  ]]);
  assert.equal(
    String(parseDirectives("a {}").error),
    "block directives are not supported in -g option in command line",
  );
  assert.equal(
    String(parseDirectives("a").error),
    'unexpected end of parameter, expecting ";" in command line',
  );
});

test("the parser never throws and looks at a character once, on any input", () => {
  const piece = fc.constantFrom(
    "a",
    " ",
    ";",
    "{",
    "}",
    '"',
    "'",
    "\\",
    "$",
    "#",
    "\n",
    "${",
    "include ",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      parse({ "/c/main.conf": pieces.join("") });
    }),
    { numRuns: 3000 },
  );
});

const SCALARS: readonly (readonly [string, (text: string) => unknown, string, unknown])[] = [
  ["time", time, "1m", 60_000],
  ["time", time, "1h 30m", 5_400_000],
  ["time", time, "500ms", 500],
  ["time", time, "3", 3000],
  ["seconds", seconds, "1M", 2_592_000],
  ["size", size, "16k", 16_384],
  ["size", size, "1M", 1_048_576],
  ["flag", flag, "ON", true],
];

for (const [name, read, text, value] of SCALARS) {
  test(`${name} reads "${text}" as ${value}`, () => assert.equal(read(text), value));
}

for (
  const [name, read, text] of [
    ["time", time, "1y"],
    ["time", time, "1M"],
    ["time", time, "1m 1h"],
    ["seconds", seconds, "5ms"],
    ["size", size, "1g"],
    ["size", size, "x"],
  ] as const
) {
  test(`${name} refuses "${text}"`, () => assert.throws(() => read(text), /invalid value/));
}
