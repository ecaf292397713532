/** What the command line says to people, in nginx's form; with -e FILE errors go there as well. */
import { toBytes } from "../lib/bytes.ts";
import { toSystemError } from "../lib/errno.ts";
import { errorLogTime } from "../lib/time_text.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** Levels that reach the console. */
export type MessageLevel = "emerg" | "alert" | "error" | "warn";

export class Messages {
  readonly #runtime: Runtime;
  #log: string | undefined;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** From now on `report` writes to this file too. */
  logTo(path: string): void {
    try {
      this.#runtime.files.append(path).close();
      this.#log = path;
    } catch (error) {
      const { message } = toSystemError(error);
      this.report("alert", `could not open error log file: open() "${path}" failed (${message})`);
    }
  }

  /** "nginx: TEXT". */
  say(text: string): void {
    this.err(`nginx: ${text}\n`);
  }

  /** "nginx: [emerg] TEXT". */
  report(level: MessageLevel, text: string): void {
    this.say(`[${level}] ${text}`);
    if (this.#log === undefined) return;
    const { clock, files, host } = this.#runtime;
    const head = `${errorLogTime(clock.wall())} [${level}] ${host.pid}#${host.pid}: `;
    try {
      const file = files.append(this.#log);
      file.write(toBytes(`${head}${text}\n`));
      file.close();
    } catch {
      this.#log = undefined; // it could be opened before; the console has the line
    }
  }

  /** To the standard error stream as it is. */
  err(text: string): void {
    this.#runtime.host.stderr(toBytes(text));
  }

  /** To the standard output as it is. */
  out(text: string): void {
    this.#runtime.host.stdout(toBytes(text));
  }
}
