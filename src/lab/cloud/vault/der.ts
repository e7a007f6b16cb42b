/** DER by hand (ITU-T X.690): what certificates, requests and PKCS#12 files are written with. */

const TAGS = { integer: 0x02, bitString: 0x03, octetString: 0x04, null: 0x05, oid: 0x06, sequence: 0x30, set: 0x31 };

/** One element: tag, length, content. */
export function element(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

/** SEQUENCE. */
export function sequence(...parts: readonly Buffer[]): Buffer {
  return element(TAGS.sequence, Buffer.concat(parts));
}

/** SET of one kind of elements, in the order that DER wants. */
export function setOf(...parts: readonly Buffer[]): Buffer {
  return element(TAGS.set, Buffer.concat([...parts].sort(Buffer.compare)));
}

/** INTEGER that is not negative, from its big-endian bytes or a small number. */
export function integer(value: Buffer | number): Buffer {
  const bytes = typeof value === 'number' ? numberBytes(value) : value;
  const significant = bytes.subarray(Math.min(bytes.findIndex((byte) => byte !== 0) >>> 0, bytes.length - 1));
  const negative = ((significant[0] ?? 0) & 0x80) !== 0;
  return element(TAGS.integer, negative ? Buffer.concat([Buffer.from([0]), significant]) : significant);
}

/** OCTET STRING. */
export function octetString(content: Buffer): Buffer {
  return element(TAGS.octetString, content);
}

/** BIT STRING of whole bytes. */
export function bitString(content: Buffer): Buffer {
  return element(TAGS.bitString, Buffer.concat([Buffer.from([0]), content]));
}

/** NULL. */
export function nothing(): Buffer {
  return element(TAGS.null, Buffer.alloc(0));
}

/** OBJECT IDENTIFIER from its dotted form, whose arcs are below 2^31. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(TAGS.oid, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

/** [n], constructed and explicit. */
export function explicit(n: number, content: Buffer): Buffer {
  return element(0xa0 | n, content);
}

/** A time of a certificate: UTCTime until 2049, GeneralizedTime from then on (RFC 5280, section 4.1.2.5). */
export function time(unixSeconds: number): Buffer {
  const digits = new Date(unixSeconds * 1000).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return Number(digits.slice(0, 4)) < 2050
    ? element(0x17, Buffer.from(digits.slice(2)))
    : element(0x18, Buffer.from(digits));
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = numberBytes(length);
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

function numberBytes(value: number): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}

function base128(arc: number): number[] {
  const bytes = [arc & 0x7f];
  for (let rest = arc >>> 7; rest > 0; rest >>>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}
