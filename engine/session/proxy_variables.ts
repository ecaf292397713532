/** `$proxy_protocol_*`: what a client's PROXY header said. Not found without one that has addresses. */
import { fromBytes } from "../lib/bytes.ts";
import { findTlv } from "../lib/proxy_protocol.ts";
import type { Session } from "./session.ts";

export const proxyProtocolVariables = {
  proxy_protocol_addr: ({ proxyHeader }: Session) => proxyHeader?.source.host,
  proxy_protocol_port: ({ proxyHeader }: Session) => portText(proxyHeader?.source.port),
  proxy_protocol_server_addr: ({ proxyHeader }: Session) => proxyHeader?.destination.host,
  proxy_protocol_server_port: ({ proxyHeader }: Session) => portText(proxyHeader?.destination.port),
};

const TYPES: Readonly<Record<string, number>> = {
  alpn: 0x01,
  authority: 0x02,
  unique_id: 0x05,
  ssl: 0x20,
  netns: 0x30,
};

/** Inside the value of `ssl`. */
const SSL_TYPES: Readonly<Record<string, number>> = {
  version: 0x21,
  cn: 0x22,
  cipher: 0x23,
  sig_alg: 0x24,
  key_alg: 0x25,
};

/** Client bits and the result of verification stand before the inner list. */
const SSL_HEAD = 5;

function portText(port: number | undefined): string | undefined {
  return port === undefined ? undefined : String(port);
}

function typeOf(name: string, types: Readonly<Record<string, number>>): number | undefined {
  const hex = /^0x([\da-f]+)$/.exec(name)?.[1];
  if (hex !== undefined) return parseInt(hex, 16) > 255 ? undefined : parseInt(hex, 16);
  return types[name];
}

/** `$proxy_protocol_tlv_NAME`; `name` is in lower case. */
export function tlvText(session: Session, _conf: unknown, name: string): string | undefined {
  const tlvs = session.proxyHeader?.tlvs;
  if (tlvs === undefined || tlvs.length === 0) return undefined;
  const isInner = name.startsWith("ssl_");
  const type = isInner ? typeOf(name.slice(4), SSL_TYPES) : typeOf(name, TYPES);
  if (type === undefined && name !== "ssl_verify") {
    session.log("error", `unknown PROXY protocol TLV "${name}"`);
    return undefined;
  }
  const outer = findTlv(tlvs, isInner ? 0x20 : type ?? 0);
  const value = isInner && outer instanceof Uint8Array ? inner(outer, type) : outer;
  if (value === "broken") session.log("error", "broken PROXY protocol TLV");
  if (typeof value === "number") return String(value);
  return value instanceof Uint8Array ? fromBytes(value) : undefined;
}

/** A part of the `ssl` value; the number is the result of verification. */
function inner(ssl: Uint8Array, type: number | undefined): ReturnType<typeof findTlv> | number {
  if (ssl.length < SSL_HEAD) return "broken";
  if (type !== undefined) return findTlv(ssl.subarray(SSL_HEAD), type);
  return new DataView(ssl.buffer, ssl.byteOffset).getUint32(1);
}
