import { putNewest, type Issue } from '#base';
import type { MisspeltField } from './object-fields.ts';
import { parseObjects, type ObjectSpec } from './object-spec.ts';

/** Parses an `objects` text; as {@link parseObjects}. */
export type ObjectsParser = (text: string, issues: Issue[], ignored?: MisspeltField[]) => readonly ObjectSpec[];

const MAX_TEXTS = 64;
/** A text that is longer is parsed anew each time: it is rare, and would be kept for long. */
const MAX_LENGTH = 16 * 1024;

/**
 * {@link parseObjects} that keeps what it made of the texts that it saw last, as all pods of a class have one text: reading
 * its YAML takes longer than all the rest of a mount's parameters. Texts with something wrong in them are not kept.
 */
export function createObjectsParser(): ObjectsParser {
  const known = new Map<string, readonly ObjectSpec[]>();
  return (text, issues, ignored = []) => {
    const kept = known.get(text);
    if (kept !== undefined) return kept;
    const before = issues.length + ignored.length;
    const parsed = parseObjects(text, issues, ignored);
    if (issues.length + ignored.length === before && text.length <= MAX_LENGTH) {
      putNewest(known, text, parsed, MAX_TEXTS);
    }
    return parsed;
  };
}
