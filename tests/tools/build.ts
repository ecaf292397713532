/** `npm run build`: dist/weir.mjs, one file for Node, Bun and Deno, and the executable dist/weir. */
import { spawnSync } from "node:child_process";
import { build } from "esbuild";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = process.argv[2] ?? `${root}dist`;

await build({
  absWorkingDir: root,
  entryPoints: ["mod.ts"],
  outfile: `${folder}/weir.mjs`,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
});

const compile = ["build", "--compile", "--outfile", `${folder}/weir`, `${root}mod.ts`];
const { status } = spawnSync(`${root}node_modules/.bin/bun`, compile, { stdio: "inherit" });
process.exit(status ?? 1);
