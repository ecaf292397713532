/** Which virtual server of an address a name leads to: nginx's order of `server_name`. */
import type { NameTable } from "../lib/hostnames.ts";
import type { Regex } from "./regex.ts";
import type { Session, VirtualServer } from "./session.ts";

export interface ServerNames {
  /** Exact names and wildcards. */
  readonly table: NameTable<VirtualServer>;
  /** In the order of the file. */
  readonly regexes: readonly (readonly [Regex, VirtualServer])[];
}

/** What `server_name` says of one name. */
export type ServerName =
  | { readonly kind: "name"; readonly text: string }
  | { readonly kind: "regex"; readonly text: string; readonly regex: Regex };

/** Characters that nginx takes in a host. */
const HOST = /^[^\0-\x20\x7f/\\:[\]]*$/;

/** The name as it is looked up: no port, no last dot, lower case; undefined when it is none. */
export function normalName(name: string): string | undefined {
  const host = name.replace(/:\d*$/, "");
  const plain = host.endsWith(".") ? host.slice(0, -1) : host;
  if (plain === "" || plain.includes("..") || plain.startsWith(".") || !HOST.test(plain)) {
    return undefined;
  }
  return plain.toLowerCase();
}

export function findServer(
  { table, regexes }: ServerNames,
  session: Session,
  name: string,
): VirtualServer | undefined {
  const host = normalName(name);
  if (host === undefined) return undefined;
  const found = table.find(host);
  if (found !== undefined) return found;
  return regexes.find(([regex]) => regex.matches(session, host))?.[1];
}
