import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The licence that comes with this process's Node, which has those of all that is built in: beside `bin` in Node's own archives
 * and images, in the package's documentation on Debian. Throws where it is in neither place.
 */
export function licenceOfNode(): string {
  const prefix = dirname(dirname(process.execPath));
  const places = [
    join(prefix, 'LICENSE'),
    join(prefix, 'share/doc/nodejs/LICENSE'),
    join(prefix, 'share/doc/nodejs/copyright'),
  ];
  for (const place of places) {
    try {
      const text = readFileSync(place, 'utf8');
      if (/Node\.js is licensed/.test(text)) return text;
    } catch {
      // Not there: the next.
    }
  }
  throw new Error(`the licence of Node is not at ${places.join(' or ')}, and the image needs it`);
}
