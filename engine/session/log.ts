/** The error log: levels, destinations and nginx's line. */
import { toBytes } from "../lib/bytes.ts";
import { errorLogTime } from "../lib/time_text.ts";

/** nginx's levels; lower is worse. */
export const LEVELS = [
  "emerg",
  "alert",
  "crit",
  "error",
  "warn",
  "notice",
  "info",
  "debug",
] as const;

export type Level = typeof LEVELS[number];

/** Somewhere to write lines; it never throws and counts what it could not write. */
export interface LogTarget {
  /** `level` is that of an error log's line. */
  write(bytes: Uint8Array, level?: Level): void;
}

/** A destination and the worst-first index of the last level that it takes. */
export interface LogDestination {
  readonly target: LogTarget;
  readonly level: Level;
}

/** What every line carries. */
export interface LogStamp {
  readonly pid: number;
  wall(): number;
}

/** nginx cuts a line here. */
const LINE_BYTES = 2048;

/** Writes lines to the destinations whose level takes them. */
export class Log {
  readonly #stamp: LogStamp;
  readonly #destinations: readonly { readonly target: LogTarget; readonly rank: number }[];
  readonly #rank: number;

  constructor(stamp: LogStamp, destinations: readonly LogDestination[]) {
    this.#stamp = stamp;
    this.#destinations = destinations.map(({ target, level }) => ({ target, rank: rankOf(level) }));
    this.#rank = Math.max(-1, ...this.#destinations.map(({ rank }) => rank));
  }

  /** Ask before building an expensive message. */
  takes(level: Level): boolean {
    return rankOf(level) <= this.#rank;
  }

  /** One line; `connection` is the number behind the star inside a session. */
  write(level: Level, message: string, connection?: number): void {
    const rank = rankOf(level);
    if (rank > this.#rank) return;
    const { pid } = this.#stamp;
    const star = connection === undefined ? "" : `*${connection} `;
    const head = `${errorLogTime(this.#stamp.wall())} [${level}] ${pid}#${pid}: ${star}`;
    const line = toBytes((head + message).slice(0, LINE_BYTES - 1) + "\n");
    for (const destination of this.#destinations) {
      if (rank <= destination.rank) destination.target.write(line, level);
    }
  }
}

function rankOf(level: Level): number {
  return LEVELS.indexOf(level);
}
