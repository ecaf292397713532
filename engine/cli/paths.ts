/** Full paths: the prefix, and which file is the configuration. Paths are byte strings. */
import type { Options } from "./options.ts";

/** Where the configuration is looked for under the prefix when none is named. */
const DEFAULT_FILES = ["conf/stream.conf", "conf/nginx.conf", "stream.conf", "nginx.conf"];

/** A path as seen from a folder; "./" in front is left out. */
export function fullPath(folder: string, path: string): string {
  if (path.startsWith("/")) return path;
  const base = folder.endsWith("/") ? folder : `${folder}/`;
  return base + path.replace(/^(\.\/+)+/, "").replace(/^\.$/, "");
}

/** The folder of -p, else the current one; ends with "/". */
export function prefixOf({ prefix = "" }: Pick<Options, "prefix">, cwd: string): string {
  const full = fullPath(cwd, prefix);
  return full.endsWith("/") ? full : `${full}/`;
}

/** The files that may be the configuration, best first: one when it was named. */
export function candidates(
  options: Pick<Options, "prefix" | "file" | "conf">,
  cwd: string,
): readonly string[] {
  if (options.file !== undefined) return [fullPath(cwd, options.file)];
  const prefix = prefixOf(options, cwd);
  if (options.conf !== undefined) return [fullPath(prefix, options.conf)];
  return DEFAULT_FILES.map((name) => prefix + name);
}
