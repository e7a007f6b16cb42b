import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';

/**
 * Reads a text file of the node whose path came from a class, so from anybody who may write one. Only a regular file is
 * opened: a pipe would hold one of the few threads that file calls have for ever, a device may do anything. At most
 * `maxBytes` are read, whatever its size says: those of /proc say 0. Throws with a reason that names no content.
 */
export async function readSmallFile(path: string, maxBytes: number): Promise<string> {
  if (!(await stat(path)).isFile()) throw new Error('not a regular file');
  // Not blocking, in case it has been replaced by a pipe since.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) throw new Error('not a regular file');
    const buffer = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (let got = -1; got !== 0 && length < buffer.length; length += got) {
      got = (await file.read(buffer, length, buffer.length - length)).bytesRead;
    }
    if (length > maxBytes) throw new Error(`larger than ${maxBytes} bytes`);
    return buffer.toString('utf8', 0, length);
  } finally {
    await file.close();
  }
}
