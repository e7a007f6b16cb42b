// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { array, constantFrom, integer, oneof, record, tuple, type Arbitrary } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectQuick, fuzz } from '../../../../base/testing/fuzz.ts';
import { hostileJson, hostileText, recordOf } from '../../../../base/testing/hostile.ts';
import { applyJsonPatch, parseJsonPatch } from '../patch/json-patch.ts';
import { applyMergePatch } from '../patch/merge-patch.ts';
import { parseFieldsV1, renderFieldsV1 } from '../patch/field-set.ts';
import { createTestApi } from '../testing/test-api.ts';
import { CRDS, DEPLOYMENTS, key, MAPS, NAMESPACES, PODS, SECRETS, deployment, map, pod } from '../testing/objects.ts';
import { refused } from '../testing/refused.ts';
import { parseCronSchedule } from '../../cron-schedule.ts';
import { parseQuantity } from '../../quantity.ts';

const api = await createTestApi();
const { access } = api;
await access.create(PODS, 'default', pod('p'));
await access.create(MAPS, 'default', map('m', { a: '1' }));
await access.create(DEPLOYMENTS, 'default', deployment());

const KINDS = [
  PODS,
  MAPS,
  SECRETS,
  NAMESPACES,
  DEPLOYMENTS,
  CRDS,
  { group: '', version: 'v1', resource: 'services' },
  { group: '', version: 'v1', resource: 'events' },
  { group: '', version: 'v1', resource: 'persistentvolumeclaims' },
  { group: 'batch', version: 'v1', resource: 'jobs' },
  { group: 'batch', version: 'v1', resource: 'cronjobs' },
  { group: 'apps', version: 'v1', resource: 'statefulsets' },
  { group: 'networking.k8s.io', version: 'v1', resource: 'ingresses' },
  { group: 'policy', version: 'v1', resource: 'poddisruptionbudgets' },
  { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'roles' },
  { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers' },
];

const NAMES = [
  'apiVersion',
  'kind',
  'metadata',
  'name',
  'namespace',
  'generateName',
  'labels',
  'annotations',
  'finalizers',
  'managedFields',
  'ownerReferences',
  'spec',
  'status',
  'data',
  'stringData',
  'containers',
  'image',
  'volumes',
  'csi',
  'ports',
  'selector',
  'matchLabels',
  'matchExpressions',
  'template',
  'replicas',
  'schedule',
  'resources',
  'limits',
  'requests',
  'cpu',
  'rules',
  'fieldsV1',
  'versions',
  'schema',
  'openAPIV3Schema',
  'properties',
  'type',
  'items',
  'scope',
  'names',
  'group',
  'plural',
  '$patch',
  '$retainKeys',
  '$setElementOrder/containers',
  '$deleteFromPrimitiveList/finalizers',
  'resourceVersion',
  'uid',
];
const leaf = oneof(
  hostileText(12),
  constantFrom('a', 'p', 'm', 'default', 'v1', '1Gi', '* * * * *', 'delete', 'replace', 'object'),
);
const json = hostileJson(NAMES, leaf);
const body = oneof(
  json,
  tuple(json, json, json).map(([metadata, spec, data]) =>
    recordOf([
      ['metadata', metadata],
      ['spec', spec],
      ['data', data],
    ]),
  ),
);

/** A valid object with one place of it replaced by something else. */
const damaged: Arbitrary<unknown> = tuple(
  constantFrom<unknown>(pod('x'), deployment(), map('x', { a: '1' })),
  array(integer({ min: 0, max: 3 }), { maxLength: 6 }),
  json,
).map(([object, path, value]) => replaced(object, path, value));

function replaced(object: unknown, [step, ...rest]: readonly number[], value: unknown): unknown {
  if (step === undefined || typeof object !== 'object' || object === null) return value;
  const names = Object.keys(object);
  const chosen = names[step % Math.max(1, names.length)];
  if (chosen === undefined) return value;
  if (Array.isArray(object)) {
    return object.map((item: unknown, index) => (String(index) === chosen ? replaced(item, rest, value) : item));
  }
  return { ...object, [chosen]: replaced((object as Record<string, unknown>)[chosen], rest, value) };
}

describe('writes of any content', () => {
  fuzz(
    'make an object or are refused',
    tuple(constantFrom(...KINDS), oneof(body, damaged)),
    { inputs: 60, seed: 721 },
    async ([kind, content]) => {
      const made = await refused(() =>
        access.create(kind, kind.resource === 'namespaces' ? undefined : 'default', content),
      );
      if (made === undefined) return;
      const { name = '', namespace } = made.metadata;
      expect((await access.get(kind, { name, namespace })).metadata.uid).toBe(made.metadata.uid);
      await refused(() => access.delete(kind, { name, namespace }, { gracePeriodSeconds: 0 }));
    },
  );

  fuzz(
    'change an object or are refused, by every sort of patch',
    tuple(
      constantFrom('json', 'merge', 'strategic', 'apply'),
      constantFrom<readonly [typeof PODS, string]>([PODS, 'p'], [MAPS, 'm'], [DEPLOYMENTS, 'd']),
      body,
    ),
    { inputs: 90, seed: 722 },
    async ([type, [kind, name], patch]) => {
      await refused(() => access.patch(kind, key(name), type as 'merge', patch));
      expect((await access.get(kind, key(name))).metadata.name).toBe(name);
    },
  );

  fuzz(
    'keep every key of a map that Kubernetes allows, whatever JavaScript makes of it',
    tuple(
      constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'a.b', '_'),
      constantFrom('merge', 'strategic', 'apply'),
    ),
    { inputs: 20, seed: 723 },
    async ([name, type]) => {
      const data = recordOf([[name, 'x']]) as Record<string, string>;
      const kept = (object: unknown) => Object.entries((object as { data?: object }).data ?? {});
      const made = await access.create(MAPS, 'default', { metadata: { generateName: 'k-' }, data });
      expect(kept(made)).toEqual([[name, 'x']]);
      const at = key(made.metadata.name ?? '');
      const patched = await access.patch(MAPS, at, type as 'merge', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        data: recordOf([[name, 'y']]),
      });
      expect(kept(patched)).toEqual([[name, 'y']]);
      const pointed = await access.patch(MAPS, at, 'json', [{ op: 'replace', path: `/data/${name}`, value: 'z' }]);
      expect(kept(pointed)).toEqual([[name, 'z']]);
      await access.delete(MAPS, at);
    },
  );
});

