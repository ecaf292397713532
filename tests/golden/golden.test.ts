/**
 * Configurations with what they become: the printed tree, or the list of errors.
 *
 * `UPDATE_GOLDEN=1` rewrites the expectations; the diff is reviewed. Where nginx is installed it is
 * asked too: the verdicts agree, and so does the text of the first error.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { Engine } from "../../engine/engine.ts";
import { readable } from "../../engine/lib/bytes.ts";
import { parseConfig } from "../../engine/config/parser.ts";
import { printStatements } from "../../engine/config/print.ts";
import { MODULES } from "../../engine/modules/index.ts";
import { MemoryRuntime } from "../../engine/runtime/memory.ts";

const PATH = "/golden/x.conf";
const here = new URL("./", import.meta.url);

interface Row {
  readonly title: string;
  readonly text: string;
}

/** Rows start with their title; the body is what stands in `stream {}`, or a whole file. */
function rowsOf(file: string): readonly Row[] {
  const parts = readFileSync(new URL(file, here), "utf8").split(/^# /m).slice(1);
  return parts.map((part) => {
    const at = part.indexOf("\n");
    const title = part.slice(0, at);
    const body = part.slice(at + 1);
    return { title, text: title.endsWith("(whole file)") ? body : wrapped(body) };
  });
}

function wrapped(body: string): string {
  return `events {} stream {\n${body}}\n`;
}

async function load(text: string) {
  const names = { localhost: ["127.0.0.1", "::1"] };
  const accounts = {
    "/etc/passwd": "root:x:0:0::/:\nnobody:x:65534:65534::/:\n",
    "/etc/group": "nogroup:x:65534:\n",
  };
  const runtime = new MemoryRuntime({ files: { [PATH]: text, ...accounts }, names });
  const options = { path: PATH, prefix: "/golden/", globals: "", demo: false };
  return await new Engine(runtime, options, "golden").load();
}

async function verdict(text: string): Promise<readonly string[]> {
  return (await load(text)).errors.map((error) => readable(String(error)));
}

async function outcome({ text }: Row): Promise<string> {
  const errors = await verdict(text);
  if (errors.length > 0) return `${errors.join("\n")}\n`;
  const files = new MemoryRuntime({ files: { [PATH]: text } }).files;
  return printStatements(parseConfig(PATH, files).statements);
}

for (const name of ["good", "bad"]) {
  const rows = rowsOf(`${name}.txt`);
  const expected = new URL(`${name}.out`, here);
  test(`golden: ${name} configurations become what was reviewed`, async () => {
    let all = "";
    for (const row of rows) {
      if (name === "good") assert.deepEqual(await verdict(row.text), [], row.title);
      all += `# ${row.title}\n${await outcome(row)}`;
    }
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(expected, all);
    assert.equal(all, readFileSync(expected, "utf8"));
  });
}

const MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";
const isNginx = spawnSync("nginx", ["-v"]).status === 0 && existsSync(MODULE);
const skip = isNginx ? false : "no nginx with the stream module on this machine";

/** What Debian's nginx 1.22 says otherwise than 1.31, which Weir follows; or a named difference. */
const DIFFERENCES: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL("differences.json", here), "utf8"),
);

/** Rows whose warnings differ, and why. */
const OTHER_WARNINGS: Readonly<Record<string, string>> = {};

interface Answer {
  readonly ok: boolean;
  readonly first: string;
  readonly warnings: readonly string[];
}

function askNginx(folder: string, text: string): Answer {
  const path = `${folder}/x.conf`;
  writeFileSync(path, text);
  const globals = `load_module ${MODULE}; pid ${folder}/pid;`;
  const { status, stderr } = spawnSync(
    "nginx",
    ["-t", "-p", folder, "-e", "stderr", "-g", globals, "-c", path],
    { encoding: "utf8" },
  );
  const warnings = [...stderr.matchAll(/\[warn\] (?:\d+#\d+: )?(.*)/g)]
    .map(([, each = ""]) => each.replaceAll(path, PATH));
  const first = /\[emerg\] (?:\d+#\d+: )?(.*)/.exec(stderr)?.[1] ?? "";
  return { ok: status === 0, first: first.replaceAll(path, PATH), warnings };
}

test("golden: nginx agrees with every verdict and every first error", { skip }, async () => {
  const folder = mkdtempSync(`${tmpdir()}/weir-`);
  const differing: Record<string, string> = {};
  for (const row of [...rowsOf("good.txt"), ...rowsOf("bad.txt")]) {
    const ours = await verdict(row.text);
    const { ok, first } = askNginx(folder, row.text);
    if (ok === (ours.length === 0) && (ok || first === ours[0])) continue;
    differing[row.title] = ok ? "accepted" : first;
  }
  rmSync(folder, { recursive: true });
  const unexplained = Object.fromEntries(
    Object.entries(differing).filter(([title]) => !(title in DIFFERENCES)),
  );
  assert.deepEqual(unexplained, {});
  for (const title of Object.keys(DIFFERENCES)) {
    assert.ok(title in differing, `no difference any more: ${title}`);
  }
});

test("golden: nginx warns of the same in good configurations", { skip }, async () => {
  const folder = mkdtempSync(`${tmpdir()}/weir-`);
  const differing: Record<string, unknown> = {};
  for (const { title, text } of rowsOf("good.txt")) {
    const { ok, warnings } = askNginx(folder, text);
    // What 1.22 does not know it cannot warn of.
    if (!ok || title in OTHER_WARNINGS) continue;
    const ours = (await load(text)).warnings.map((each) => readable(String(each)));
    if (ours.join("\n") !== warnings.join("\n")) differing[title] = { ours, warnings };
  }
  rmSync(folder, { recursive: true });
  assert.deepEqual(differing, {});
});

test("golden: every directive of stream stands in a good configuration", () => {
  const good = readFileSync(new URL("good.out", here), "utf8");
  // The bases of geoip are no text; they have tests of their own.
  const modules = MODULES.filter(({ name }) => name !== "geoip");
  const missing = modules.flatMap(({ directives }) =>
    Object.entries(directives)
      .filter(([, { contexts }]) => contexts.some((each) => each !== "main" && each !== "events"))
      .map(([name]) => name)
      .filter((name) => !new RegExp(`^ +${name}\\b`, "m").test(good))
  );
  assert.deepEqual(missing, []);
});
