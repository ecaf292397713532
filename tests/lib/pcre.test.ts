/** PCRE patterns on JavaScript's engine: what matches, what is captured, what is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pattern, PatternError } from "../../engine/lib/pcre/pattern.ts";

/** Pattern, text, and the captures joined by "|", or null for no match; "i" in front is caseless. */
const ROWS: readonly (readonly [string, string, string | null, "i"?])[] = [
  ["^a.c$", "abc", "abc"],
  ["^a.c$", "a\nc", null],
  ["(?s)^a.c$", "a\nc", "a\nc"],
  ["^abc$", "abc\n", "abc"],
  ["^abc\\z", "abc\n", null],
  ["\\Aabc\\Z", "abc\n", "abc"],
  ["(?m)^b$", "a\nb\nc", "b"],
  ["(?m)b^", "b\n", null],
  ["^(?P<host>[^.]+)\\.(?<zone>.+)$", "www.example.com", "www.example.com|www|example.com"],
  ["(?'n'a)\\k<n>\\k{n}\\k'n'(?P=n)\\g{n}", "aaaaaa", "aaaaaa|a"],
  ["(a)(b)\\2\\1", "abba", "abba|a|b"],
  ["(a)\\g1\\g{1}\\g{-1}", "aaaa", "aaaa|a"],
  ["ABC", "abc", "abc", "i"],
  ["[^a-c]+", "ABCd", "d", "i"],
  ["(?i)é", "\xc3\x89", null],
  ["a(?i)b", "aB", "aB"],
  ["a(?i)b", "AB", null],
  ["a(?i:b)c", "aBc", "aBc"],
  ["a(?i:b)c", "aBC", null],
  ["(?:a(?i)b|c)d", "Cd", "Cd"],
  ["(?:a(?i)b|c)d", "cD", null],
  ["(?x) a b # comment\n c", "abc", "abc"],
  ["a(?#comment)b", "ab", "ab"],
  ["\\Qa.b*\\E+", "a.b***", "a.b***"],
  ["\\Qa.b\\E", "axb", null],
  ["^[[:alpha:][:digit:]]+$", "ab12", "ab12"],
  ["^[[:^space:]]+$", "a b", null],
  ["^[]a]+$", "a]a", "a]a"],
  ["^[^]a]+$", "bc", "bc"],
  ["^[a\\-z]+$", "a-z", "a-z"],
  ["^[\\w.-]+$", "a.b-c", "a.b-c"],
  ["^[a-\\d]+$", "a-1", "a-1"],
  ["^[\\Qa-c\\E]+$", "a-c", "a-c"],
  ["^\\s$", "\xa0", null],
  ["^\\h$", "\xa0", "\xa0"],
  ["^\\R$", "\r\n", "\r\n"],
  ["^\\x00\\x{ff}$", "\0\xff", "\0\xff"],
  ["^\\0\\12\\o{101}$", "\0\nA", "\0\nA"],
  ["^\\cA\\e\\a$", "\x01\x1b\x07", "\x01\x1b\x07"],
  ["^\\p{Lu}\\pL\\P{L}$", "Aa1", "Aa1"],
  ["^\\p{^L}$", "1", "1"],
  ["^(?>a+)ab$", "aaab", null],
  ["^a++b$", "aaab", "aaab"],
  ["^a*+ab$", "aaab", null],
  ["^(a|ab)(?>c|bcd)(d*)$", "abcd", "abcd|a|"],
  ["^(?>(a))(b)$", "ab", "ab|a|b"],
  ["a{2}", "aaa", "aa"],
  ["a{2,}?", "aaa", "aa"],
  ["a{,2}", "a{,2}", "a{,2}"],
  ["x{a}", "x{a}", "x{a}"],
  ["(?U)a+", "aaa", "a"],
  ["(?U)a+?", "aaa", "aaa"],
  ["(?<=a)b(?=c)(?!cd)(?<!x)", "abce", "b"],
  ["(a)?b", "b", "b|"],
  ["^\\bfoo\\b", "foo bar", "foo"],
  ["/+", "a//b", "//"],
  ["^$", "", ""],
  ["(?i:a|b)|c", "B", "B"],
  ["^(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)\\.){3}", "10.20.30.40", "10.20.30."],
];

for (const [pattern, text, expected, flag] of ROWS) {
  test(`pcre: ${JSON.stringify(pattern)}${flag ?? ""} on ${JSON.stringify(text)}`, () => {
    const found = new Pattern(pattern, { isCaseless: flag === "i" }).exec(text);
    assert.equal(found?.join("|") ?? null, expected);
  });
}

/** What PCRE2 says, and where. */
const BAD: readonly (readonly [string, string, number?])[] = [
  ["(a", "missing closing parenthesis", 2],
  ["a)", "unmatched closing parenthesis", 1],
  ["[a", "missing terminating ] for character class", 2],
  ["*a", "quantifier does not follow a repeatable item", 0],
  ["a\\", "\\ at end of pattern", 2],
  ["[z-a]", "range out of order in character class", 3],
  ["(?<a>x)(?<a>y)", "two named subpatterns have the same name (PCRE2_DUPNAMES not set)"],
  ["(a)\\2", "reference to non-existent subpattern"],
  ["a{3,2}", "numbers out of order in {} quantifier"],
  ["a{70000}", "number too big in {} quantifier"],
  ["[[:foo:]]", "unknown POSIX class name"],
  ["\\p{Foo}", "unknown property after \\P or \\p"],
  ["(?z)", "unrecognized character after (? or (?-"],
  ["a\\Kb", "\\K is not supported"],
  ["(?R)", "unrecognized character after (? or (?-"],
  ["(*UTF8)a", "(*VERB) is not supported"],
];

for (const [pattern, message, at] of BAD) {
  test(`pcre: ${pattern} is refused: ${message}`, () => {
    assert.throws(() => new Pattern(pattern), (error) => {
      assert.ok(error instanceof PatternError);
      assert.equal(error.message, message);
      if (at !== undefined) assert.equal(error.at, at);
      return true;
    });
  });
}

for (const pattern of ["(a+)+$", "(a*)*", "(a|ab)*c", "(?:\\w+\\s?)*$", "(.*,)*x", "(a|a)+"]) {
  test(`pcre: ${pattern} is refused, for it may take exponential time`, () => {
    assert.throws(() => new Pattern(pattern), /exponential/);
  });
}

for (
  const pattern of [
    "^(?:[a-z0-9-]+\\.)+com$",
    "^(\\.[a-z]+)*$",
    "^(?:a++)+$",
    "^(?>a|ab)*c",
    "^[^=]*(?:=[^=]*)*$",
    "^(?:foo|bar)+$",
    "^.*-(.*)\\.(.*)$",
  ]
) {
  test(`pcre: ${pattern} is taken`, () => {
    assert.ok(new Pattern(pattern).longest >= 255);
  });
}

test("pcre: a text that is too long for a pattern is not tried", () => {
  const pattern = new Pattern("^(.*)x(.*)y(.*)$");
  assert.equal(pattern.exec("x".repeat(pattern.longest) + "y"), undefined);
});