describe('JSON patches', () => {
  const pointer = array(
    constantFrom('a', 'b', '0', '1', '-', '__proto__', 'constructor', '~0', '~1', '~2', '', '01', 'length'),
    { maxLength: 4 },
  ).map((steps) => steps.map((step) => `/${step}`).join(''));
  const operation = record({
    op: oneof(
      { arbitrary: constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'), weight: 9 },
      hostileText(5),
    ),
    path: oneof({ arbitrary: pointer, weight: 9 }, hostileText(8)),
    from: pointer,
    value: hostileJson(['a', 'b']),
  });
  const document = () => ({ a: { b: [1, { a: 2 }] }, b: 'x' });

  fuzz(
    'give JSON or are refused, and leave the original alone',
    array(operation, { maxLength: 5 }),
    { inputs: 340, seed: 724 },
    async (patch) => {
      const original = document();
      const result = await refused(() => applyJsonPatch(original, parseJsonPatch(patch)));
      expect(original).toEqual(document());
      if (result !== undefined) expect(() => JSON.stringify(result)).not.toThrow();
    },
  );

  fuzz(
    'that add and then remove leave what was there',
    tuple(pointer, hostileJson()),
    { inputs: 120, seed: 725 },
    async ([path, value]) => {
      const added = await refused(() =>
        applyJsonPatch(
          document(),
          parseJsonPatch([
            { op: 'test', path: '/b', value: 'x' },
            { op: 'add', path: `/a${path}x`, value },
          ]),
        ),
      );
      if (added === undefined) return;
      expect(applyJsonPatch(added, parseJsonPatch([{ op: 'remove', path: `/a${path}x` }]))).toEqual(document());
    },
  );

  it('that double an object forty times are refused before memory ends', async () => {
    const copies = Array.from({ length: 40 }, (_, at) => [
      { op: 'copy', from: '/data', path: '/x' },
      { op: 'move', from: '/x', path: `/data/d${at}` },
    ]).flat();
    const result = await expectQuick(() => refused(() => access.patch(MAPS, key('m'), 'json', copies)));
    expect(result).toBeUndefined();
  });

  it('of more than ten thousand operations are refused', async () => {
    const many = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'ConfigMap' }));
    expect(await expectQuick(() => refused(() => access.patch(MAPS, key('m'), 'json', many)))).toBeUndefined();
  });
});

