/** Laws of the language: printing and parsing undo each other, and nothing makes the reader fall over. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { listenTargets, parsePeerAddress } from "../../engine/config/address.ts";
import { Lexer } from "../../engine/config/lexer.ts";
import { parseConfig } from "../../engine/config/parser.ts";
import { printStatements } from "../../engine/config/print.ts";
import { ConfigError, type Statement } from "../../engine/config/tree.ts";
import { offset, seconds, size, time } from "../../engine/config/units.ts";
import { type Address, formatAddress } from "../../engine/lib/address.ts";
import { fromBytes } from "../../engine/lib/bytes.ts";
import { CidrSet, contains, parseCidr } from "../../engine/lib/cidr.ts";
import { formatIp, parseIp } from "../../engine/lib/ip.ts";
import { RangeTable } from "../../engine/lib/networks.ts";
import { MemoryRuntime } from "../../engine/runtime/memory.ts";

const PATH = "/x.conf";

/** Byte strings reach the files of the memory runtime as UTF-8, so that words here are ASCII. */
const word = fc.string({ unit: fc.constantFrom(..."ab1$.:/\\\"' \t\n;{}#()~*"), maxLength: 12 });
const name = fc.string({ unit: fc.constantFrom(..."abc_"), minLength: 1, maxLength: 8 })
  .filter((text) => text !== "include");

interface Bare {
  readonly name: string;
  readonly args: readonly string[];
  readonly block: readonly Bare[] | undefined;
}

const { statement } = fc.letrec<{ statement: Bare }>((tie) => ({
  statement: fc.record({
    name,
    args: fc.array(word, { maxLength: 4 }),
    block: fc.option(fc.array(tie("statement"), { maxLength: 3 }), {
      nil: undefined,
      depthSize: "small",
    }),
  }),
}));

function bare({ name, args, block }: Bare | Statement): Bare {
  return { name, args, block: block?.map(bare) };
}

function parse(text: string) {
  return parseConfig(PATH, new MemoryRuntime({ files: { [PATH]: text } }).files);
}

function placed({ name, args, block }: Bare): Statement {
  return { name, args, place: { file: PATH, line: 1 }, block: block?.map(placed) };
}

test("a printed configuration parses to what was printed", () => {
  fc.assert(
    fc.property(fc.array(statement, { maxLength: 5 }), (statements) => {
      const { statements: parsed, error } = parse(printStatements(statements.map(placed)));
      assert.equal(error, undefined);
      assert.deepEqual(parsed.map(bare), statements.map(bare));
    }),
    { numRuns: 1000 },
  );
});

/** Reads to the end or to the error; the number of steps. */
function lex(text: string): number {
  const lexer = new Lexer(text, PATH);
  try {
    for (let tokens = 0; lexer.next().kind !== "end"; tokens++) {
      assert.ok(tokens <= text.length, "more tokens than characters");
    }
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
  }
  return lexer.steps;
}

/** 100,000 inputs: any bytes, pieces of the language, and a good file with one piece changed. */
test("the lexer ends with a token or its own error, and looks at each character once", () => {
  const good = "events { a 1; }\nstream { upstream u { server 'b c' w=\"$x\" ; } # d\n}\n";
  const piece = fc.constantFrom(
    "{",
    "}",
    ";",
    "#",
    '"',
    "'",
    "\\",
    "$",
    "${",
    "\n",
    " ",
    "\0",
    "é",
    "a",
  );
  const bytes = fc.uint8Array({ maxLength: 40 }).map(fromBytes);
  const pieces = fc.array(piece, { maxLength: 40 }).map((each) => each.join(""));
  const mutated = fc.tuple(fc.nat(good.length), fc.nat(5), piece).map(([at, length, put]) =>
    good.slice(0, at) + put + good.slice(at + length)
  );
  fc.assert(
    fc.property(fc.oneof(bytes, pieces, mutated), (text) => assert.ok(lex(text) <= text.length)),
    { numRuns: 100_000 },
  );
});

test("the lexer's steps are as many as the characters, however long the file", () => {
  for (const times of [1, 10, 1000]) {
    const text = 'a "b c" { d $e; } # f\n'.repeat(times);
    assert.equal(lex(text), text.length);
  }
});

const port = fc.integer({ min: 1, max: 65_535 });
const host = fc.oneof(fc.ipV4(), fc.ipV6());

test("addresses survive being written and read", () => {
  fc.assert(fc.property(host, port, (text, number) => {
    const bytes = parseIp(text);
    assert.ok(bytes);
    const address: Address = { host: formatIp(bytes), port: number };
    const written = formatAddress(address);
    assert.deepEqual(parsePeerAddress(written), { kind: "address", source: written, address });
    assert.deepEqual(listenTargets(written), [{ kind: "address", address }]);
    assert.deepEqual(parseIp(formatIp(bytes)), bytes);
  }));
});

test("units survive being written and read", () => {
  const most = 1_000_000;
  fc.assert(fc.property(fc.nat(most), (value) => {
    assert.equal(size(`${value}k`), value * 1024);
    assert.equal(offset(`${value}g`), value * 1024 ** 3);
    assert.equal(time(`${value}ms`), value);
    assert.equal(time(String(value)), value * 1000);
    assert.equal(seconds(`${value}m`), value * 60);
    const [h, m, s] = [Math.floor(value / 3600), Math.floor(value / 60) % 60, value % 60];
    assert.equal(time(`${h}h ${m}m${s}s`), value * 1000);
  }));
});

test("a set of networks answers as asking each of them does", () => {
  const near = fc.tuple(fc.constantFrom(10, 11), fc.nat(3), fc.nat(3), fc.nat(255))
    .map((parts) => parts.join("."));
  const six = fc.tuple(fc.nat(3), fc.nat(255)).map(([a, b]) => `2001:db8:${a}::${b.toString(16)}`);
  const network = fc.oneof(
    fc.tuple(near, fc.nat(32)).map(([text, bits]) => `${text}/${bits}`),
    fc.tuple(six, fc.nat(128)).map(([text, bits]) => `${text}/${bits}`),
  );
  fc.assert(
    fc.property(fc.array(network, { maxLength: 20 }), fc.oneof(near, six), (texts, text) => {
      const networks = texts.map(parseCidr).filter((each) => each !== undefined);
      assert.equal(networks.length, texts.length);
      const address = parseIp(text);
      assert.ok(address);
      const expected = networks.some((each) => contains(each, address));
      assert.equal(new CidrSet(networks).has(address), expected);
    }),
  );
});

test("a table of ranges answers as the last range that holds an address does", () => {
  const edge = fc.nat(60);
  const range = fc.tuple(edge, edge).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  fc.assert(fc.property(fc.array(range, { maxLength: 12 }), (ranges) => {
    const table = new RangeTable();
    const naive = new Map<number, string>();
    for (const [at, [from, to]] of ranges.entries()) {
      table.set(from, to, `v${at}`);
      for (let address = from; address <= to; address++) naive.set(address, `v${at}`);
    }
    for (let address = 0; address <= 61; address++) {
      assert.equal(
        table.find(Uint8Array.of(0, 0, 0, address)),
        naive.get(address),
        `at ${address}`,
      );
    }
  }));
});
