/** CRC-32 (IEEE 802.3, reflected), whole or in steps, over byte strings. */

const TABLE = makeTable();

function makeTable(): Uint32Array {
  const table = new Uint32Array(256);
  for (let value = 0; value < 256; value++) {
    let crc = value;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    table[value] = crc;
  }
  return table;
}

/** State before the first byte. */
export const CRC32_START = 0xffffffff;

export function crc32Step(state: number, text: string): number {
  let crc = state;
  for (let at = 0; at < text.length; at++) crc = crc32Byte(crc, text.charCodeAt(at));
  return crc;
}

/** The four bytes of a 32-bit number, lowest first. */
export function crc32StepUint32(state: number, value: number): number {
  let crc = state;
  for (let shift = 0; shift < 32; shift += 8) crc = crc32Byte(crc, value >>> shift);
  return crc;
}

/** The checksum of a state, 0 to 2^32 - 1. */
export function crc32End(state: number): number {
  return (state ^ 0xffffffff) >>> 0;
}

export function crc32(text: string): number {
  return crc32End(crc32Step(CRC32_START, text));
}

function crc32Byte(crc: number, byte: number): number {
  return (TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8); // the index is one byte
}
