/** What the start says to people: five lines on a terminal, the dashboard's link everywhere. */
import { type Address, formatAddress } from "../lib/address.ts";

/** What stands in the banner. */
export interface Start {
  readonly version: string;
  /** "Deno 2.9.6". */
  readonly runtime: string;
  readonly configuration: string;
  readonly sockets: readonly {
    readonly address: Address;
    readonly target: { readonly name: string };
  }[];
  /** Undefined when there is no dashboard. */
  readonly link: string | undefined;
  readonly pid: number;
}

/** More listeners than this are counted, not named. */
const MAX_NAMED = 8;

/** Exactly five lines. */
export function bannerText(start: Start): string {
  const rows = [
    ["weir", `${start.version} on ${start.runtime}`],
    ["configuration", start.configuration],
    ["listening", listeners(start.sockets)],
    ["dashboard", start.link ?? "off"],
    ["stop", `Ctrl-C at once, kill -QUIT ${start.pid} gracefully, kill -HUP ${start.pid} reloads`],
  ];
  return rows.map(([name = "", text = ""]) => `${name.padEnd(15)}${text}\n`).join("");
}

/** The one line that is printed without a banner. */
export function linkText(link: string): string {
  return `weir dashboard: ${link}\n`;
}

function listeners(sockets: Start["sockets"]): string {
  if (sockets.length === 0) return "nothing";
  const named = sockets.slice(0, MAX_NAMED)
    .map(({ address, target }) => `${formatAddress(address)} -> ${target.name}`);
  const more = sockets.length - named.length;
  return named.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
