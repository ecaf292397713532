/** Logs of the process: files opened once per path and shared by cycles, reopened on USR1; syslog. */
import { SyslogTarget } from "./syslog.ts";
import type { SyslogSpec } from "./config/syslog.ts";
import type { Address } from "./lib/address.ts";
import type { SystemError } from "./lib/errno.ts";
import { BufferedLog } from "./log_buffer.ts";
import { PathLogs } from "./log_paths.ts";
import type { LogBuffer, LogCache } from "./module.ts";
import type { AppendFile, DatagramSink, Runtime } from "./runtime/runtime.ts";
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
  readonly #buffers = new Map<string, BufferedLog>();
  readonly #byPath: PathLogs[] = [];
  readonly #sinks: DatagramSink[] = [];

  constructor(files: LogFiles) {
    this.#files = files;
  }

  /** Throws SystemError. "stderr" is the standard error stream. */
  open(path: string): LogTarget {
    if (path === "stderr") return this.#files.stderr;
    const file = this.#files.open(path, !this.#paths.has(path));
    this.#paths.add(path);
    return this.#buffers.get(path) ?? file;
  }

  /** As `open`, with a buffer in front; undefined where the file has another one already. */
  openBuffered(path: string, options: LogBuffer): LogTarget | undefined {
    const known = this.#buffers.get(path);
    if (known !== undefined) return isSame(known.options, options) ? known : undefined;
    const buffer = this.#files.buffered(this.open(path), options);
    this.#buffers.set(path, buffer);
    return buffer;
  }

  /** For paths with variables. */
  openPaths(options: LogCache | undefined): (path: string, bytes: Uint8Array) => void {
    const logs = this.#files.paths(options);
    this.#byPath.push(logs);
    return (path, bytes) => this.#files.writeTo(logs, path, bytes);
  }

  openSyslog(spec: SyslogSpec, address: Address): LogTarget {
    const { target, sink } = this.#files.syslog(spec, address);
    this.#sinks.push(sink);
    return target;
  }

  close(): void {
    for (const buffer of this.#buffers.values()) this.#files.dropBuffer(buffer);
    for (const path of this.#paths) this.#files.release(path);
    for (const logs of this.#byPath) this.#files.dropPaths(logs);
    for (const sink of this.#sinks) sink.close();
    this.#buffers.clear();
    this.#paths.clear();
    this.#byPath.length = 0;
    this.#sinks.length = 0;
  }
}

function isSame(one: LogBuffer, other: LogBuffer): boolean {
  return one.bytes === other.bytes && one.flushMs === other.flushMs &&
    one.gzipLevel === other.gzipLevel;
}

export class LogFiles {
  readonly stderr: LogTarget;
  /** Lines that could not be written. */
  dropped = 0;
  readonly #runtime: Runtime;
  readonly #open = new Map<string, LogFile>();
  readonly #buffers = new Set<BufferedLog>();
  readonly #byPath = new Set<PathLogs>();
  #complainedAt = -Infinity;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.stderr = { write: (bytes) => runtime.host.stderr(bytes) };
  }

  /** Full paths of all files that are open. */
  get openPaths(): readonly string[] {
    return [...this.#open.keys()];
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

  buffered(file: LogTarget, options: LogBuffer): BufferedLog {
    const buffer = new BufferedLog(this.#runtime, file, options);
    this.#buffers.add(buffer);
    return buffer;
  }

  dropBuffer(buffer: BufferedLog): void {
    buffer.flush();
    this.#buffers.delete(buffer);
  }

  paths(options: LogCache | undefined): PathLogs {
    const logs = new PathLogs(this.#runtime, options);
    this.#byPath.add(logs);
    return logs;
  }

  writeTo(logs: PathLogs, path: string, bytes: Uint8Array): void {
    const error = logs.write(path, bytes);
    if (error !== undefined) this.#lost(path, error);
  }

  dropPaths(logs: PathLogs): void {
    logs.close();
    this.#byPath.delete(logs);
  }

  syslog(spec: SyslogSpec, address: Address) {
    const sink = this.#runtime.datagramsTo(address, (error) => this.#lost(spec.server, error));
    return { sink, target: new SyslogTarget(this.#runtime, spec, sink) };
  }

  /** Writes what buffers hold. */
  flush(): void {
    for (const buffer of this.#buffers) buffer.flush();
  }

  /** Opens every path anew; returns what failed (those go on with their old descriptor). */
  reopen(): readonly { readonly path: string; readonly error: SystemError }[] {
    this.flush();
    for (const logs of this.#byPath) logs.close();
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
