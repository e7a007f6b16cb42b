import type { IncomingMessage } from 'node:http';
import { KeyferryError } from '#base';

/** Reads a request's whole body. Throws `resource-exhausted` (HTTP 413 at the edge) once it is larger than `limitBytes`. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) {
      throw new KeyferryError('resource-exhausted', `the request body is larger than ${limitBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
