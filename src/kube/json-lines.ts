import { KeyferryError } from '#base';

const MAX_LINE_BYTES = 16 * 1024 * 1024;

/**
 * The JSON values of a stream that has one a line. A part of a line at the end, left by a broken connection, is dropped.
 * Throws `unavailable` for a line that is no JSON, and `resource-exhausted` for one that does not end.
 */
export async function* readJsonLines(stream: AsyncIterable<Buffer>): AsyncGenerator {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const line = Buffer.concat([...pending, chunk.subarray(start, end)]).toString('utf8');
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (line.trim() !== '') yield parseLine(line);
    }
    pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    if (pendingBytes > MAX_LINE_BYTES) {
      throw new KeyferryError('resource-exhausted', `a watch event is larger than ${MAX_LINE_BYTES} bytes`);
    }
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    // The line may hold a Secret: it is not told, nor is the reason, which quotes it.
    throw new KeyferryError('unavailable', 'a watch event is no JSON');
  }
}
