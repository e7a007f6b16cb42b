import { describe, expect, it } from 'vitest';
import type { ObjectSelection } from '../parameters/object-selection.ts';
import { selectedPath, selectionFolder, selectObjects, type SelectableObject } from './select-objects.ts';

function listed(name: string, changes: Partial<SelectableObject> = {}): SelectableObject {
  return { name, enabled: true, tags: {}, managed: false, ...changes };
}

const OBJECTS = [
  listed('web-two', { tags: { app: 'web', env: 'prod' } }),
  listed('web-one', { tags: { app: 'web' } }),
  listed('db', { tags: { app: 'db', env: 'prod' } }),
  listed('web-off', { enabled: false, tags: { app: 'web' } }),
  listed('web-tls', { managed: true }),
  listed('../web', {}),
];

function selected(changes: Partial<ObjectSelection>, withDisabled = false): readonly string[] {
  const selection = { pattern: '*', tags: {}, includeCertificates: false, ...changes };
  return selectObjects(OBJECTS, selection, { withDisabled });
}

describe('a selection of objects', () => {
  it.each([
    ['by name', { pattern: 'web-*' }, ['web-one', 'web-two']],
    ['by name without regard to case', { pattern: 'WEB-o*' }, ['web-one']],
    ['by a whole name', { pattern: 'web' }, []],
    ['by a tag', { tags: { app: 'web' } }, ['web-one', 'web-two']],
    ['by all tags', { tags: { app: 'web', env: 'prod' } }, ['web-two']],
    ['by the exact value of a tag', { tags: { app: 'Web' } }, []],
    ['by a tag that only all objects have', { tags: { constructor: '' } }, []],
    ['by name and tag', { pattern: 'd*', tags: { env: 'prod' } }, ['db']],
    ['with what stands behind certificates', { pattern: '*tls', includeCertificates: true }, ['web-tls']],
    ['without names that no vault allows', {}, ['db', 'web-one', 'web-two']],
  ])('is made %s', (_name, changes, expected) => {
    expect(selected(changes)).toEqual(expected);
  });

  it('takes disabled ones when their versions decide', () => {
    expect(selected({ pattern: 'web-o*' }, true)).toEqual(['web-off', 'web-one']);
  });
});

describe('the file of a selected object', () => {
  it.each([
    ['', 'one', undefined],
    ['certs', 'certs/one', 'certs'],
    ['certs/', 'certs/one', 'certs'],
    ['a/b', 'a/b/one', 'a/b'],
    ['$(name).pem', 'one.pem', undefined],
    ['$(name)/$(name)', 'one/one', undefined],
  ])('under the alias "%s" is %s, in the folder %s', (alias, path, folder) => {
    expect(selectedPath(alias, 'one')).toBe(path);
    expect(selectionFolder(alias)).toBe(folder);
  });
});
