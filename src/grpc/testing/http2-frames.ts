import { createAuthorityRewriter } from '../any-authority.ts';

/** What a client of HTTP/2 begins with. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** The flag of headers that are whole. */
export const END_HEADERS = 0x04;

/** A frame of the stream 1. */
export function frame(type: number, flags: number, payload: readonly number[]): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(1, 5);
  return Buffer.concat([header, Buffer.from(payload)]);
}

/** What a server gets of a client's bytes, which come in these chunks. */
export function rewrite(...chunks: readonly Buffer[]): Buffer {
  const rewriter = createAuthorityRewriter();
  return Buffer.concat(chunks.map(rewriter));
}
