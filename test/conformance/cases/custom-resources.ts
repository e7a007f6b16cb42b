// oxlint-disable vitest/no-standalone-expect -- cases are run inside of the tests of conformance.test.ts
import { expect } from 'vitest';
import { answered, eventually, refused, type Case, type World } from '../support/case.ts';
import type { Body } from '../support/cluster-client.ts';

const DEFINITIONS = '/apiextensions.k8s.io/v1/customresourcedefinitions';

const SCHEMA = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', minimum: 1, maximum: 9 },
        color: { type: 'string', enum: ['red', 'blue'], default: 'red' },
        code: { type: 'string', pattern: '^[a-z]+$', maxLength: 5 },
        port: { 'x-kubernetes-int-or-string': true },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        low: { type: 'integer' },
        high: { type: 'integer' },
        replicas: { type: 'integer' },
      },
      'x-kubernetes-validations': [
        { rule: '!has(self.low) || !has(self.high) || self.low <= self.high', message: 'low is above high' },
      ],
    },
    status: { type: 'object', properties: { replicas: { type: 'integer' }, selector: { type: 'string' } } },
  },
};

interface Thing {
  readonly resource: string;
  readonly apiVersion: string;
  readonly definition: string;
  /** A thing of a spec. */
  make(name: string, spec?: object): Body;
}

/** Defines a kind of its own for one case, and waits until the server serves it. */
async function define(world: World, more: object = {}): Promise<Thing> {
  const plural = `things${world.name('').replace('-', '')}`;
  const group = `${plural}.${world.namespace}.example.com`;
  const definition = `${plural}.${group}`;
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: SCHEMA },
    subresources: {
      status: {},
      scale: {
        specReplicasPath: '.spec.replicas',
        statusReplicasPath: '.status.replicas',
        labelSelectorPath: '.status.selector',
      },
    },
    additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
    selectableFields: [{ jsonPath: '.spec.color' }],
    ...more,
  };
  const body = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: definition },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        plural,
        singular: plural.slice(0, -1),
        kind: 'Thing',
        listKind: 'ThingList',
        shortNames: [`${plural}s`],
      },
      versions: [version],
    },
  };
  answered(await world.create(DEFINITIONS, body), 201);
  world.cleanUp(world.path(DEFINITIONS, definition));
  const resource = `${group}/v1/${plural}`;
  const { code } = await eventually(
    () => world.list(resource),
    (answer) => answer.code === 200,
  );
  expect(code).toBe(200);
  const apiVersion = `${group}/v1`;
  return {
    resource,
    apiVersion,
    definition,
    make: (name, spec = { size: 1 }) => ({ apiVersion, kind: 'Thing', metadata: { name }, spec }),
  };
}

const REFUSALS: readonly [string, object, string, string][] = [
  ['required', {}, 'spec.size', 'Required value'],
  ['type', { size: 'big' }, 'spec.size', 'must be of type integer: "string"'],
  ['minimum', { size: 0 }, 'spec.size', 'should be greater than or equal to 1'],
  ['maximum', { size: 10 }, 'spec.size', 'should be less than or equal to 9'],
  ['enum', { size: 1, color: 'green' }, 'spec.color', 'supported values: "red", "blue"'],
  ['pattern', { size: 1, code: 'A' }, 'spec.code', "should match '^[a-z]+$'"],
  ['length', { size: 1, code: 'abcdef' }, 'spec.code', 'Too long: may not be more than 5 bytes'],
  ['set', { size: 1, tags: ['a', 'a'] }, 'spec.tags[1]', 'Duplicate value: "a"'],
  ['rule', { size: 1, low: 2, high: 1 }, 'spec', 'low is above high'],
];

