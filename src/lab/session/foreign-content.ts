import { existsSync, readdirSync } from 'node:fs';
import type { StateFolder } from './state-folder.ts';

/** The root of an empty ext4 disk has it. */
const NOBODYS = new Set(['lost+found']);

/**
 * The name of something in a folder that is not empty and was never a lab's; undefined where a lab may live. A lab takes
 * its folder for itself alone: it closes it to others and writes `bin`, `home`, `tls` and more, so a project or a home that
 * is named by mistake must not become one.
 */
export function foreignContent(folder: StateFolder): string | undefined {
  const content = readdirSync(folder.root).filter((name) => !NOBODYS.has(name));
  // A lab's log comes first of all; whoever removes it leaves the authority's certificate.
  if (content.length === 0 || existsSync(folder.logFile) || existsSync(folder.caFile)) return undefined;
  return content.sort()[0];
}
