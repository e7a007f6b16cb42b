// oxlint-disable vitest/no-standalone-expect -- cases are run inside of the tests of conformance.test.ts
import { expect } from 'vitest';
import { answered, configMap, deployment, refused, type Case, type PatchType } from '../support/case.ts';
import type { Body } from '../support/cluster-client.ts';

interface Row {
  readonly id: string;
  readonly claim: string;
  readonly type: PatchType;
  readonly before: object;
  readonly patch: unknown;
  readonly after: object;
}

/** What patches make of the data of a ConfigMap. */
const DATA_PATCHES: readonly Row[] = [
  {
    id: 'json-add',
    claim: 'a JSON patch adds',
    type: 'json',
    before: { a: '1' },
    patch: [{ op: 'add', path: '/data/b', value: '2' }],
    after: { a: '1', b: '2' },
  },
  {
    id: 'json-replace',
    claim: 'a JSON patch replaces',
    type: 'json',
    before: { a: '1' },
    patch: [{ op: 'replace', path: '/data/a', value: '2' }],
    after: { a: '2' },
  },
  {
    id: 'json-remove',
    claim: 'a JSON patch removes',
    type: 'json',
    before: { a: '1', b: '2' },
    patch: [{ op: 'remove', path: '/data/a' }],
    after: { b: '2' },
  },
  {
    id: 'json-move',
    claim: 'a JSON patch moves',
    type: 'json',
    before: { a: '1' },
    patch: [{ op: 'move', from: '/data/a', path: '/data/b' }],
    after: { b: '1' },
  },
  {
    id: 'json-copy',
    claim: 'a JSON patch copies',
    type: 'json',
    before: { a: '1' },
    patch: [{ op: 'copy', from: '/data/a', path: '/data/b' }],
    after: { a: '1', b: '1' },
  },
  {
    id: 'json-escape',
    claim: 'a JSON patch names keys with slashes and tildes',
    type: 'json',
    before: { 'a.b': '1' },
    patch: [{ op: 'replace', path: '/data/a.b', value: '2' }],
    after: { 'a.b': '2' },
  },
  {
    id: 'json-test',
    claim: 'a JSON patch whose tests hold is made',
    type: 'json',
    before: { a: '1' },
    patch: [
      { op: 'test', path: '/data/a', value: '1' },
      { op: 'add', path: '/data/b', value: '2' },
    ],
    after: { a: '1', b: '2' },
  },
  {
    id: 'merge',
    claim: 'a merge patch adds and changes',
    type: 'merge',
    before: { a: '1', b: '2' },
    patch: { data: { b: '3', c: '4' } },
    after: { a: '1', b: '3', c: '4' },
  },
  {
    id: 'merge-null',
    claim: 'a null in a merge patch removes',
    type: 'merge',
    before: { a: '1', b: '2' },
    patch: { data: { a: null } },
    after: { b: '2' },
  },
  {
    id: 'strategic-null',
    claim: 'a null in a strategic patch removes',
    type: 'strategic',
    before: { a: '1', b: '2' },
    patch: { data: { a: null } },
    after: { b: '2' },
  },
  {
    id: 'strategic-replace',
    claim: 'a strategic patch replaces a map where it says so',
    type: 'strategic',
    before: { a: '1' },
    patch: { data: { $patch: 'replace', b: '2' } },
    after: { b: '2' },
  },
];

const container = (name: string, image = 'registry.k8s.io/pause:3.10') => ({ name, image });
const withContainers = (name: string, containers: readonly object[]): Body => {
  const body = deployment(name);
  body.spec.template.spec.containers = containers;
  return body;
};
const templatePatch = (containers: readonly object[]) => ({ spec: { template: { spec: { containers } } } });

/** What patches make of the containers `a` and `b` of a Deployment, as names and images. */
const CONTAINER_PATCHES: readonly (Pick<Row, 'id' | 'claim' | 'type' | 'patch'> & {
  readonly after: readonly string[];
})[] = [
  {
    id: 'strategic-merge-key',
    claim: 'a strategic patch finds a container by its name',
    type: 'strategic',
    patch: templatePatch([{ name: 'b', image: 'x' }]),
    after: ['a registry.k8s.io/pause:3.10', 'b x'],
  },
  {
    id: 'strategic-add',
    claim: 'a strategic patch puts a new container first',
    type: 'strategic',
    patch: templatePatch([{ name: 'c', image: 'x' }]),
    after: ['c x', 'a registry.k8s.io/pause:3.10', 'b registry.k8s.io/pause:3.10'],
  },
  {
    id: 'strategic-delete',
    claim: 'a strategic patch deletes a container by its name',
    type: 'strategic',
    patch: templatePatch([{ name: 'a', $patch: 'delete' }]),
    after: ['b registry.k8s.io/pause:3.10'],
  },
  {
    id: 'strategic-order',
    claim: 'a strategic patch puts containers in an order',
    type: 'strategic',
    patch: { spec: { template: { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] } } } },
    after: ['b registry.k8s.io/pause:3.10', 'a registry.k8s.io/pause:3.10'],
  },
  {
    id: 'merge-list',
    claim: 'a merge patch replaces a list',
    type: 'merge',
    patch: templatePatch([{ name: 'c', image: 'x' }]),
    after: ['c x'],
  },
];

