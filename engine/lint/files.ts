/** Rules about the text of files. */
import type { Finding, Subject } from "./lint.ts";

type Found = Omit<Finding, "code">;

/** CR is white space to nginx, but stays in quoted text. */
export function* crlf({ files }: Subject): Iterable<Found> {
  for (const { path, text } of files) {
    const at = text.indexOf("\r\n");
    if (at < 0) continue;
    const line = text.slice(0, at).split("\n").length;
    const message = "the file has CRLF line ends: a quoted text that spans lines keeps the CR";
    yield { message, place: { file: path, line }, word: "" };
  }
}

export function* emptyFile({ files, statements }: Subject): Iterable<Found> {
  const [first] = files;
  if (first === undefined || statements.length > 0) return;
  const message = "the file has no directive: nothing is listened on";
  yield { message, place: { file: first.path, line: 1 }, word: "" };
}