/** Custom resources (Kubernetes documentation, "Extend the Kubernetes API with CustomResourceDefinitions"). */
export const CUSTOM_RESOURCE_CASES: readonly Case[] = [
  {
    id: 'custom/established',
    claim: 'a definition is established, and its names are accepted',
    run: async (world) => {
      const { definition } = await define(world);
      const body = answered(await world.get(DEFINITIONS, definition), 200);
      const conditions = body.status.conditions.map((one: Body) => `${one.type as string}=${one.status as string}`);
      expect(conditions).toEqual(expect.arrayContaining(['NamesAccepted=True', 'Established=True']));
      expect(body.status.storedVersions).toEqual(['v1']);
    },
  },
  {
    id: 'custom/discovery',
    claim: 'its kind is discovered',
    run: async (world) => {
      const { apiVersion } = await define(world);
      const body = answered(await world.call({ method: 'GET', path: `/apis/${apiVersion}` }), 200);
      const names = body.resources
        .map((resource: Body) => (resource.name as string).replace(/^things[^/]*/, 'things'))
        .sort();
      expect(names).toEqual(['things', 'things/scale', 'things/status']);
    },
  },
  {
    id: 'custom/create',
    claim: 'an object of it is kept, with defaults and a generation',
    run: async (world) => {
      const { resource, make } = await define(world);
      const made = answered(await world.create(resource, make('a')), 201);
      expect(made).toMatchObject({ spec: { size: 1, color: 'red' }, metadata: { generation: 1 } });
    },
  },
  {
    id: 'custom/prune',
    claim: 'fields that the schema does not have are dropped, unless it keeps them',
    run: async (world) => {
      const { resource, make } = await define(world);
      const spec = { size: 1, nothing: 1, free: { any: { thing: 1 } } };
      const made = answered(await world.create(resource, make('a', spec)), 201);
      expect(made.spec).toEqual({ size: 1, color: 'red', free: { any: { thing: 1 } } });
    },
  },
  {
    id: 'custom/strict',
    claim: 'strict validation refuses such fields',
    run: async (world) => {
      const { resource, make } = await define(world);
      const answer = await world.create(resource, make('a', { size: 1, nothing: 1 }), 'fieldValidation=Strict');
      refused(answer, 400, 'BadRequest', 'strict decoding error: unknown field "spec.nothing"');
    },
  },
  {
    id: 'custom/int-or-string',
    claim: 'some fields are numbers or texts',
    run: async (world) => {
      const { resource, make } = await define(world);
      expect(answered(await world.create(resource, make('a', { size: 1, port: 80 })), 201).spec.port).toBe(80);
      expect(answered(await world.create(resource, make('b', { size: 1, port: 'http' })), 201).spec.port).toBe('http');
    },
  },
  ...REFUSALS.map(([id, spec, field, message]): Case => ({
    id: `custom/refuse-${id}`,
    claim: `${JSON.stringify(spec)} is invalid`,
    run: async (world) => {
      const { resource, make } = await define(world);
      const status = refused(await world.create(resource, make('a', spec)), 422, 'Invalid', message);
      expect(status.details.causes.map((cause: Body) => cause.field as string)).toContain(field);
    },
  })),
  {
    id: 'custom/status',
    claim: 'the status is its own subresource',
    run: async (world) => {
      const { resource, make } = await define(world);
      answered(await world.create(resource, { ...make('a'), status: { replicas: 5 } }), 201);
      expect(answered(await world.get(resource, 'a'), 200)).not.toHaveProperty('status');
      const changed = answered(await world.patch(resource, 'a/status', 'merge', { status: { replicas: 5 } }), 200);
      expect(changed).toMatchObject({ status: { replicas: 5 }, metadata: { generation: 1 } });
    },
  },
  {
    id: 'custom/scale',
    claim: 'the scale subresource reads and sets the replicas where the definition says they are',
    run: async (world) => {
      const { resource, make } = await define(world);
      answered(await world.create(resource, make('a', { size: 1, replicas: 3 })), 201);
      answered(await world.patch(resource, 'a/status', 'merge', { status: { replicas: 2, selector: 'a=b' } }), 200);
      expect(answered(await world.get(resource, 'a/scale'), 200)).toMatchObject({
        kind: 'Scale',
        apiVersion: 'autoscaling/v1',
        spec: { replicas: 3 },
        status: { replicas: 2, selector: 'a=b' },
      });
      answered(await world.patch(resource, 'a/scale', 'merge', { spec: { replicas: 4 } }), 200);
      expect((await world.get(resource, 'a')).body.spec.replicas).toBe(4);
    },
  },
  {
    id: 'custom/table',
    claim: 'tables have the columns of the definition',
    run: async (world) => {
      const { resource, make } = await define(world);
      answered(await world.create(resource, make('a', { size: 7 })), 201);
      const table = answered(await world.list(resource, '', 'application/json;as=Table;v=v1;g=meta.k8s.io'), 200);
      expect(table.columnDefinitions.map((column: Body) => column.name as string)).toEqual(['Name', 'Size']);
      expect(table.rows[0].cells).toEqual(['a', 7]);
    },
  },
  {
    id: 'custom/field-selector',
    claim: 'objects are selected by the fields that the definition names',
    run: async (world) => {
      const { resource, make } = await define(world);
      answered(await world.create(resource, make('a', { size: 1, color: 'red' })), 201);
      answered(await world.create(resource, make('b', { size: 1, color: 'blue' })), 201);
      const body = answered(await world.list(resource, 'fieldSelector=spec.color%3Dblue'), 200);
      expect(body.items.map((item: Body) => item.metadata.name as string)).toEqual(['b']);
    },
  },
  {
    id: 'custom/strategic-patch',
    claim: 'there is no strategic patch of them',
    run: async (world) => {
      const { resource, make } = await define(world);
      answered(await world.create(resource, make('a')), 201);
      refused(await world.patch(resource, 'a', 'strategic', { spec: { size: 2 } }), 415, 'UnsupportedMediaType');
    },
  },
  {
    id: 'custom/apply',
    claim: 'server-side apply merges lists as the schema says',
    run: async (world) => {
      const { resource, make } = await define(world);
      const tags = (...names: readonly string[]) => make('a', { size: 1, tags: names });
      answered(await world.patch(resource, 'a', 'apply', tags('x'), 'fieldManager=me'), 201);
      const both = answered(await world.patch(resource, 'a', 'apply', tags('y'), 'fieldManager=you'), 200);
      expect(both.spec.tags.sort()).toEqual(['x', 'y']);
    },
  },
  {
    id: 'custom/update-version',
    claim: 'an update names the version that it is of',
    run: async (world) => {
      const { resource, make } = await define(world);
      answered(await world.create(resource, make('a')), 201);
      refused(
        await world.update(resource, 'a', make('a', { size: 2 })),
        422,
        'Invalid',
        'must be specified for an update',
      );
    },
  },
  {
    id: 'custom/delete-definition',
    claim: 'with its definition a kind is gone, and its objects too',
    run: async (world) => {
      const { resource, definition, make } = await define(world);
      answered(await world.create(resource, make('a')), 201);
      answered(await world.delete(DEFINITIONS, definition), 200);
      const { code } = await eventually(
        () => world.list(resource),
        (answer) => answer.code === 404,
      );
      expect(code).toBe(404);
    },
  },
  {
    id: 'custom/deprecated',
    claim: 'a deprecated version warns',
    run: async (world) => {
      const { resource } = await define(world, { deprecated: true, deprecationWarning: 'use something else' });
      const answer = await eventually(
        () => world.list(resource),
        ({ headers }) => headers['warning'] !== undefined,
      );
      expect(answer.headers['warning']).toContain('use something else');
    },
  },
  {
    id: 'custom/name',
    claim: 'a definition is named after its plural and group',
    run: async (world) => {
      const body = {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'wrong.example.com' },
        spec: {
          group: 'example.com',
          scope: 'Namespaced',
          names: { plural: 'things', kind: 'Thing' },
          versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: SCHEMA } }],
        },
      };
      refused(await world.create(DEFINITIONS, body), 422, 'Invalid', 'must be spec.names.plural+"."+spec.group');
    },
  },
  {
    id: 'custom/no-schema',
    claim: 'a definition has a schema',
    run: async (world) => {
      const plural = `things${world.name('').replace('-', '')}`;
      const body = {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `${plural}.example.com` },
        spec: {
          group: 'example.com',
          scope: 'Namespaced',
          names: { plural, kind: 'Thing' },
          versions: [{ name: 'v1', served: true, storage: true }],
        },
      };
      refused(
        await world.create(DEFINITIONS, body),
        422,
        'Invalid',
        'spec.versions[0].schema.openAPIV3Schema: Required value',
      );
    },
  },
];
