// oxlint-disable vitest/no-standalone-expect -- cases are run inside of the tests of conformance.test.ts
import { expect } from 'vitest';
import { answered, configMap, refused, type Case, type World } from '../support/case.ts';
import type { Body } from '../support/cluster-client.ts';

const namesOf = (list: Body): string[] => list.items.map((item: Body) => item.metadata.name as string);

/** Three ConfigMaps with a label that only they have. */
async function threeMaps({ create, name }: World): Promise<{ group: string; names: string[] }> {
  const group = name('group');
  const names = [name(), name(), name()].sort();
  for (const [index, one] of names.entries()) {
    const labels = { group, index: String(index), ...(index === 0 ? { first: 'yes' } : {}) };
    answered(await create('configmaps', configMap(one, {}, { labels })), 201);
  }
  return { group, names };
}

const SELECTORS: readonly [string, string, readonly number[]][] = [
  ['equal', 'index=1', [1]],
  ['equal-twice', 'index==1', [1]],
  ['unequal', 'index!=1', [0, 2]],
  ['in', 'index in (0,2)', [0, 2]],
  ['not-in', 'index notin (0,2)', [1]],
  ['exists', 'first', [0]],
  ['exists-not', '!first', [1, 2]],
  ['both', 'index in (0,1),!first', [1]],
];

const BAD_QUERIES: readonly [string, string, number, string, string][] = [
  ['limit', 'limit=x', 400, 'BadRequest', 'strconv.ParseInt: parsing "x": invalid syntax'],
  ['version', 'resourceVersion=x', 400, 'BadRequest', 'strconv.ParseUint: parsing "x": invalid syntax'],
  ['label-selector', 'labelSelector=a%20b%20c', 400, 'BadRequest', 'unable to parse requirement'],
  ['field-selector', 'fieldSelector=nonsense', 400, 'BadRequest', 'invalid selector'],
  [
    'field',
    'fieldSelector=spec.nothing%3Dx',
    400,
    'BadRequest',
    'is not a known field selector: only "metadata.name", "metadata.namespace"',
  ],
  ['continue', 'continue=nonsense', 400, 'BadRequest', 'continue key is not valid'],
  [
    'match-alone',
    'resourceVersionMatch=Exact',
    422,
    'Invalid',
    'resourceVersionMatch is forbidden unless resourceVersion is provided',
  ],
  [
    'match-zero',
    'resourceVersionMatch=Exact&resourceVersion=0',
    422,
    'Invalid',
    'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
  ],
  ['match-unknown', 'resourceVersionMatch=Maybe&resourceVersion=1', 422, 'Invalid', 'Unsupported value: "Maybe"'],
  ['initial-events', 'sendInitialEvents=true', 422, 'Invalid', 'sendInitialEvents is forbidden for list'],
];

