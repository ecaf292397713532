/** The first flight of TLS: what a ClientHello asks for (RFC 8446, 4.1.2; RFC 6066, 3; RFC 7301). */
import { fromBytes } from "./bytes.ts";

export interface ClientHello {
  /** Highest version offered, as on the wire: 0x0303 is TLS 1.2. */
  readonly version: number;
  /** "" without the extension. */
  readonly serverName: string;
  readonly alpn: readonly string[];
}

/** "more": the hello is not complete yet; "other": these bytes are no ClientHello. */
export type HelloParse = ClientHello | "more" | "other";

const RECORD_HEAD = 5;
const HANDSHAKE = 0x16;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ALPN = 16;
const SUPPORTED_VERSIONS = 43;
/** Versions that a list may name beside the ones made up to keep servers tolerant. */
const KNOWN_VERSIONS = [0x0304, 0x0303, 0x0302, 0x0301, 0x0300];

/** Thrown inside: a length that points behind the end. */
class Malformed extends Error {}

/** Reads numbers and vectors from bytes. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  number(size: 1 | 2 | 3): number {
    let value = 0;
    for (const byte of this.bytes(size)) value = value * 256 + byte;
    return value;
  }

  bytes(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new Malformed();
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  /** Bytes behind their length. */
  vector(size: 1 | 2): Uint8Array {
    return this.bytes(this.number(size));
  }
}

/** Looks at the start of a connection; the bytes stay as they are. */
export function parseClientHello(bytes: Uint8Array): HelloParse {
  if (bytes.length < RECORD_HEAD) return "more";
  const isV2 = ((bytes[0] ?? 0) & 0x80) !== 0 && bytes[2] === CLIENT_HELLO;
  if (isV2 && bytes[3] === 3) {
    return { version: 0x0300 + (bytes[4] ?? 0), serverName: "", alpn: [] };
  }
  if (isV2 && bytes[3] === 0) return { version: 2, serverName: "", alpn: [] };
  const message = joinRecords(bytes);
  if (typeof message === "string") return message;
  try {
    return readHello(new Reader(message));
  } catch (error) {
    if (error instanceof Malformed) return "other";
    throw error;
  }
}

/** The handshake message, which may span records; whole records only, as nginx reads them. */
function joinRecords(bytes: Uint8Array): Uint8Array | "more" | "other" {
  const parts: number[] = [];
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] !== HANDSHAKE) return "other";
    if (at + RECORD_HEAD > bytes.length) return "more";
    if (bytes[at + 1] !== 3) return "other";
    const end = at + RECORD_HEAD + (bytes[at + 3] ?? 0) * 256 + (bytes[at + 4] ?? 0);
    if (end > bytes.length) return "more";
    parts.push(...bytes.subarray(at + RECORD_HEAD, end));
    if (parts.length > 0 && parts[0] !== CLIENT_HELLO) return "other";
    const [, high = 0, middle = 0, low = 0] = parts;
    const length = 4 + high * 65_536 + middle * 256 + low;
    if (parts.length >= length && parts.length >= 4) return Uint8Array.from(parts.slice(4, length));
    at = end;
  }
  return "more";
}

function readHello(hello: Reader): ClientHello | "other" {
  let version = hello.number(2);
  hello.bytes(32); // random
  hello.vector(1); // session
  hello.vector(2); // ciphers
  hello.vector(1); // compression
  let serverName = "";
  let alpn: readonly string[] = [];
  if (hello.isAtEnd) return { version, serverName, alpn };
  const extensions = new Reader(hello.vector(2));
  while (!extensions.isAtEnd) {
    const type = extensions.number(2);
    const body = new Reader(extensions.vector(2));
    if (type === SERVER_NAME) {
      const list = new Reader(body.vector(2));
      if (list.number(1) !== 0) return "other"; // not a DNS name
      serverName = fromBytes(list.vector(2));
    } else if (type === ALPN) alpn = readProtocols(new Reader(body.vector(2)));
    else if (type === SUPPORTED_VERSIONS) {
      version = bestVersion(new Reader(body.vector(1))) ?? version;
    }
  }
  return { version, serverName, alpn };
}

function readProtocols(list: Reader): readonly string[] {
  const names: string[] = [];
  while (!list.isAtEnd) {
    const name = fromBytes(list.vector(1));
    if (name === "") throw new Malformed();
    names.push(name);
  }
  return names;
}

function bestVersion(list: Reader): number | undefined {
  const offered = new Set<number>();
  while (!list.isAtEnd) offered.add(list.number(2));
  return KNOWN_VERSIONS.find((version) => offered.has(version));
}

const NAMES: Readonly<Record<number, string>> = {
  0x0002: "SSLv2",
  0x0300: "SSLv3",
  0x0301: "TLSv1",
  0x0302: "TLSv1.1",
  0x0303: "TLSv1.2",
  0x0304: "TLSv1.3",
};

/** OpenSSL's name of a version; "" for one that has none. */
export function versionName(version: number): string {
  return NAMES[version] ?? "";
}
