/** Files over `node:fs`. Paths are byte strings, so that any name of the host can be spelled. */
import {
  chownSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { Buffer } from "node:buffer";
import { type SystemError, toSystemError } from "../lib/errno.ts";
import type { AppendFile, Files } from "./runtime.ts";

/** Plain names stay text: not every runtime takes bytes as a path. */
function nameOf(path: string): string {
  return Buffer.from(path, "latin1").toString("utf8");
}

function attempt<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw toSystemError(error);
  }
}

class AppendedFile implements AppendFile {
  readonly #name: string;
  #descriptor: number;

  constructor(path: string) {
    this.#name = nameOf(path);
    this.#descriptor = openSync(this.#name, "a", 0o644);
  }

  write(bytes: Uint8Array): SystemError | undefined {
    try {
      for (let left = bytes; left.length > 0;) {
        left = left.subarray(writeSync(this.#descriptor, left));
      }
      return undefined;
    } catch (error) {
      return toSystemError(error);
    }
  }

  reopen(): SystemError | undefined {
    try {
      const descriptor = openSync(this.#name, "a", 0o644);
      closeSync(this.#descriptor);
      this.#descriptor = descriptor;
      return undefined;
    } catch (error) {
      return toSystemError(error);
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** One call that needs no permission to look first; a file that is gone is removed. */
function removeFile(name: string | Buffer): void {
  try {
    unlinkSync(name);
  } catch (error) {
    if (toSystemError(error).code !== "ENOENT") throw error;
  }
}

export const files: Files = {
  read: (path) => attempt(() => new Uint8Array(readFileSync(nameOf(path)))),
  write: (path, bytes) => attempt(() => writeFileSync(nameOf(path), bytes)),
  append: (path) => attempt(() => new AppendedFile(path)),
  list: (path) =>
    attempt(() => readdirSync(nameOf(path))).map((name) =>
      Buffer.from(name, "utf8").toString("latin1")
    ),
  exists: (path) => existsSync(nameOf(path)),
  chown: (path, uid, gid) => attempt(() => chownSync(nameOf(path), uid, gid)),
  remove: (path) => attempt(() => removeFile(nameOf(path))),
};
