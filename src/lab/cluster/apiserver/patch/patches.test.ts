import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../../api-access.ts';
import { builtinSchema } from '../schema/builtin-schemas.ts';
import { applyJsonPatch, parseJsonPatch, type JsonPatchOperation } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import { applyStrategicPatch } from './strategic-merge.ts';

const object = () =>
  fc.dictionary(
    fc.string({ maxLength: 4 }).filter((key) => key !== '__proto__'),
    fc.jsonValue({ maxDepth: 3 }),
    { maxKeys: 4 },
  );

describe('JSON patch', () => {
  // appendix A of RFC 6902
  it.each<[string, unknown, unknown[], unknown]>([
    ['adds a member', { foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { baz: 'qux', foo: 'bar' }],
    [
      'adds to a list',
      { foo: ['bar', 'baz'] },
      [{ op: 'add', path: '/foo/1', value: 'q' }],
      { foo: ['bar', 'q', 'baz'] },
    ],
    ['appends with -', { foo: ['a'] }, [{ op: 'add', path: '/foo/-', value: ['b'] }], { foo: ['a', ['b']] }],
    ['removes a member', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    ['removes from a list', { foo: ['a', 'b', 'c'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['a', 'c'] }],
    ['replaces', { baz: 'qux' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo' }],
    [
      'moves in a list',
      { foo: ['all', 'grass', 'cows', 'eat'] },
      [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
      { foo: ['all', 'cows', 'eat', 'grass'] },
    ],
    [
      'moves a member',
      { foo: { a: 1 }, bar: {} },
      [{ op: 'move', from: '/foo/a', path: '/bar/b' }],
      { foo: {}, bar: { b: 1 } },
    ],
    ['copies', { a: { b: 1 } }, [{ op: 'copy', from: '/a', path: '/c' }], { a: { b: 1 }, c: { b: 1 } }],
    [
      'reads escaped names',
      { 'a/b': 1, '~x': 2 },
      [
        { op: 'remove', path: '/a~1b' },
        { op: 'replace', path: '/~0x', value: 3 },
      ],
      { '~x': 3 },
    ],
    [
      'tests before it changes',
      { a: 1 },
      [
        { op: 'test', path: '/a', value: 1 },
        { op: 'replace', path: '/a', value: 2 },
      ],
      { a: 2 },
    ],
    ['replaces the whole', { a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
  ])('%s', (_name, document, patch, expected) => {
    expect(applyJsonPatch(document, parseJsonPatch(patch))).toEqual(expected);
  });

  it.each<[string, unknown, JsonPatchOperation]>([
    ['a missing path', { a: 1 }, { op: 'remove', path: '/b' }],
    ['a replaced path that is missing', { a: 1 }, { op: 'replace', path: '/b', value: 1 }],
    ['a missing parent', { a: 1 }, { op: 'add', path: '/b/c', value: 1 }],
    ['an index past the end', { a: [] }, { op: 'add', path: '/a/1', value: 1 }],
    ['an index with a leading zero', { a: [1, 2] }, { op: 'remove', path: '/a/01' }],
    ['a test that fails', { a: 1 }, { op: 'test', path: '/a', value: 2 }],
  ])('refuses %s with 422', (_name, document, operation) => {
    expect(() => applyJsonPatch(document, [operation])).toThrow(
      expect.objectContaining({ body: expect.objectContaining({ code: 422 }) as unknown }) as Error,
    );
  });

  it('refuses a body that is not a list of operations', () => {
    expect(() => parseJsonPatch({ op: 'add' })).toThrow(ApiError);
    expect(() => parseJsonPatch([{ op: 'increase', path: '/a' }])).toThrow(ApiError);
  });

  it('undoes an addition by a removal, and changes nothing in place', () => {
    fc.assert(
      fc.property(object(), fc.string(), fc.jsonValue(), (document, key, value) => {
        fc.pre(!Object.hasOwn(document, key) && key !== '__proto__');
        const before = JSON.stringify(document);
        const path = `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
        const added = applyJsonPatch(document, [{ op: 'add', path, value }]);
        expect(JSON.stringify(applyJsonPatch(added, [{ op: 'remove', path }]))).toBe(before);
        expect(JSON.stringify(document)).toBe(before);
      }),
    );
  });
});

describe('JSON merge patch', () => {
  // appendix A of RFC 7386
  it.each<[unknown, unknown, unknown]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j is %j', (target, patch, expected) => {
    expect(applyMergePatch(target, patch)).toEqual(expected);
  });

  it('gives the same when it is applied twice', () => {
    fc.assert(
      fc.property(object(), object(), (target, patch) => {
        const once = applyMergePatch(target, patch);
        expect(applyMergePatch(once, patch)).toEqual(once);
      }),
    );
  });
});

describe('strategic merge patch', () => {
  const schema = builtinSchema('Pod');
  const containers = (...items: unknown[]) => ({ spec: { containers: items } });
  const pod = containers({ name: 'a', image: '1', args: ['x'] }, { name: 'b', image: '2' });

  it.each<[string, unknown, unknown, unknown]>([
    [
      'merges items by their key',
      pod,
      containers({ name: 'b', image: '3' }),
      containers({ name: 'a', image: '1', args: ['x'] }, { name: 'b', image: '3' }),
    ],
    [
      'puts an item with a new key first',
      pod,
      containers({ name: 'c' }),
      containers({ name: 'c' }, { name: 'a', image: '1', args: ['x'] }, { name: 'b', image: '2' }),
    ],
    [
      'replaces a list without a key',
      pod,
      containers({ name: 'a', args: ['y'] }),
      containers({ name: 'a', image: '1', args: ['y'] }, { name: 'b', image: '2' }),
    ],
    [
      'puts an item with a new key behind the one that it follows in the patch',
      pod,
      containers({ name: 'b', image: '9' }, { name: 'c' }),
      containers({ name: 'a', image: '1', args: ['x'] }, { name: 'b', image: '9' }, { name: 'c' }),
    ],
    ['deletes an item', pod, containers({ $patch: 'delete', name: 'a' }), containers({ name: 'b', image: '2' })],
    [
      'replaces the list by directive',
      pod,
      containers({ $patch: 'replace' }, { name: 'z' }),
      containers({ name: 'z' }),
    ],
    [
      'removes a field with null',
      pod,
      containers({ name: 'a', args: null }),
      containers({ name: 'a', image: '1' }, { name: 'b', image: '2' }),
    ],
    [
      'orders items as the patch says',
      pod,
      { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] } },
      containers({ name: 'b', image: '2' }, { name: 'a', image: '1', args: ['x'] }),
    ],
    [
      'replaces an object by directive',
      { metadata: { labels: { a: '1' } } },
      { metadata: { labels: { $patch: 'replace', b: '2' } } },
      { metadata: { labels: { b: '2' } } },
    ],
    [
      'merges a list of scalars',
      { metadata: { finalizers: ['a'] } },
      { metadata: { finalizers: ['a', 'b'] } },
      { metadata: { finalizers: ['a', 'b'] } },
    ],
    [
      'deletes from a list of scalars',
      { metadata: { finalizers: ['a', 'b'] } },
      { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } },
      { metadata: { finalizers: ['b'] } },
    ],
    [
      'keeps only the named fields with $retainKeys',
      { spec: { volumes: [{ name: 'v', emptyDir: {} }] } },
      { spec: { volumes: [{ $retainKeys: ['name', 'secret'], name: 'v', secret: { secretName: 's' } }] } },
      { spec: { volumes: [{ name: 'v', secret: { secretName: 's' } }] } },
    ],
    [
      'finds ports by their number',
      containers({ name: 'a', ports: [{ containerPort: 80, name: 'x' }] }),
      containers({ name: 'a', ports: [{ containerPort: 80, name: 'y' }] }),
      containers({ name: 'a', ports: [{ containerPort: 80, name: 'y' }] }),
    ],
  ])('%s', (_name, original, patch, expected) => {
    const before = JSON.stringify(original);
    expect(applyStrategicPatch(schema, original, patch)).toEqual(expected);
    expect(JSON.stringify(original)).toBe(before);
  });

  it('refuses an item without its key', () => {
    expect(() => applyStrategicPatch(schema, pod, containers({ image: 'x' }))).toThrow(
      'does not contain declared merge key: name',
    );
  });
});
