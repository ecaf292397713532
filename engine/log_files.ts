/** Log files of the process: opened once per path, shared by cycles, reopened on USR1. */
import type { SystemError } from "./lib/errno.ts";
import type { AppendFile, Runtime } from "./runtime/runtime.ts";
import type { LogTarget } from "./session/log.ts";

/** How often a log that cannot be written says so. */
const COMPLAINT_MS = 60_000;

/** One open log. A failing write drops the line and is counted; it never stops the proxy. */
class LogFile implements LogTarget {
  readonly path: string;
  readonly file: AppendFile;
  users = 0;
  readonly #failed: (path: string, error: SystemError) => void;

  constructor(path: string, file: AppendFile, failed: (path: string, error: SystemError) => void) {
    this.path = path;
    this.file = file;
    this.#failed = failed;
  }

  write(bytes: Uint8Array): void {
    const error = this.file.write(bytes);
    if (error !== undefined) this.#failed(this.path, error);
  }
}

/** The logs that one cycle opened; `close` gives them back. */
export class LogUse {
  readonly #files: LogFiles;
  readonly #paths = new Set<string>();

  constructor(files: LogFiles) {
    this.#files = files;
  }

  /** Throws SystemError. "stderr" is the standard error stream. */
  open(path: string): LogTarget {
    if (path === "stderr") return this.#files.stderr;
    const file = this.#files.open(path, !this.#paths.has(path));
    this.#paths.add(path);
    return file;
  }

  close(): void {
    for (const path of this.#paths) this.#files.release(path);
    this.#paths.clear();
  }
}

export class LogFiles {
  readonly stderr: LogTarget;
  /** Lines that could not be written. */
  dropped = 0;
  readonly #runtime: Runtime;
  readonly #open = new Map<string, LogFile>();
  #complainedAt = -Infinity;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.stderr = { write: (bytes) => runtime.host.stderr(bytes) };
  }

  use(): LogUse {
    return new LogUse(this);
  }

  open(path: string, isNewUser: boolean): LogTarget {
    const known = this.#open.get(path);
    const file = known ??
      new LogFile(path, this.#runtime.files.append(path), (...failure) => this.#lost(...failure));
    this.#open.set(path, file);
    if (isNewUser) file.users += 1;
    return file;
  }

  release(path: string): void {
    const file = this.#open.get(path);
    if (file === undefined) return;
    file.users -= 1;
    if (file.users > 0) return;
    file.file.close();
    this.#open.delete(path);
  }

  /** Opens every path anew; returns what failed (those go on with their old descriptor). */
  reopen(): readonly { readonly path: string; readonly error: SystemError }[] {
    const failures: { path: string; error: SystemError }[] = [];
    for (const { path, file } of this.#open.values()) {
      const error = file.reopen();
      if (error !== undefined) failures.push({ path, error });
    }
    return failures;
  }

  #lost(path: string, error: SystemError): void {
    this.dropped += 1;
    const now = this.#runtime.clock.now();
    if (now - this.#complainedAt < COMPLAINT_MS) return;
    this.#complainedAt = now;
    const text = `weir: write() to "${path}" failed (${error.message}), ` +
      `${this.dropped} lines of log lost so far\n`;
    this.#runtime.host.stderr(new TextEncoder().encode(text));
  }
}
