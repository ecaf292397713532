/** MurmurHash2 (Austin Appleby, public domain), 32 bits with seed 0, over byte strings. */

const M = 0x5bd1e995;

export function murmur2(text: string): number {
  const { length } = text;
  let hash = length | 0;
  let at = 0;
  for (; length - at >= 4; at += 4) {
    let part = wordAt(text, at);
    part = Math.imul(part, M);
    part = Math.imul(part ^ (part >>> 24), M);
    hash = Math.imul(hash, M) ^ part;
  }
  if (length > at) {
    for (let left = length - at - 1; left >= 0; left--) {
      hash ^= text.charCodeAt(at + left) << (8 * left);
    }
    hash = Math.imul(hash, M);
  }
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Four bytes as a number, lowest first. */
function wordAt(text: string, at: number): number {
  return text.charCodeAt(at) | text.charCodeAt(at + 1) << 8 | text.charCodeAt(at + 2) << 16 |
    text.charCodeAt(at + 3) << 24;
}
