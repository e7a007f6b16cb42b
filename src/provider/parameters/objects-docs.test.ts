import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Issue } from '#base';
import { OBJECT_FIELDS } from './object-fields.ts';
import { parseObjects } from './object-spec.ts';

const page = readFileSync(new URL('../../../docs/objects.md', import.meta.url), 'utf8');

/** The entries in the page's examples, each example as the text of an `objects`. */
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].flatMap(([, text = '']) => {
  const whole = /objects: \|\n([\s\S]*)/.exec(text)?.[1];
  if (whole !== undefined) return [whole.replace(/^ {6}/gm, '')];
  return text.startsWith('- ') ? [`array:\n${text.replace(/^/gm, '  ')}`] : [];
});

describe('docs/objects.md', () => {
  it('has a row for each field, and no others', () => {
    const table = /## Fields\n([\s\S]*?)\n## /.exec(page)?.[1] ?? '';
    const rows = [...table.matchAll(/^\| `([A-Za-z]+)`/gm)].map(([, field = '']) => field);
    expect(rows.toSorted()).toEqual([...OBJECT_FIELDS].toSorted());
  });

  it.each(examples.map((text, index) => [index + 1, text] as const))(
    'has an example %i that is taken',
    (_nth, text) => {
      const issues: Issue[] = [];
      expect(parseObjects(text, issues).length).toBeGreaterThan(0);
      expect(issues).toEqual([]);
    },
  );
});