/** Lists, their selectors and pages. */
export const LIST_CASES: readonly Case[] = [
  {
    id: 'lists/item-types',
    claim: 'items of a list leave their kind to the list',
    run: async (world) => {
      answered(await world.create('configmaps', configMap(world.name())), 201);
      const { kind, apiVersion, items } = answered(await world.list('configmaps', 'limit=1'), 200);
      expect([kind, apiVersion]).toEqual(['ConfigMapList', 'v1']);
      expect(items[0]).not.toHaveProperty('kind');
      expect(items[0]).not.toHaveProperty('apiVersion');
    },
  },
  {
    id: 'lists/list',
    claim: 'a list has a version, and items in the order of their names',
    run: async (world) => {
      const { group, names } = await threeMaps(world);
      const body = answered(await world.list('configmaps', `labelSelector=group%3D${group}`), 200);
      expect(body).toMatchObject({
        apiVersion: 'v1',
        kind: 'ConfigMapList',
        metadata: { resourceVersion: expect.stringMatching(/^\d+$/) as unknown },
      });
      expect(namesOf(body)).toEqual(names);
    },
  },
  ...SELECTORS.map(([id, selector, expected]): Case => ({
    id: `lists/selector-${id}`,
    claim: `the label selector ${selector} finds what it says`,
    run: async (world) => {
      const { group, names } = await threeMaps(world);
      const text = encodeURIComponent(`group=${group},${selector}`);
      const body = answered(await world.list('configmaps', `labelSelector=${text}`), 200);
      expect(namesOf(body)).toEqual(expected.map((index) => names[index]));
    },
  })),
  {
    id: 'lists/field-selector',
    claim: 'the field selector metadata.name finds one object',
    run: async (world) => {
      const { names } = await threeMaps(world);
      const body = answered(await world.list('configmaps', `fieldSelector=metadata.name%3D${names[1]}`), 200);
      expect(namesOf(body)).toEqual([names[1]]);
    },
  },
  {
    id: 'lists/secret-type',
    claim: 'Secrets are selected by their type',
    run: async ({ create, list, name }) => {
      const mine = name();
      const type = 'example.com/mine';
      answered(await create('secrets', { apiVersion: 'v1', kind: 'Secret', metadata: { name: mine }, type }), 201);
      expect(namesOf(answered(await list('secrets', `fieldSelector=type%3D${type}`), 200))).toEqual([mine]);
    },
  },
  {
    id: 'lists/event-fields',
    claim: 'Events are selected by their object, reason, type and source',
    run: async ({ create, list, name, namespace }) => {
      const [event, about] = [name(), name()];
      const involvedObject = { apiVersion: 'v1', kind: 'Pod', name: about, namespace, uid: '1' };
      const body = {
        metadata: { name: event },
        involvedObject,
        reason: 'Tried',
        type: 'Warning',
        source: { component: 'it' },
      };
      answered(await create('events', { apiVersion: 'v1', kind: 'Event', ...body }), 201);
      const selectors = [
        `involvedObject.name=${about}`,
        'involvedObject.kind=Pod',
        'reason=Tried',
        'type=Warning',
        'source=it',
      ];
      const text = encodeURIComponent(selectors.join(','));
      expect(namesOf(answered(await list('events', `fieldSelector=${text}`), 200))).toEqual([event]);
      const other = encodeURIComponent(`involvedObject.name=${about},source!=it`);
      expect(namesOf(answered(await list('events', `fieldSelector=${other}`), 200))).toEqual([]);
    },
  },
  {
    id: 'lists/all-namespaces',
    claim: 'without a namespace, those of all are listed',
    run: async (world) => {
      const { group, names } = await threeMaps(world);
      const path = `/api/v1/configmaps?labelSelector=group%3D${group}`;
      expect(namesOf(answered(await world.call({ method: 'GET', path }), 200))).toEqual(names);
    },
  },
  {
    id: 'lists/pages',
    claim: 'pages hold each object once, and say how many remain',
    run: async (world) => {
      const { group, names } = await threeMaps(world);
      const query = `labelSelector=group%3D${group}&limit=2`;
      const first = answered(await world.list('configmaps', query), 200);
      const rest = encodeURIComponent(first.metadata.continue as string);
      const second = answered(await world.list('configmaps', `${query}&continue=${rest}`), 200);
      expect([...namesOf(first), ...namesOf(second)]).toEqual(names);
      expect(second.metadata.continue ?? '').toBe('');
    },
  },
  {
    id: 'lists/pages-remaining',
    claim: 'a page of a list without selectors says how many remain',
    run: async (world) => {
      await threeMaps(world);
      const body = answered(await world.list('configmaps', 'limit=1'), 200);
      expect(body.metadata.remainingItemCount).toBeGreaterThanOrEqual(2);
    },
  },
  {
    id: 'lists/pages-one-moment',
    claim: 'pages show the objects of the moment of the first page',
    run: async (world) => {
      const { group, names } = await threeMaps(world);
      const query = `labelSelector=group%3D${group}&limit=1`;
      const first = answered(await world.list('configmaps', query), 200);
      answered(await world.delete('configmaps', names[1] ?? ''), 200);
      answered(await world.patch('configmaps', names[2] ?? '', 'merge', { data: { late: 'yes' } }), 200);
      const rest = encodeURIComponent(first.metadata.continue as string);
      const second = answered(await world.list('configmaps', `labelSelector=group%3D${group}&continue=${rest}`), 200);
      expect(namesOf(second)).toEqual(names.slice(1));
      expect(second.items[1].data ?? {}).toEqual({});
      expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    },
  },
  {
    id: 'lists/exact-version',
    claim: 'a list of an exact version shows that moment',
    run: async (world) => {
      const { group, names } = await threeMaps(world);
      const selector = `labelSelector=group%3D${group}`;
      const before = answered(await world.list('configmaps', selector), 200);
      answered(await world.delete('configmaps', names[0] ?? ''), 200);
      const version = before.metadata.resourceVersion as string;
      const exact = `${selector}&resourceVersion=${version}&resourceVersionMatch=Exact`;
      const body = answered(await world.list('configmaps', exact), 200);
      expect(namesOf(body)).toEqual(names);
      expect(body.metadata.resourceVersion).toBe(version);
    },
  },
  {
    id: 'lists/not-older',
    claim: 'a list that is not older than a version is at least as new',
    run: async (world) => {
      const { group, names } = await threeMaps(world);
      const selector = `labelSelector=group%3D${group}`;
      const version = answered(await world.list('configmaps', selector), 200).metadata.resourceVersion as string;
      const query = `${selector}&resourceVersion=${version}&resourceVersionMatch=NotOlderThan`;
      expect(namesOf(answered(await world.list('configmaps', query), 200))).toEqual(names);
    },
  },
  {
    id: 'lists/too-new',
    claim: 'a version that is not yet is waited for in vain',
    run: async ({ list }) => {
      const answer = await list('configmaps', 'resourceVersion=9007199254740000&resourceVersionMatch=NotOlderThan');
      refused(answer, 504, 'Timeout', 'Too large resource version');
    },
  },
  ...BAD_QUERIES.map(([id, query, code, reason, message]): Case => ({
    id: `lists/bad-${id}`,
    claim: `${decodeURIComponent(query)} is refused`,
    run: async ({ list }) => {
      refused(await list('configmaps', query), code, reason, message);
    },
  })),
  {
    id: 'lists/table',
    claim: 'a list comes as a table where that is asked for',
    run: async (world) => {
      const { group, names } = await threeMaps(world);
      const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
      const body = answered(await world.list('configmaps', `labelSelector=group%3D${group}`, accept), 200);
      expect(body).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
      expect(body.columnDefinitions.map((column: Body) => column.name)).toEqual(['Name', 'Data', 'Age']);
      expect(body.rows.map((row: Body) => row.cells[0])).toEqual(names);
      expect(body.rows[0].object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: names[0] } });
    },
  },
  {
    id: 'lists/table-bare',
    claim: 'rows come without objects where nobody wants those',
    run: async (world) => {
      const { group } = await threeMaps(world);
      const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
      const query = `labelSelector=group%3D${group}&includeObject=None`;
      const body = answered(await world.list('configmaps', query, accept), 200);
      expect(body.rows[0].object ?? null).toBeNull();
    },
  },
  {
    id: 'lists/metadata-only',
    claim: 'a list comes with the metadata alone where that is asked for',
    run: async (world) => {
      const { group, names } = await threeMaps(world);
      const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
      const body = answered(await world.list('configmaps', `labelSelector=group%3D${group}`, accept), 200);
      expect(body.kind).toBe('PartialObjectMetadataList');
      expect(namesOf(body)).toEqual(names);
      expect(body.items[0]).not.toHaveProperty('data');
    },
  },
];
