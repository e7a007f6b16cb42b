import type { IncomingMessage } from 'node:http';
import { KeyferryError } from '#base';

/**
 * Reads a request's whole body. Throws `resource-exhausted` (HTTP 413 at the edge) once it is larger than `limitBytes`, and
 * `aborted` when the client goes before its end.
 */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes) {
        throw new KeyferryError('resource-exhausted', `the request body is larger than ${limitBytes} bytes`);
      }
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof KeyferryError) throw error;
    throw new KeyferryError('aborted', 'the request ended before its body', { cause: error });
  }
  return Buffer.concat(chunks);
}