describe('merge patches', () => {
  fuzz(
    'give what RFC 7386 says of each field',
    tuple(hostileJson(['a', 'b']), hostileJson(['a', 'b'])),
    { inputs: 340, seed: 726 },
    ([target, patch]) => {
      const merged = applyMergePatch(target, patch);
      if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) {
        expect(merged).toBe(patch);
        return;
      }
      for (const [name, value] of Object.entries(patch)) {
        const found = Object.getOwnPropertyDescriptor(merged, name)?.value as unknown;
        if (value === null) expect(found).toBeUndefined();
        else if (typeof value !== 'object') expect(found).toBe(value);
        else expect(found).toBeDefined();
      }
    },
  );
});

describe('managed fields', () => {
  fuzz(
    'are read and written without touching what all objects share',
    hostileJson(['f:a', 'k:{"name":"x"}', 'v:1', '.']),
    { inputs: 340, seed: 727, examples: [JSON.parse('{"__proto__":{"f:x":{}}}')] },
    (fields) => {
      const places = parseFieldsV1(fields);
      expect(parseFieldsV1(renderFieldsV1(places))).toEqual(places);
    },
  );
});

describe('schedules', () => {
  fuzz(
    'are read or refused, and the next start is later',
    tuple(
      oneof(
        textOfPiecesOf([
          '*',
          '?',
          '/',
          '-',
          ',',
          '1',
          '59',
          '31',
          '2',
          'jan',
          'sun',
          ' ',
          '@every ',
          '@daily',
          '1h',
          '30m',
          '9',
          'constructor',
        ]),
      ),
      constantFrom(
        'UTC',
        'Europe/Berlin',
        'America/New_York',
        'Mars/Base',
        '__proto__',
        'America/Sao_Paulo',
        'Asia/Kathmandu',
      ),
    ),
    {
      inputs: 400,
      seed: 728,
      examples: [
        ['constructor', 'UTC'],
        ['__proto__', 'UTC'],
        ['0 0 30 2 *', 'UTC'],
        ['@every 99999999999999h', 'UTC'],
      ],
    },
    ([text, zone]) => {
      const parsed = parseCronSchedule(text, zone);
      if (!parsed.ok) {
        expect(typeof parsed.problem).toBe('string');
        return;
      }
      const after = Date.UTC(2026, 1, 27, 23, 59);
      const next = parsed.schedule.next(after);
      if (next === undefined) return;
      expect(next).toBeGreaterThan(after);
      expect(new Date(next).getTime()).toBe(next);
    },
  );

  it('of hostile size are read quickly', async () => {
    for (const text of [
      `*/${'9'.repeat(100_000)} * * * *`,
      `@every ${'1'.repeat(100_000)}x`,
      `@every ${'1h'.repeat(100_000)}x`,
      `${'1,'.repeat(100_000)}1 * * * *`,
    ]) {
      expect((await expectQuick(() => parseCronSchedule(text))).ok).toBe(
        text.startsWith('1,') || text.startsWith('*/'),
      );
    }
  });
});

describe('quantities', () => {
  fuzz(
    'are numbers or none',
    textOfPiecesOf(['1', '0', '.', '-', '+', 'e', 'E', 'Ki', 'm', 'n', ' ', '999999', 'constructor']),
    { inputs: 460, seed: 729 },
    (text) => {
      const value = parseQuantity(text);
      if (value !== undefined) expect(Number.isNaN(value)).toBe(false);
    },
  );

  it('of a hundred thousand digits are read quickly', async () => {
    expect(await expectQuick(() => parseQuantity(`${'1'.repeat(100_000)}x`))).toBeUndefined();
  });
});

function textOfPiecesOf(pieces: readonly string[]): Arbitrary<string> {
  return array(oneof({ arbitrary: constantFrom(...pieces), weight: 12 }, hostileText(4)), { maxLength: 9 }).map(
    (parts) => parts.join(''),
  );
}
