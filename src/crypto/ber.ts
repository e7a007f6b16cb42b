import { KeyferryError } from '#base';

/** One value of a BER encoding (ITU-T X.690), with identifiers of one byte: more than PKCS#12, PKCS#8 and X.509 need. */
export interface BerValue {
  /** The identifier byte: class, whether it is constructed, and the number. */
  readonly tag: number;
  /** The whole encoding. */
  readonly raw: Buffer;
  /** The bytes of a primitive value; empty for a constructed one. */
  readonly content: Buffer;
  /** The values of a constructed value; empty for a primitive one. */
  readonly children: readonly BerValue[];
}

/** The identifier bytes that are looked for by name. */
export const BER_TAGS = { integer: 0x02, octets: 0x04, oid: 0x06, sequence: 0x30, set: 0x31 } as const;

const CONSTRUCTED = 0x20;
const LONG_TAG = 0x1f;
const INDEFINITE = 0x80;

/** Real files have a depth of about 10. */
const MAX_DEPTH = 32;
/** Real files have some hundred values. */
const MAX_VALUES = 20_000;

/** Reads `bytes` as one BER value, DER being a form of it. Throws `failed-precondition` when they are not, or too deep or too many. */
export function readBer(bytes: Uint8Array): BerValue {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = { values: 0 };
  const value = readValue(buffer, 0, buffer.length, 0, count);
  if (value.raw.length !== buffer.length) throw notBer('there are bytes behind its end');
  return value;
}

function readValue(bytes: Buffer, start: number, limit: number, depth: number, count: { values: number }): BerValue {
  count.values += 1;
  if (depth > MAX_DEPTH) throw notBer(`it is nested deeper than ${MAX_DEPTH}`);
  if (count.values > MAX_VALUES) throw notBer(`it has more than ${MAX_VALUES} values`);
  const tag = byteAt(bytes, start, limit);
  if ((tag & LONG_TAG) === LONG_TAG) throw notBer('it has an identifier of more than one byte');
  const constructed = (tag & CONSTRUCTED) !== 0;
  const first = byteAt(bytes, start + 1, limit);
  let at = start + 2;
  if (first === INDEFINITE) {
    if (!constructed) throw notBer('a primitive value has no length');
    const children: BerValue[] = [];
    for (;;) {
      if (byteAt(bytes, at, limit) === 0 && byteAt(bytes, at + 1, limit) === 0) break;
      const child = readValue(bytes, at, limit, depth + 1, count);
      children.push(child);
      at += child.raw.length;
    }
    return { tag, raw: bytes.subarray(start, at + 2), content: bytes.subarray(at, at), children };
  }
  let length = first;
  if (first > INDEFINITE) {
    const size = first & 0x7f;
    if (size > 4) throw notBer('a length has more than 4 bytes');
    length = 0;
    for (let index = 0; index < size; index += 1) length = length * 256 + byteAt(bytes, at + index, limit);
    at += size;
  }
  const end = at + length;
  if (end > limit) throw notBer('it is cut off');
  if (!constructed) return { tag, raw: bytes.subarray(start, end), content: bytes.subarray(at, end), children: [] };
  const children: BerValue[] = [];
  while (at < end) {
    const child = readValue(bytes, at, end, depth + 1, count);
    children.push(child);
    at += child.raw.length;
  }
  return { tag, raw: bytes.subarray(start, end), content: bytes.subarray(end, end), children };
}

/** The bytes of an octet string, also one in pieces. `tag` is its identifier where it is an implicit one. */
export function octetsOf(value: BerValue | undefined, tag: number = BER_TAGS.octets): Buffer {
  if (value?.tag === tag) return value.content;
  if (value?.tag !== (tag | CONSTRUCTED)) throw notBer('an octet string is missing');
  return Buffer.concat(value.children.map((piece) => octetsOf(piece)));
}

/** The dotted form of an object identifier. */
export function oidOf(value: BerValue | undefined): string {
  if (value?.tag !== BER_TAGS.oid || value.content.length > 64) throw notBer('an object identifier is missing');
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of value.content) {
    arc = arc * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [head = 0, ...rest] = arcs;
  const root = Math.min(Math.floor(head / 40), 2);
  return [root, head - root * 40, ...rest].join('.');
}

/** A whole number from 0 to 2^31 - 1. */
export function integerOf(value: BerValue | undefined): number {
  const content = value?.tag === BER_TAGS.integer ? value.content : undefined;
  if (content === undefined || content.length === 0 || content.length > 5) throw notBer('a small number is missing');
  const number = content.readIntBE(0, content.length);
  if (number < 0 || number > 0x7f_ff_ff_ff) throw notBer('a number is out of range');
  return number;
}

/** The values of a sequence. */
export function sequenceOf(value: BerValue | undefined): readonly BerValue[] {
  if (value?.tag !== BER_TAGS.sequence) throw notBer('a sequence is missing');
  return value.children;
}

/** The DER encoding of a value whose content is `parts`. */
export function renderDer(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const size = Math.ceil((32 - Math.clz32(content.length)) / 8);
  const length = Buffer.alloc(size);
  length.writeUIntBE(content.length, 0, size);
  return Buffer.concat([Buffer.from([tag, 0x80 | size]), length, content]);
}

function byteAt(bytes: Buffer, at: number, limit: number): number {
  const byte = at < limit ? bytes[at] : undefined;
  if (byte === undefined) throw notBer('it is cut off');
  return byte;
}

function notBer(why: string): KeyferryError {
  return new KeyferryError('failed-precondition', `not a valid PKCS#12 or X.509 encoding: ${why}`);
}
