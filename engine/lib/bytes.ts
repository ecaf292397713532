/** Byte strings: text in which every char stands for one byte, so that any bytes pass unchanged. */

const decoder = new TextDecoder("utf-8");
const encoder = new TextEncoder();
const CHUNK = 8192;

/** Bytes as a byte string. */
export function fromBytes(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return text;
}

/** A byte string as bytes; chars above 255 cannot occur in one and lose their upper bits. */
export function toBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** For people: a byte string read as UTF-8. */
export function readable(text: string): string {
  return isAscii(text) ? text : decoder.decode(toBytes(text));
}

/** Text of people (a command line, a host's message) as a byte string of its UTF-8. */
export function byteString(text: string): string {
  return isAscii(text) ? text : fromBytes(encoder.encode(text));
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) > 127) return false;
  }
  return true;
}
