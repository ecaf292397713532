/** The whole check, in order of speed; ends with node's own counts. */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const bin = `${root}node_modules/.bin/`;
/** Rooms whose tests start nothing: they also run in the other two runtimes. */
const pure = globSync(
  "tests/{lib,config,lint,session,upstream,relay,engine,cli,conformance,golden}/*.test.ts",
  {
    cwd: root,
  },
);

const steps: readonly (readonly [string, readonly string[]])[] = [
  ["format", [`${bin}deno`, "fmt", "--check", "--quiet", "engine", "tests", "mod.ts", "dashboard"]],
  ["lint", [`${bin}deno`, "lint", "--quiet", "engine", "tests", "mod.ts", "dashboard"]],
  ["types", [`${bin}tsc`, "--noEmit"]],
  ["assets", [process.execPath, "tests/tools/build_dashboard.ts", "--check"]],
  ["docs", [process.execPath, "tests/tools/build_docs.ts", "--check"]],
  ["bun", [`${bin}bun`, "test", ...pure.map((path) => `./${path}`)]],
  ["deno", [
    `${bin}deno`,
    "test",
    "-A",
    "--no-check",
    "--quiet",
    "--node-modules-dir=manual",
    ...pure,
  ]],
  ["node", [
    process.execPath,
    "--test",
    "--test-concurrency=2",
    "--test-timeout=120000",
    ...globSync("tests/**/*.test.ts", { cwd: root }),
  ]],
];

for (const [name, [command = "", ...args]] of steps) {
  const started = performance.now();
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (name !== "node") console.log(`${status === 0 ? "ok  " : "FAIL"} ${name} ${seconds} s`);
  if (status !== 0) process.exit(status ?? 1);
}