/** Patches of each type. */
export const PATCH_CASES: readonly Case[] = [
  ...DATA_PATCHES.map(({ id, claim, type, before, patch, after }): Case => ({
    id: `patches/${id}`,
    claim,
    run: async (world) => {
      const one = world.name();
      answered(await world.create('configmaps', configMap(one, before)), 201);
      expect(answered(await world.patch('configmaps', one, type, patch), 200).data).toEqual(after);
    },
  })),
  ...CONTAINER_PATCHES.map(({ id, claim, type, patch, after }): Case => ({
    id: `patches/${id}`,
    claim,
    run: async (world) => {
      const one = world.name();
      const body = withContainers(one, [container('a'), container('b')]);
      answered(await world.create('apps/v1/deployments', body), 201);
      const patched = answered(await world.patch('apps/v1/deployments', one, type, patch), 200);
      const found = patched.spec.template.spec.containers.map(
        (item: Body) => `${item.name as string} ${item.image as string}`,
      );
      expect(found).toEqual(after);
    },
  })),
  {
    id: 'patches/json-test-fails',
    claim: 'a JSON patch whose test does not hold is invalid, and changes nothing',
    run: async ({ create, patch, get, name }) => {
      const one = name();
      answered(await create('configmaps', configMap(one, { a: '1' })), 201);
      const operations = [
        { op: 'replace', path: '/data/a', value: '3' },
        { op: 'test', path: '/data/a', value: '2' },
      ];
      refused(await patch('configmaps', one, 'json', operations), 422, 'Invalid');
      expect((await get('configmaps', one)).body.data).toEqual({ a: '1' });
    },
  },
  {
    id: 'patches/json-no-path',
    claim: 'a JSON patch of a path that is not there is invalid',
    run: async ({ create, patch, name }) => {
      const one = name();
      answered(await create('configmaps', configMap(one)), 201);
      refused(await patch('configmaps', one, 'json', [{ op: 'remove', path: '/data/none' }]), 422, 'Invalid');
    },
  },
  {
    id: 'patches/json-broken',
    claim: 'a JSON patch that is no list is a bad request',
    run: async ({ create, patch, name }) => {
      const one = name();
      answered(await create('configmaps', configMap(one)), 201);
      refused(await patch('configmaps', one, 'json', { op: 'add' }), 400, 'BadRequest');
    },
  },
  {
    id: 'patches/media-type',
    claim: 'a patch of another type is refused',
    run: async ({ create, call, path, name }) => {
      const one = name();
      answered(await create('configmaps', configMap(one)), 201);
      const answer = await call({
        method: 'PATCH',
        path: path('configmaps', one),
        body: {},
        contentType: 'application/json',
      });
      refused(answer, 415, 'UnsupportedMediaType');
    },
  },
  {
    id: 'patches/missing',
    claim: 'what is not there cannot be patched',
    run: async ({ patch }) => {
      refused(await patch('configmaps', 'none', 'merge', { data: {} }), 404, 'NotFound');
    },
  },
  {
    id: 'patches/stale',
    claim: 'a patch that names an old version is a conflict',
    run: async ({ create, patch, name }) => {
      const one = name();
      const { metadata } = answered(await create('configmaps', configMap(one)), 201);
      answered(await patch('configmaps', one, 'merge', { data: { a: '1' } }), 200);
      const body = { metadata: { resourceVersion: metadata.resourceVersion as string }, data: { a: '2' } };
      refused(await patch('configmaps', one, 'merge', body), 409, 'Conflict');
    },
  },
  {
    id: 'patches/dry-run',
    claim: 'a dry run of a patch stores nothing',
    run: async ({ create, patch, get, name }) => {
      const one = name();
      answered(await create('configmaps', configMap(one, { a: '1' })), 201);
      const dry = answered(await patch('configmaps', one, 'merge', { data: { a: '2' } }, 'dryRun=All'), 200);
      expect(dry.data).toEqual({ a: '2' });
      expect((await get('configmaps', one)).body.data).toEqual({ a: '1' });
    },
  },
];
