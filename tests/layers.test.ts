/** Holds every import to the rooms table of ARCHITECTURE.md. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Room {
  readonly name: string;
  readonly places: readonly string[];
  /** Room names; with " (types)" only type imports. */
  readonly imports: readonly string[];
  readonly packages: readonly string[];
}

function readRooms(): readonly Room[] {
  const rows = readFileSync(join(root, "ARCHITECTURE.md"), "utf8").split("\n")
    .filter((line) => /^\| \w+ \| `/.test(line));
  return rows.map((row) => {
    const [, name = "", place = "", , imports = "", packages = ""] = row.split("|").map((cell) =>
      cell.trim()
    );
    return {
      name,
      places: [...place.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => path),
      imports: imports.split(",").map((each) => each.trim()),
      packages: [...packages.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => path),
    };
  });
}

/** The innermost place wins. */
function roomOf(rooms: readonly Room[], path: string): Room | undefined {
  let best: { room: Room; length: number } | undefined;
  for (const room of rooms) {
    for (const place of room.places) {
      const isInside = place.endsWith("/") ? path.startsWith(place) : path === place;
      if (isInside && place.length > (best?.length ?? 0)) best = { room, length: place.length };
    }
  }
  return best?.room;
}

const IMPORT =
  /(import|export)\s+(type\s+)?(?:[^;"']*?\sfrom\s+)?["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/g;

function isAllowedPackage(room: Room, name: string): boolean {
  return room.packages.some((each) =>
    each === "node:*" ? name.startsWith("node:") : name === each || name.startsWith(`${each}/`)
  );
}

/** What is wrong with one file, in words. */
function faults(rooms: readonly Room[], path: string, text: string): readonly string[] {
  const room = roomOf(rooms, path);
  if (room === undefined) return [`${path} stands in no room`];
  const wrong: string[] = [];
  for (const [, , type, from, dynamic] of text.matchAll(IMPORT)) {
    const target = from ?? dynamic ?? "";
    if (!target.startsWith(".")) {
      if (!isAllowedPackage(room, target)) wrong.push(`${path} imports the package ${target}`);
      continue;
    }
    const file = relative(root, join(root, dirname(path), target));
    const other = roomOf(rooms, file);
    if (other === undefined) wrong.push(`${path} imports ${file}, which stands in no room`);
    else if (other.name === room.name) {
      const isModule = room.name === "modules" && !path.endsWith("/index.ts");
      if (isModule) wrong.push(`${path} imports the module ${file}`);
    } else if (!room.imports.includes(other.name)) {
      const asType = room.imports.includes(`${other.name} (types)`) && type !== undefined;
      if (!asType) wrong.push(`${path} imports ${file}`);
    }
  }
  if (room.name !== "runtime" && room.name !== "web" && path !== "mod.ts") {
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, "");
    const named = /\b(Deno|Bun|process)\.\w/.exec(
      code.replace(/[.\w]+\.process\.|\bprocess: /g, ""),
    );
    if (named !== null) wrong.push(`${path} names ${named[1]}`);
  }
  return wrong;
}

const rooms = readRooms();
const paths = ["mod.ts", ...globSync("{engine,dashboard}/**/*.ts", { cwd: root })]
  .filter((path) => path !== "dashboard/assets.ts");

test("every import goes where the rooms table allows it", () => {
  assert.ok(rooms.length >= 14 && paths.length >= 60, "found too little to check");
  const all = paths.flatMap((path) => faults(rooms, path, readFileSync(join(root, path), "utf8")));
  assert.deepEqual(all, []);
});

const PLANTED: readonly (readonly [string, string, string])[] = [
  ["engine/lib/x.ts", 'import { a } from "../config/tree.ts";', "imports engine/config/tree.ts"],
  [
    "engine/relay/x.ts",
    'import { a } from "../runtime/runtime.ts";',
    "imports engine/runtime/runtime.ts",
  ],
  ["engine/modules/x.ts", 'import { log } from "./log.ts";', "imports the module"],
  ["engine/upstream/x.ts", 'import net from "node:net";', "imports the package node:net"],
  ["engine/session/x.ts", "const a = Deno.pid;", "names Deno"],
  [
    "engine/engine.ts",
    'const a = await import("../dashboard/dashboard.ts");',
    "imports dashboard/dashboard.ts",
  ],
  ["engine/x.ts", "", "stands in no room"],
];

for (const [path, text, fault] of PLANTED) {
  test(`layers: ${path} that ${fault} is noticed`, () => {
    assert.ok(faults(rooms, path, text).some((each) => each.includes(fault)));
  });
}
