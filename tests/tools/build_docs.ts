/** Writes docs/directives.md from the module tables; `--check` fails when it is stale. */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { syntaxOf } from "../../engine/config/args.ts";
import type { AnyDirective, AnyModule } from "../../engine/module.ts";
import { MODULES } from "../../engine/modules/index.ts";
import { type DirectiveReference, REFERENCE } from "../../engine/modules/reference.ts";
import { UNBUILT } from "../../engine/modules/unbuilt.ts";

const page = new URL("../../docs/directives.md", import.meta.url);

const HEAD = `# Directives

Generated from the module tables by \`npm run build:docs\`; a test fails when this page is stale. Syntax and contexts
are what the program checks. Words are nginx's: [its documentation](https://nginx.org/en/docs/stream/) explains them at length.
`;

function referenceOf(name: string, directive: AnyDirective<unknown>): DirectiveReference {
  const key = directive.contexts.includes("upstream") && name === "server"
    ? `upstream ${name}`
    : name;
  const reference = REFERENCE[key];
  if (reference === undefined) throw new Error(`no reference for "${key}"`);
  return reference;
}

function sectionOf(name: string, directive: AnyDirective<unknown>): string {
  const { syntax = syntaxOf(directive.args), since, text, differs, default: unset } = referenceOf(
    name,
    directive,
  );
  const end = directive.block === undefined ? ";" : "";
  const rows = [
    `| Syntax | \`${[name, syntax].join(" ").trim().replaceAll("|", "\\|")}${end}\` |`,
    `| Default | ${unset === undefined ? "-" : `\`${unset}\``} |`,
    `| Context | ${directive.contexts.join(", ")} |`,
    `| Since | ${since} |`,
  ];
  const lines = [`### \`${name}\``, "", "| | |", "|---|---|", ...rows, "", text];
  if (differs !== undefined) lines.push("", `Differs from nginx: ${differs}`);
  return lines.join("\n");
}

function moduleText({ name, directives, variables, families }: AnyModule): string {
  const sections = Object.entries(directives).map(([each, directive]) =>
    sectionOf(each, directive)
  );
  const names = [
    ...Object.keys(variables ?? {}),
    ...Object.keys(families ?? {}).map((prefix) => `${prefix}*`),
  ];
  const list = names.sort().map((each) => `\`$${each}\``).join(", ");
  return [`## ${name}`, ...sections, ...list === "" ? [] : [`Variables: ${list}.`]].join("\n\n");
}

export function directivesPage(): string {
  const unbuilt = [...UNBUILT].sort().map((name) => `\`${name}\``).join(", ");
  const last =
    `## Known and not built\n\nA configuration with one of these is refused with an error ` +
    `that says so: ${unbuilt}.`;
  return `${[HEAD.trim(), ...MODULES.map(moduleText), last].join("\n\n")}\n`;
}

if (process.argv[1]?.endsWith("build_docs.ts")) {
  const isFresh = readFileSync(page, { encoding: "utf8", flag: "a+" }) === directivesPage();
  if (process.argv.includes("--check")) {
    if (!isFresh) {
      console.error("docs/directives.md is stale: npm run build:docs");
      process.exit(1);
    }
  } else writeFileSync(page, directivesPage());
}
