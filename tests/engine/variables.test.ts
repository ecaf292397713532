/** Variables that a configuration makes: `set`, `map`, `split_clients`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { lab } from "./lab.ts";

test("split_clients shares clients out as nginx does", async () => {
  const { visit } = await lab(`
    split_clients $remote_addr $part { 0.5% a; 20% b; 50% c; * d; }
    server { listen 80; return $part; }`);
  // Seen on a running nginx.
  const seen = { "10.0.0.1": "c", "10.0.0.4": "d", "10.0.0.6": "b", "10.0.0.8": "d" };
  for (const [from, part] of Object.entries(seen)) assert.equal(await visit(80, { from }), part);
});

test("split_clients without a rest is empty for it, and parts of a hundred leave none", async () => {
  const { visit } = await lab(`
    split_clients $remote_addr $few { 0.01% a; }
    split_clients $remote_addr $all { 50% x; 50% y; }
    server { listen 80; return "[$few]$all"; }`);
  const answers = new Set<string>();
  for (let host = 1; host <= 20; host++) answers.add(await visit(80, { from: `10.0.0.${host}` }));
  assert.deepEqual([...answers].sort(), ["[]x", "[]y"]);
});

test("set gives values in order, also to variables that others read; elsewhere they are empty", async () => {
  const { visit } = await lab(`
    map $first $told { one ONE; default other; }
    server { listen 80; set $first one; set $second "$first-$told"; return "$second $FIRST"; }
    server { listen 81; return "[$first]"; }`);
  assert.equal(await visit(80), "one-ONE one");
  assert.equal(await visit(81), "[]");
});

test("a value is kept for the session, that of a volatile map is not", async () => {
  const { visit } = await lab(`
    map $word $kept { a A; b B; }
    map $word $fresh { volatile; a A; b B; }
    server { listen 80; set $word a; set $seen "$kept$fresh"; set $word b;
      return "$seen $kept$fresh"; }`);
  assert.equal(await visit(80), "AA AB");
});

test("map finds words in any case, then wildcards by length, then its default", async () => {
  const { visit } = await lab(`
    map $name $found { hostnames; default none; www.example.com exact; .example.com under;
      *.deep.example.com deep; mail.* mail; mail.example.* longer; \\hostnames word; Upper up; }
    ${
    Object.entries(NAMES).map(([name], at) =>
      `server { listen ${100 + at}; set $name "${name}"; return $found; }`
    ).join("\n")
  }`);
  for (const [at, [name, value]] of Object.entries(NAMES).entries()) {
    assert.equal(await visit(100 + at), value, name);
  }
});

const NAMES = {
  "www.example.com": "exact",
  "WWW.EXAMPLE.COM.": "exact",
  "example.com": "under",
  "a.b.example.com": "under",
  "x.deep.example.com": "deep",
  "deep.example.com": "under",
  "mail.org": "mail",
  "mail.example.org": "longer",
  "hostnames": "word",
  "upper": "up",
  "": "none",
  "mail": "none",
};

test("a variable that asks for itself ends as not found, with a line in the log", async () => {
  const { visit, errors } = await lab(`
    map $b $a { default "a$b"; } map $a $b { default "b$a"; }
    server { listen 80; return "<$a>"; }`);
  assert.match(await visit(), /^<a[ab]*>$/);
  assert.match(errors().join("\n"), /cycle while evaluating variable "[ab]"/);
});

test("a backend is chosen by a map over the client's address", async () => {
  const { visit } = await lab(`
    map $remote_addr $answer { 10.0.0.7 seven; default "some $server_port"; }
    server { listen 80; return $answer; }`);
  assert.equal(await visit(80, { from: "10.0.0.7" }), "seven");
  assert.equal(await visit(80, { from: "10.0.0.8" }), "some 80");
});
