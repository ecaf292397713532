/** Finds the adapter of the runtime that this program runs in. */
import { realpathSync } from "node:fs";
import process from "node:process";
import type { Runtime } from "./runtime.ts";

/** Adding an adapter is one file and one line here. */
const ADAPTERS: readonly { readonly here: () => boolean; readonly load: () => Promise<Runtime> }[] =
  [
    { here: () => "Deno" in globalThis, load: async () => (await import("./deno.ts")).runtime },
    { here: () => "Bun" in globalThis, load: async () => (await import("./bun.ts")).runtime },
    { here: () => true, load: async () => (await import("./node.ts")).runtime },
  ];

export function detectRuntime(): Promise<Runtime> {
  const adapter = ADAPTERS.find(({ here }) => here());
  if (adapter === undefined) throw new Error("No adapter knows this runtime");
  return adapter.load();
}

/** Whether a module was run directly. Node 20 does not say so itself. */
export function isEntry(meta: ImportMeta): boolean {
  if (typeof meta.main === "boolean") return meta.main;
  const program = process.argv[1];
  return program !== undefined && realpathSync(program) === meta.filename;
}
