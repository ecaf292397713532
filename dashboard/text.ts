/** The engine's byte strings as text for people. */
import { readable } from "../engine/lib/bytes.ts";

/** A copy of plain data in which every string is read as UTF-8. */
export function readableCopy<T>(data: T): T {
  // The reviver keeps the shape: strings become strings.
  return JSON.parse(
    JSON.stringify(data),
    (_key, value) => typeof value === "string" ? readable(value) : value,
  ) as T;
}
