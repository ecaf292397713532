/** Logs whose path has variables: opened for each line, or kept by `open_log_file_cache`. */
import { SystemError, toSystemError } from "./lib/errno.ts";
import type { LogCache } from "./module.ts";
import type { AppendFile, Runtime } from "./runtime/runtime.ts";

interface Kept {
  readonly file: AppendFile;
  usedAt: number;
  checkedAt: number;
  uses: number;
}

export class PathLogs {
  readonly #runtime: Runtime;
  readonly #options: LogCache | undefined;
  /** The one used longest ago comes first. */
  readonly #kept = new Map<string, Kept>();

  constructor(runtime: Runtime, options: LogCache | undefined) {
    this.#runtime = runtime;
    this.#options = options;
  }

  /** Appends to the file of a path; what went wrong as a value. */
  write(path: string, bytes: Uint8Array): SystemError | undefined {
    if (/(^|\/)\.\.(\/|$)/.test(path)) return new SystemError("EACCES");
    try {
      return this.#write(path, bytes);
    } catch (error) {
      return toSystemError(error);
    }
  }

  /** Closes all: logs are reopened, or the configuration is gone. */
  close(): void {
    for (const { file } of this.#kept.values()) file.close();
    this.#kept.clear();
  }

  #write(path: string, bytes: Uint8Array): SystemError | undefined {
    const options = this.#options;
    if (options === undefined) {
      const file = this.#runtime.files.append(path);
      const error = file.write(bytes);
      file.close();
      return error;
    }
    const kept = this.#keep(path, options);
    const error = kept.file.write(bytes);
    this.#trim(options);
    return error;
  }

  #keep(path: string, { validMs }: LogCache): Kept {
    const now = this.#runtime.clock.now();
    const kept = this.#kept.get(path) ??
      { file: this.#runtime.files.append(path), usedAt: now, checkedAt: now, uses: 0 };
    kept.usedAt = now;
    kept.uses += 1;
    if (now - kept.checkedAt > validMs) {
      kept.file.reopen();
      kept.checkedAt = now;
    }
    this.#kept.delete(path);
    this.#kept.set(path, kept);
    return kept;
  }

  /** Drops what is over the limit or was used too little. */
  #trim({ max, inactiveMs, minUses }: LogCache): void {
    const now = this.#runtime.clock.now();
    for (const [path, kept] of this.#kept) {
      const isIdle = now - kept.usedAt > inactiveMs;
      if (!isIdle && this.#kept.size <= max) break;
      if (isIdle && kept.uses >= minUses && this.#kept.size <= max) {
        kept.uses = 0;
        kept.usedAt = now;
        continue;
      }
      kept.file.close();
      this.#kept.delete(path);
    }
  }
}
