// oxlint-disable vitest/no-standalone-expect -- cases are run inside of the tests of conformance.test.ts
import { expect } from 'vitest';
import { answered, configMap, deployment, refused, type Case, type World } from '../support/case.ts';
import type { Answer, Body } from '../support/cluster-client.ts';

/** Applies data of a ConfigMap as somebody. */
const applyData = (world: World, name: string, manager: string, data: object, query = ''): Promise<Answer> =>
  world.patch('configmaps', name, 'apply', configMap(name, data), `fieldManager=${manager}${query}`);

const managersOf = (body: Body): string[] =>
  body.metadata.managedFields.map((entry: Body) => `${entry.manager as string} ${entry.operation as string}`).sort();

/** Server-side apply (Kubernetes documentation, "Server-Side Apply"). */
export const APPLY_CASES: readonly Case[] = [
  {
    id: 'apply/create',
    claim: 'an apply creates what is not there, and the applier owns what it said',
    run: async (world) => {
      const one = world.name();
      const made = answered(await applyData(world, one, 'me', { a: '1' }), 201);
      const [entry] = made.metadata.managedFields;
      expect(entry).toMatchObject({
        manager: 'me',
        operation: 'Apply',
        apiVersion: 'v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:a': {} } },
      });
    },
  },
  {
    id: 'apply/again',
    claim: 'the same apply again changes nothing',
    run: async (world) => {
      const one = world.name();
      const made = answered(await applyData(world, one, 'me', { a: '1' }), 201);
      const same = answered(await applyData(world, one, 'me', { a: '1' }), 200);
      expect(same.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    },
  },
  {
    id: 'apply/removes',
    claim: 'what an applier says no more goes away',
    run: async (world) => {
      const one = world.name();
      answered(await applyData(world, one, 'me', { a: '1', b: '2' }), 201);
      expect(answered(await applyData(world, one, 'me', { a: '1' }), 200).data).toEqual({ a: '1' });
    },
  },
  {
    id: 'apply/keeps-others',
    claim: 'what others said stays',
    run: async (world) => {
      const one = world.name();
      answered(await applyData(world, one, 'me', { a: '1' }), 201);
      const both = answered(await applyData(world, one, 'you', { b: '2' }), 200);
      expect(both.data).toEqual({ a: '1', b: '2' });
      expect(managersOf(both)).toEqual(['me Apply', 'you Apply']);
    },
  },
  {
    id: 'apply/shared',
    claim: 'a field that two say stays until both say it no more',
    run: async (world) => {
      const one = world.name();
      answered(await applyData(world, one, 'me', { a: '1', b: '2' }), 201);
      answered(await applyData(world, one, 'you', { a: '1' }), 200);
      expect(answered(await applyData(world, one, 'me', { b: '2' }), 200).data).toEqual({ a: '1', b: '2' });
      expect(answered(await applyData(world, one, 'you', {}), 200).data).toEqual({ b: '2' });
    },
  },
  {
    id: 'apply/conflict',
    claim: 'a field that another owns with another value is a conflict that names both',
    run: async (world) => {
      const one = world.name();
      answered(await applyData(world, one, 'me', { a: '1' }), 201);
      const status = refused(await applyData(world, one, 'you', { a: '2' }), 409, 'Conflict');
      expect(status.message).toBe('Apply failed with 1 conflict: conflict with "me": .data.a');
      expect(status.details.causes).toEqual([
        { reason: 'FieldManagerConflict', message: 'conflict with "me"', field: '.data.a' },
      ]);
    },
  },
  {
    id: 'apply/conflicts',
    claim: 'several conflicts are told in one list',
    run: async (world) => {
      const one = world.name();
      answered(await applyData(world, one, 'me', { a: '1', b: '1' }), 201);
      const status = refused(await applyData(world, one, 'you', { a: '2', b: '2' }), 409, 'Conflict');
      expect(status.message).toBe('Apply failed with 2 conflicts: conflicts with "me":\n- .data.a\n- .data.b');
    },
  },
  {
    id: 'apply/conflict-with-update',
    claim: 'a field that an update changed belongs to who updated it',
    run: async (world) => {
      const one = world.name();
      answered(await applyData(world, one, 'me', { a: '1' }), 201);
      answered(await world.patch('configmaps', one, 'merge', { data: { a: '2' } }, 'fieldManager=editor'), 200);
      refused(await applyData(world, one, 'me', { a: '1' }), 409, 'Conflict', 'conflict with "editor" using v1');
    },
  },
  {
    id: 'apply/force',
    claim: 'with force a conflict ends the other’s ownership',
    run: async (world) => {
      const one = world.name();
      answered(await applyData(world, one, 'me', { a: '1' }), 201);
      const taken = answered(await applyData(world, one, 'you', { a: '2' }, '&force=true'), 200);
      expect(taken.data).toEqual({ a: '2' });
      const mine = taken.metadata.managedFields.find((entry: Body) => entry.manager === 'me');
      expect(mine?.fieldsV1['f:data']?.['f:a']).toBeUndefined();
    },
  },
  {
    id: 'apply/same-value',
    claim: 'the same value is no conflict',
    run: async (world) => {
      const one = world.name();
      answered(await applyData(world, one, 'me', { a: '1' }), 201);
      answered(await applyData(world, one, 'you', { a: '1' }), 200);
    },
  },
  {
    id: 'apply/no-manager',
    claim: 'who applies says who they are',
    run: async ({ patch, name }) => {
      const one = name();
      const answer = await patch('configmaps', one, 'apply', configMap(one));
      refused(answer, 422, 'Invalid', 'fieldManager: Required value: is required for apply patch');
    },
  },
  {
    id: 'apply/force-elsewhere',
    claim: 'only an apply can be forced',
    run: async ({ create, patch, name }) => {
      const one = name();
      answered(await create('configmaps', configMap(one)), 201);
      refused(await patch('configmaps', one, 'merge', {}, 'force=true'), 422, 'Invalid', 'force');
    },
  },
  {
    id: 'apply/managed-fields',
    claim: 'an applied configuration has no managed fields',
    run: async ({ patch, name }) => {
      const one = name();
      const body = configMap(one, {}, { managedFields: [{ manager: 'x', operation: 'Apply' }] });
      refused(
        await patch('configmaps', one, 'apply', body, 'fieldManager=me'),
        400,
        'BadRequest',
        'managedFields must be nil',
      );
    },
  },
  {
    id: 'apply/stale',
    claim: 'an applied configuration that names an old version is a conflict',
    run: async (world) => {
      const one = world.name();
      const made = answered(await applyData(world, one, 'me', { a: '1' }), 201);
      answered(await applyData(world, one, 'me', { a: '2' }), 200);
      const { resourceVersion } = made.metadata;
      const body = configMap(one, { a: '3' }, { resourceVersion });
      refused(await world.patch('configmaps', one, 'apply', body, 'fieldManager=me'), 409, 'Conflict');
    },
  },
  {
    id: 'apply/labels',
    claim: 'labels have owners of their own, each',
    run: async (world) => {
      const one = world.name();
      const labelled = (labels: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: one, labels } });
      answered(await world.patch('configmaps', one, 'apply', labelled({ a: '1' }), 'fieldManager=me'), 201);
      answered(await world.patch('configmaps', one, 'apply', labelled({ b: '1' }), 'fieldManager=you'), 200);
      const rest = answered(await world.patch('configmaps', one, 'apply', labelled({}), 'fieldManager=me'), 200);
      expect(rest.metadata.labels).toEqual({ b: '1' });
    },
  },
  {
    id: 'apply/other-name',
    claim: 'an object of another name than the one that is applied to is refused',
    run: async (world) => {
      const [one, other] = [world.name(), world.name()];
      answered(await world.patch('configmaps', one, 'apply', configMap(one), 'fieldManager=me'), 201);
      refused(
        await world.patch('configmaps', one, 'apply', configMap(other), 'fieldManager=me'),
        400,
        'BadRequest',
        `the name of the object (${other}) does not match the name on the URL (${one})`,
      );
    },
  },
  {
    id: 'apply/dry-run',
    claim: 'a dry run of an apply stores nothing',
    run: async (world) => {
      const one = world.name();
      answered(await applyData(world, one, 'me', { a: '1' }, '&dryRun=All'), 201);
      expect((await world.get('configmaps', one)).code).toBe(404);
    },
  },
  {
    id: 'apply/list-map',
    claim: 'items of a list with keys have owners of their own',
    run: async (world) => {
      const one = world.name();
      const withPorts = (...ports: readonly object[]) => ({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: one },
        spec: { ports },
      });
      const http = { name: 'http', port: 80, protocol: 'TCP' };
      const metrics = { name: 'metrics', port: 9090, protocol: 'TCP' };
      answered(await world.patch('services', one, 'apply', withPorts(http), 'fieldManager=me'), 201);
      const both = answered(await world.patch('services', one, 'apply', withPorts(metrics), 'fieldManager=you'), 200);
      expect(both.spec.ports.map((port: Body) => port.name as string).sort()).toEqual(['http', 'metrics']);
      const fields = both.metadata.managedFields.find((entry: Body) => entry.manager === 'you').fieldsV1;
      expect(fields['f:spec']['f:ports']).toHaveProperty(['k:{"port":9090,"protocol":"TCP"}']);
    },
  },
  {
    id: 'apply/status',
    claim: 'the status is applied through its subresource, under a manager of its own',
    run: async (world) => {
      const one = world.name();
      answered(await world.create('apps/v1/deployments', deployment(one)), 201);
      const path = world.path('apps/v1/deployments', `${one}/status`, 'fieldManager=watcher');
      const body = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: one },
        status: { conditions: [{ type: 'Seen', status: 'True' }] },
      };
      const answer = await world.call({ method: 'PATCH', path, body, contentType: 'application/apply-patch+yaml' });
      const entry = answered(answer, 200).metadata.managedFields.find((found: Body) => found.manager === 'watcher');
      expect(entry).toMatchObject({ operation: 'Apply', subresource: 'status' });
    },
  },
  {
    id: 'apply/update-tracked',
    claim: 'who creates and updates owns those fields too',
    run: async ({ create, name }) => {
      const made = answered(await create('configmaps', configMap(name(), { a: '1' }), 'fieldManager=maker'), 201);
      expect(managersOf(made)).toEqual(['maker Update']);
    },
  },
];
