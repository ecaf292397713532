/** `access_log ... buffer= flush= gzip=`: lines collected and written together. */
import type { LogBuffer } from "./module.ts";
import type { Runtime, Timer } from "./runtime/runtime.ts";
import type { LogTarget } from "./session/log.ts";

export class BufferedLog implements LogTarget {
  readonly options: LogBuffer;
  readonly #runtime: Runtime;
  readonly #file: LogTarget;
  readonly #buffer: Uint8Array;
  #used = 0;
  #timer: Timer | undefined;

  constructor(runtime: Runtime, file: LogTarget, options: LogBuffer) {
    this.#runtime = runtime;
    this.#file = file;
    this.options = options;
    this.#buffer = new Uint8Array(options.bytes);
  }

  write(bytes: Uint8Array): void {
    if (this.#used + bytes.length > this.#buffer.length) this.flush();
    if (bytes.length > this.#buffer.length) {
      this.#put(bytes);
      return;
    }
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
    const { flushMs } = this.options;
    if (flushMs !== undefined) {
      this.#timer ??= this.#runtime.clock.after(flushMs, () => this.flush());
    }
  }

  /** Writes what is held; when the buffer is full, the time is over, logs are reopened, at the end. */
  flush(): void {
    this.#timer?.stop();
    this.#timer = undefined;
    if (this.#used === 0) return;
    const bytes = this.#buffer.slice(0, this.#used);
    this.#used = 0;
    this.#put(bytes);
  }

  /** Every flush is a gzip member of its own, so that a reader can follow. */
  #put(bytes: Uint8Array): void {
    const { gzipLevel } = this.options;
    this.#file.write(gzipLevel === undefined ? bytes : this.#runtime.gzip(bytes, gzipLevel));
  }
}
