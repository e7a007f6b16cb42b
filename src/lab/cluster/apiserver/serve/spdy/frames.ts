/** Types of control frames that are looked at; SETTINGS, HEADERS, WINDOW_UPDATE and unknown ones are passed over. */
export const FRAME = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, goAway: 7 } as const;

/** The sender of this frame sends no more on its stream. */
export const FLAG_FIN = 0x01;

/** Why a stream is reset (SPDY/3.1, section 2.6.3). */
export const RESET = { protocolError: 1, refused: 3, cancel: 5 } as const;

/** One frame as it is on the wire, taken apart. */
export type Frame =
  | { readonly kind: 'control'; readonly type: number; readonly flags: number; readonly body: Buffer }
  | { readonly kind: 'data'; readonly streamId: number; readonly flags: number; readonly body: Buffer };

const HEADER_BYTES = 8;
const VERSION = 3;

/** Puts frames together from whatever pieces they come in. `next` answers undefined until the next one is whole. */
export interface FrameReader {
  add(chunk: Buffer): void;
  next(): Frame | undefined;
}

/** A reader that has seen nothing. Its `next` throws when a frame is longer than `maxBytes`. */
export function createFrameReader(maxBytes: number): FrameReader {
  let rest: Buffer = Buffer.alloc(0);
  return {
    add: (chunk) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    },
    next: () => {
      if (rest.length < HEADER_BYTES) return undefined;
      const length = rest.readUIntBE(5, 3);
      if (length > maxBytes) throw new Error(`a SPDY frame of ${length} bytes is too long`);
      if (rest.length < HEADER_BYTES + length) return undefined;
      const head = rest.readUInt32BE(0);
      const flags = rest.readUInt8(4);
      const body = rest.subarray(HEADER_BYTES, HEADER_BYTES + length);
      rest = rest.subarray(HEADER_BYTES + length);
      if (head < 0x80000000) return { kind: 'data', streamId: head, flags, body };
      return { kind: 'control', type: head & 0xffff, flags, body };
    },
  };
}

/** Bytes of a stream; with `FLAG_FIN` the last ones. */
export function dataFrame(streamId: number, flags: number, content: Uint8Array): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt32BE(streamId);
  head.writeUInt32BE(flags * 2 ** 24 + content.length, 4);
  return Buffer.concat([head, content]);
}

/** A control frame of version 3. */
export function controlFrame(type: number, flags: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt16BE(0x8000 | VERSION);
  head.writeUInt16BE(type, 2);
  head.writeUInt32BE(flags * 2 ** 24 + body.length, 4);
  return Buffer.concat([head, body]);
}

/** Numbers of four bytes each, as the bodies of most control frames are. */
export function words(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4);
  for (const [index, number] of numbers.entries()) bytes.writeUInt32BE(number, index * 4);
  return bytes;
}

/** A block of headers before compression: names in lower case. */
export function encodeHeaders(headers: ReadonlyMap<string, string>): Buffer {
  const parts = [words(headers.size)];
  for (const pair of headers) {
    for (const text of pair) {
      const bytes = Buffer.from(text);
      parts.push(words(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

/** The opposite of {@link encodeHeaders}. Throws when the block is cut short. */
export function decodeHeaders(block: Buffer): Map<string, string> {
  let at = 0;
  const number = () => {
    at += 4;
    return block.readUInt32BE(at - 4);
  };
  const text = () => {
    const length = number();
    if (at + length > block.length) throw new RangeError('a SPDY header block ends too early');
    at += length;
    return block.toString('utf8', at - length, at);
  };
  const headers = new Map<string, string>();
  for (let left = number(); left > 0; left -= 1) {
    const name = text().toLowerCase();
    headers.set(name, text());
  }
  return headers;
}
