import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { HEADER_DICTIONARY } from './dictionary.ts';
import { decodeHeaders, encodeHeaders } from './frames.ts';

/** The headers of one connection: each direction is one zlib stream from its first block to its last. */
export interface HeaderCodec {
  /** Rejects when the block is not zlib's or grows beyond a sane size; the connection is of no use then. */
  decode(block: Buffer): Promise<Map<string, string>>;
  encode(headers: ReadonlyMap<string, string>): Promise<Buffer>;
  close(): void;
}

const MAX_BYTES = 64 * 1024;

/** A codec for a fresh connection. Calls must come one after the other, in the order of the frames. */
export function createHeaderCodec(): HeaderCodec {
  const inflate = createInflate({ dictionary: HEADER_DICTIONARY });
  const deflate = createDeflate({ dictionary: HEADER_DICTIONARY });
  // An error may be told after the block that it came with has been given up; unheard, it would end the whole process.
  for (const codec of [inflate, deflate]) codec.on('error', () => undefined);
  return {
    decode: async (block) => decodeHeaders(await pass(inflate, block)),
    encode: (headers) => pass(deflate, encodeHeaders(headers)),
    close: () => {
      inflate.close();
      deflate.close();
    },
  };
}

function pass(codec: Inflate | Deflate, block: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_BYTES) codec.destroy(new Error('a block of SPDY headers is too long'));
    };
    const over = (error?: Error | null) => {
      codec.off('data', take).off('error', over).off('close', over);
      const broken = error ?? codec.errored ?? (codec.destroyed ? new Error('the SPDY connection is over') : undefined);
      if (broken === undefined) resolve(Buffer.concat(chunks));
      else reject(broken);
    };
    if (codec.destroyed) {
      over();
      return;
    }
    codec.on('data', take).once('error', over).once('close', over);
    codec.write(block);
    codec.flush(constants.Z_SYNC_FLUSH, () => over());
  });
}
