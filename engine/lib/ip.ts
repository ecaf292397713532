/** IP address literals as bytes, and bytes as canonical literals. */

/** 4 or 16 bytes of an IPv4 or IPv6 literal (no brackets, no zone), undefined for anything else. */
export function parseIp(text: string): Uint8Array | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** 4 bytes of "192.0.2.1". Leading zeros are decimal, as nginx reads them. */
export function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split(".", 5);
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [at, part] of parts.entries()) {
    if (!/^\d+$/.test(part) || Number(part) > 255) return undefined;
    bytes[at] = Number(part);
  }
  return bytes;
}

/** Groups of a run without "::"; the last word of the address may be a dotted IPv4 one. */
function groupsOf(text: string, isEnd: boolean): readonly number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const words = text.split(":", 9);
  for (const [at, word] of words.entries()) {
    if (isEnd && at === words.length - 1 && word.includes(".")) {
      const ipv4 = parseIpv4(word);
      if (ipv4 === undefined) return undefined;
      const [a = 0, b = 0, c = 0, d = 0] = ipv4;
      groups.push(a * 256 + b, c * 256 + d);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(word)) {
      groups.push(parseInt(word, 16));
    } else return undefined;
  }
  return groups;
}

/** 16 bytes of "2001:db8::1". */
export function parseIpv6(text: string): Uint8Array | undefined {
  const gap = text.indexOf("::");
  const head = groupsOf(gap < 0 ? text : text.slice(0, gap), gap < 0);
  const tail = gap < 0 ? [] : groupsOf(text.slice(gap + 2), true);
  if (head === undefined || tail === undefined) return undefined;
  const given = head.length + tail.length;
  if (gap < 0 ? given !== 8 : given > 7) return undefined;
  const bytes = new Uint8Array(16);
  const groups = [...head, ...new Array<number>(8 - given).fill(0), ...tail];
  for (const [at, group] of groups.entries()) {
    bytes[2 * at] = group >> 8;
    bytes[2 * at + 1] = group & 255;
  }
  return bytes;
}

/** The canonical text (RFC 5952) of 4 or 16 bytes. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const ipv4 = unmapped(bytes);
  if (ipv4.length === 4) return `::ffff:${ipv4.join(".")}`;
  const groups: number[] = [];
  for (let at = 0; at < 16; at += 2) groups.push((bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0));
  const [start, length] = longestZeros(groups);
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

function hex(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(":");
}

/** Start and length of the first longest run of zero groups. */
function longestZeros(groups: readonly number[]): readonly [number, number] {
  let best: readonly [number, number] = [0, 0];
  let length = 0;
  for (const [at, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best[1]) best = [at - length + 1, length];
  }
  return best;
}

/** The IPv4 bytes inside an IPv4-mapped IPv6 address; any other address as it is. */
export function unmapped(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== 16) return bytes;
  const isMapped = bytes[10] === 255 && bytes[11] === 255 &&
    bytes.subarray(0, 10).every((byte) => byte === 0);
  return isMapped ? bytes.subarray(12) : bytes;
}
