import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';

/**
 * Lets clients in whose `:authority` is a path. Upstream's driver up to 1.5 dials its providers with the socket's path, and
 * Go sends that; Node's HTTP/2 takes it for a protocol error and cannot be told otherwise. On a unix socket the authority
 * means nothing, so each is replaced by one letter on its way in (RFC 9113 frames, RFC 7541 header blocks). One letter,
 * because a header that is longer than what the client sent would leave the table of known headers sooner here than there.
 */
export function anyAuthority(socket: Socket): Duplex {
  const rewrite = createAuthorityRewriter();
  const stream = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk: Buffer) => {
    if (!stream.push(rewrite(chunk))) socket.pause();
  });
  socket.on('end', () => stream.push(null));
  socket.on('error', (error) => stream.destroy(error));
  socket.on('close', () => stream.destroy());
  return stream;
}

const PREFACE_LENGTH = 24;
const FRAME_HEADER_LENGTH = 9;
const HEADERS = 1;
const PADDED = 0x08;
const PRIORITY = 0x20;
const NOTHING = Buffer.alloc(0);

/** Takes a client's bytes as they come, and answers them with each `:authority` replaced; holds back what is half a frame. */
export function createAuthorityRewriter(): (chunk: Buffer) => Buffer {
  let waiting: Buffer = NOTHING;
  let prefaceLeft = PREFACE_LENGTH;
  return (chunk) => {
    const done: Buffer[] = [];
    let rest = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    if (prefaceLeft > 0) {
      const taken = rest.subarray(0, prefaceLeft);
      prefaceLeft -= taken.length;
      done.push(taken);
      rest = rest.subarray(taken.length);
    }
    while (rest.length >= FRAME_HEADER_LENGTH) {
      const end = FRAME_HEADER_LENGTH + rest.readUIntBE(0, 3);
      if (rest.length < end) break;
      const frame = rest.subarray(0, end);
      done.push(frame[3] === HEADERS ? rewriteHeaders(frame) : frame);
      rest = rest.subarray(end);
    }
    waiting = rest;
    return done.length === 1 ? (done[0] ?? NOTHING) : Buffer.concat(done);
  };
}

function rewriteHeaders(frame: Buffer): Buffer {
  const flags = frame[4] ?? 0;
  const start = FRAME_HEADER_LENGTH + (flags & PADDED ? 1 : 0) + (flags & PRIORITY ? 5 : 0);
  const value = findAuthority(frame, start);
  if (value === undefined) return frame;
  const length = frame.length - FRAME_HEADER_LENGTH - (value.end - value.start) + AUTHORITY.length;
  const header = Buffer.from(frame.subarray(0, FRAME_HEADER_LENGTH));
  header.writeUIntBE(length, 0, 3);
  return Buffer.concat([
    header,
    frame.subarray(FRAME_HEADER_LENGTH, value.start),
    AUTHORITY,
    frame.subarray(value.end),
  ]);
}

/** A string of one letter, not Huffman coded. */
const AUTHORITY = Buffer.from([1, 'l'.charCodeAt(0)]);
/** `:authority` in the static table (RFC 7541, appendix A). */
const AUTHORITY_INDEX = 1;

/** Where the value of a literal `:authority` stands in a header block; undefined where there is none, or an empty one. */
function findAuthority(block: Buffer, start: number): { readonly start: number; readonly end: number } | undefined {
  let at = start;
  while (at < block.length) {
    const first = block[at] ?? 0;
    if (first >= 0x80) {
      at = readInteger(block, at, 7).end; // an indexed field
      continue;
    }
    if (first >= 0x20 && first < 0x40) {
      at = readInteger(block, at, 5).end; // a new size of the table
      continue;
    }
    const index = readInteger(block, at, first >= 0x40 ? 6 : 4);
    const valueAt = index.value === 0 ? endOfString(block, index.end) : index.end;
    const end = endOfString(block, valueAt);
    if (index.value === AUTHORITY_INDEX) {
      return end <= block.length && end > valueAt + 1 ? { start: valueAt, end } : undefined;
    }
    at = end;
  }
  return undefined;
}

function endOfString(block: Buffer, at: number): number {
  const { value, end } = readInteger(block, at, 7);
  return end + value;
}

/** RFC 7541, section 5.1. What is cut off or too large ends beyond the block. */
function readInteger(block: Buffer, at: number, prefixBits: number): { readonly value: number; readonly end: number } {
  const mask = 2 ** prefixBits - 1;
  let value = (block[at] ?? 0) & mask;
  if (value < mask) return { value, end: at + 1 };
  for (let next = at + 1, factor = 1; next < block.length && factor <= 2 ** 21; next += 1, factor *= 128) {
    const byte = block[next] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, end: next + 1 };
  }
  return { value: 0, end: block.length + 1 };
}
