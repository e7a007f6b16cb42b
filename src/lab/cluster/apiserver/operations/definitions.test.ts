import { beforeEach, describe, expect, it } from 'vitest';
import { CRDS, key } from '../testing/objects.ts';
import { refusal } from '../testing/refusal.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

describe('custom resources', () => {
  const definition = {
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { kind: 'Widget', plural: 'widgets' },
      versions: ['v1', 'v2'].map((name) => ({
        name,
        served: true,
        storage: name === 'v2',
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: { size: { type: 'integer' }, color: { type: 'string', default: 'red' } },
              },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
      })),
    },
  };
  const widgets = (version: string) => ({ group: 'example.com', version, resource: 'widgets' });

  it('are served in every version as soon as their definition is stored, and no longer than it', async () => {
    const { access } = api;
    expect(await refusal(access.list(widgets('v1')))).toMatchObject({ code: 404 });
    const stored = await access.create(CRDS, undefined, definition);
    expect(stored).toMatchObject({
      status: {
        conditions: [{ type: 'NamesAccepted' }, { type: 'Established', status: 'True' }],
        storedVersions: ['v2'],
      },
    });
    await access.create(widgets('v1'), 'default', { metadata: { name: 'w' }, spec: { size: 1 } });
    expect(await access.get(widgets('v2'), key('w'))).toMatchObject({
      apiVersion: 'example.com/v2',
      kind: 'Widget',
      spec: { size: 1, color: 'red' },
    });
    expect(
      await refusal(access.create(widgets('v1'), 'default', { metadata: { name: 'x' }, spec: { size: 'big' } })),
    ).toMatchObject({ code: 422 });
    await access.delete(CRDS, { name: 'widgets.example.com' });
    expect(await refusal(access.list(widgets('v1')))).toMatchObject({ code: 404 });
    await access.create(CRDS, undefined, definition);
    expect((await access.list(widgets('v1'))).items).toEqual([]);
  });
});
