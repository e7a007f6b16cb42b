import { beforeEach, describe, expect, it } from 'vitest';
import { ApiError } from '../../api-access.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';
import { applyObject } from './apply.ts';
import { patchObject } from './patch.ts';

const DEPLOYMENTS = { group: 'apps', version: 'v1', resource: 'deployments' };

const config = (spec: object = {}, labels: Record<string, string> = {}, container: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', labels },
  spec: {
    selector: { matchLabels: { app: 'd' } },
    template: {
      metadata: { labels: { app: 'd' } },
      spec: { containers: [{ name: 'c', image: 'nginx', ...container }] },
    },
    ...spec,
  },
});

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

const target = () => ({ kind: api.context.kinds.get(DEPLOYMENTS), namespace: 'default', name: 'd' });
const apply = (manager: string, body: unknown, force = false) =>
  applyObject(api.context, target(), body, { ...api.options(manager), force });
const update = (manager: string, patch: unknown) =>
  patchObject(api.context, target(), 'merge', patch, api.options(manager));

function refusalOf(call: () => unknown): ApiError['body'] | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return error instanceof ApiError ? error.body : undefined;
  }
}

describe('server-side apply', () => {
  it('creates the object, then answers the same for the same configuration', () => {
    const first = apply('a', config({ replicas: 2 }));
    expect(first).toMatchObject({ created: true, object: { spec: { replicas: 2, revisionHistoryLimit: 10 } } });
    const second = apply('a', config({ replicas: 2 }));
    expect(second.created).toBe(false);
    expect(second.object.metadata.resourceVersion).toBe(first.object.metadata.resourceVersion);
  });

  it('notes what a manager owns, without what the server filled in', () => {
    const { object } = apply('a', config({ replicas: 2 }));
    expect(object.metadata.managedFields).toEqual([
      {
        manager: 'a',
        operation: 'Apply',
        apiVersion: 'apps/v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': {} },
          'f:spec': {
            'f:replicas': {},
            'f:selector': {},
            'f:template': {
              'f:metadata': { 'f:labels': { 'f:app': {} } },
              'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:name': {}, 'f:image': {} } } },
            },
          },
        },
      },
    ]);
  });

  it('takes away what its manager says no more', () => {
    apply(
      'a',
      config(
        { replicas: 2 },
        { one: '1', two: '2' },
        {
          env: [
            { name: 'X', value: 'x' },
            { name: 'Y', value: 'y' },
          ],
        },
      ),
    );
    const { object } = apply('a', config({ replicas: 2 }, { one: '1' }, { env: [{ name: 'Y', value: 'y' }] }));
    expect(object.metadata.labels).toEqual({ one: '1' });
    expect(object).toMatchObject({
      spec: { template: { spec: { containers: [{ env: [{ name: 'Y', value: 'y' }] }] } } },
    });
  });

  it('takes away an item of a list whole, also where the server filled in fields of it', () => {
    const ports = (...numbers: readonly number[]) =>
      config({}, {}, { ports: numbers.map((containerPort) => ({ name: `p${containerPort}`, containerPort })) });
    apply('a', ports(80, 81));
    expect(apply('a', ports(8080, 81)).object).toMatchObject({
      spec: {
        template: {
          spec: {
            containers: [
              {
                ports: [
                  { name: 'p81', containerPort: 81, protocol: 'TCP' },
                  { name: 'p8080', containerPort: 8080, protocol: 'TCP' },
                ],
              },
            ],
          },
        },
      },
    });
  });

  it('leaves the keys of an item that another manager has fields in', () => {
    apply('a', config({}, {}, { ports: [{ name: 'web', containerPort: 80 }] }));
    const host = { containerPort: 80, protocol: 'TCP', hostPort: 8080 };
    apply('b', config({}, {}, { ports: [host] }));
    expect(apply('a', config()).object).toMatchObject({
      spec: { template: { spec: { containers: [{ ports: [host] }] } } },
    });
  });

  it('leaves what another manager owns too', () => {
    apply('a', config({}, { shared: '1', mine: '1' }));
    apply('b', { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd', labels: { shared: '1' } } });
    expect(apply('a', config()).object.metadata.labels).toEqual({ shared: '1' });
  });

  it('refuses to change what another manager owns, in the words of Kubernetes', () => {
    apply('a', config({ replicas: 2 }));
    update('scaler', { spec: { replicas: 5 } });
    expect(refusalOf(() => apply('a', config({ replicas: 2 })))).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "scaler" using apps/v1: .spec.replicas',
      details: {
        causes: [
          {
            reason: 'FieldManagerConflict',
            message: 'conflict with "scaler" using apps/v1',
            field: '.spec.replicas',
          },
        ],
      },
    });
  });

  it('names an applier in a conflict without its version, and every field', () => {
    apply('a', config({ replicas: 2 }, { x: '1' }));
    const other = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd', labels: { x: '2' } },
      spec: { replicas: 3 },
    };
    expect(() => apply('b', other)).toThrow(
      'Apply failed with 2 conflicts: conflicts with "a":\n- .metadata.labels.x\n- .spec.replicas',
    );
  });

  it('takes fields over by force, and the loser owns them no more', () => {
    apply('a', config({ replicas: 2 }));
    const { object } = apply(
      'b',
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec: { replicas: 3 } },
      true,
    );
    expect(object).toMatchObject({ spec: { replicas: 3 } });
    const { object: after } = apply('a', config());
    expect(after).toMatchObject({ spec: { replicas: 3 } });
  });

  it('shares a field that both set to the same value', () => {
    apply('a', config({ replicas: 2 }));
    apply('b', { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec: { replicas: 2 } });
    expect(apply('a', config()).object).toMatchObject({ spec: { replicas: 2 } });
  });

  it('gives a field that an update changes to who changed it', () => {
    apply('a', config({ replicas: 2 }));
    const updated = update('editor', { metadata: { labels: { new: '1' } }, spec: { replicas: 4 } });
    const editor = updated.metadata.managedFields?.find(({ manager }) => manager === 'editor');
    expect(editor).toMatchObject({
      operation: 'Update',
      fieldsV1: { 'f:metadata': { 'f:labels': { 'f:new': {} } }, 'f:spec': { 'f:replicas': {} } },
    });
    const applier = updated.metadata.managedFields?.find(({ manager }) => manager === 'a');
    expect(applier?.fieldsV1).not.toHaveProperty('f:spec.f:replicas');
  });

  it('refuses a configuration that carries managedFields', () => {
    const body = { ...config(), metadata: { name: 'd', managedFields: [] } };
    expect(() => apply('a', body)).toThrow('metadata.managedFields must be nil');
  });
});
