/** What errors look like to people: the place in the line, a hint, the nearest word. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnose, humanText } from "../../engine/diagnostics.ts";
import { Engine } from "../../engine/engine.ts";
import { distance, nearest } from "../../engine/lib/distance.ts";
import { MemoryRuntime } from "../../engine/runtime/memory.ts";

const PATH = "/weir/x.conf";

async function said(text: string): Promise<readonly string[]> {
  const runtime = new MemoryRuntime({ files: { [PATH]: text } });
  const options = { path: PATH, prefix: "/weir/", globals: "", demo: false };
  const { errors, files } = await new Engine(runtime, options, "test").load();
  return errors.map((error) => humanText(diagnose(error, "error", files), files));
}

test("an unknown directive is underlined, with the one that was meant", async () => {
  const text = "events {}\nstream {\n\tserver {\n\t\tlisen 80;\n\t}\n}\n";
  assert.deepEqual((await said(text))[0]?.split("\n"), [
    'error: unknown directive "lisen"',
    "  --> /weir/x.conf:4:3",
    "  |",
    "4 | \t\tlisen 80;",
    "  | \t\t^^^^^",
    '  = did you mean "listen"?',
    "",
  ]);
});

test("all errors of a file come in one run, each where it is", async () => {
  const found = await said(`stream { server { listen 80; proxy_timeout soon;
    proxy_connect_timeout x; return $remote_adr; } upstream a { } }`);
  assert.deepEqual(found.map((each) => each.split("\n").slice(0, 2)), [
    ['error: "proxy_timeout" directive invalid value', "  --> /weir/x.conf:1:30"],
    ['error: "proxy_connect_timeout" directive invalid value', "  --> /weir/x.conf:2:5"],
    ["error: no servers are inside upstream", "  --> /weir/x.conf:2:52"],
    ['error: unknown "remote_adr" variable', '  = did you mean "$remote_addr"?'],
  ]);
});

test("a byte order mark is called by its name", async () => {
  assert.match(
    (await said("\ufeffevents {}"))[0] ?? "",
    /= the file begins with a byte order mark/,
  );
});

test("control characters of a file do not reach the terminal", async () => {
  const [first = ""] = await said("a\x1b[31m\x07b;");
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(first, /[\x00-\x09\x0b-\x1f]/);
  assert.match(first, /unknown directive "a\?\[31m\?b"/);
});

test("distance counts letters changed, added, dropped and swapped", () => {
  for (
    const [one, other, off] of [["a", "a", 0], ["ab", "ba", 1], ["abc", "ac", 1], [
      "",
      "ab",
      2,
    ]] as const
  ) {
    assert.equal(distance(one, other), off);
  }
  assert.equal(nearest("prox_pass", ["proxy_pass", "pass"]), "proxy_pass");
  assert.equal(nearest("xyz", ["proxy_pass", "pass"]), undefined);
});
