/** How the values of a log format are made safe: `escape=default|json|none`. */

/** Undefined is a value that was not found. */
export type Escape = (value: string | undefined) => string;

function hex(char: string): string {
  return char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
}

const JSON_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\b": "\\b",
  "\f": "\\f",
};

export const ESCAPES: Readonly<Record<string, Escape>> = {
  // The control characters are what the expressions are about.
  // deno-lint-ignore no-control-regex
  default: (value = "-") => value.replace(/["\\\x00-\x1f\x7f-\xff]/g, (char) => `\\x${hex(char)}`),
  json: (value = "") =>
    // deno-lint-ignore no-control-regex
    value.replace(/["\\\x00-\x1f]/g, (char) => JSON_ESCAPES[char] ?? `\\u00${hex(char)}`),
  none: (value = "") => value,
};
