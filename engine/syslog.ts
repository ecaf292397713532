/** Log lines as datagrams of syslog (RFC 3164), as nginx sends them. */
import type { SyslogSpec } from "./config/syslog.ts";
import { fromBytes, toBytes } from "./lib/bytes.ts";
import { syslogTime } from "./lib/time_text.ts";
import type { DatagramSink, Runtime } from "./runtime/runtime.ts";
import { type Level, LEVELS, type LogTarget } from "./session/log.ts";

/** nginx cuts what it sends here. */
const MOST_BYTES = 4096;

export class SyslogTarget implements LogTarget {
  readonly #spec: SyslogSpec;
  readonly #runtime: Runtime;
  readonly #sink: DatagramSink;

  constructor(runtime: Runtime, spec: SyslogSpec, sink: DatagramSink) {
    this.#runtime = runtime;
    this.#spec = spec;
    this.#sink = sink;
  }

  /** A line of an error log has the severity of its level. */
  write(bytes: Uint8Array, level?: Level): void {
    const { facility, severity, tag, hasHostname } = this.#spec;
    const { clock, host } = this.#runtime;
    const priority = facility * 8 + (level === undefined ? severity : LEVELS.indexOf(level));
    const name = hasHostname ? `${host.hostname} ` : "";
    const head = `<${priority}>${syslogTime(clock.wall())} ${name}${tag}: `;
    const line = fromBytes(bytes).replace(/\n$/, "");
    this.#sink.send(toBytes((head + line).slice(0, MOST_BYTES)));
  }
}
