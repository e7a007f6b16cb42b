import { describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import { createFakeClock } from '../base/testing/index.ts';
import { applyManifests, parseManifests } from './manifests.ts';
import { createFakeKubeClient } from './testing/index.ts';

describe('parseManifests', () => {
  it('reads all documents and takes lists apart', () => {
    const text = `
apiVersion: v1
kind: Namespace
metadata: { name: a }
---
# nothing
---
apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: Pod, metadata: { name: b } }
  - { apiVersion: v1, kind: Pod, metadata: { name: c } }
`;
    expect(parseManifests(text).map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'Namespace a',
      'Pod b',
      'Pod c',
    ]);
  });

  it('tells everything that is no object', () => {
    expect(() => parseManifests('kind: Pod\n---\na: [\n---\nhello')).toThrow(/document 1.*document 2.*document 3/s);
  });
});

describe('applyManifests', () => {
  const resources = [
    { name: 'pods', kind: 'Pod', namespaced: true },
    { name: 'pods/status', kind: 'Pod', namespaced: true },
    { name: 'nodes', kind: 'Node', namespaced: false },
  ];
  const objects = parseManifests(
    '{apiVersion: v1, kind: Pod, metadata: {name: a}}\n---\n{apiVersion: v1, kind: Node, metadata: {name: b}}\n---\n{apiVersion: g/v2, kind: Thing, metadata: {name: c, namespace: d}}',
  );

  it('finds where each kind lives, and waits for one that its definition has only just brought', async () => {
    const fake = createFakeKubeClient();
    const clock = createFakeClock();
    let served = false;
    const client = {
      ...fake,
      getPath: async <T>(path: string): Promise<T> => {
        if (path === '/api/v1') return { resources } as T;
        if (!served) throw new KeyferryError('not-found', 'no', { upstreamCode: 'NotFound' });
        return { resources: [{ name: 'things', kind: 'Thing', namespaced: true }] } as T;
      },
    };
    const applied = applyManifests({ client, clock, fieldManager: 'me', namespace: 'shop' }, objects);
    await clock.sleepers();
    served = true;
    await clock.advance(200);
    expect(await applied).toHaveLength(3);
    expect(fake.calls.map(({ resource, key }) => `${resource} ${key.namespace ?? ''}/${key.name}`)).toEqual([
      'pods shop/a',
      'nodes /b',
      'things d/c',
    ]);
    expect(fake.calls[0]?.patch).toMatchObject({ type: 'apply', fieldManager: 'me', force: true });
  });

  it('says which kind the cluster does not have', async () => {
    const clock = createFakeClock();
    const client = { ...createFakeKubeClient(), getPath: async <T>() => ({ resources: [] }) as T };
    const failure = expect(applyManifests({ client, clock, fieldManager: 'me' }, objects)).rejects.toThrow(
      'the cluster has no kind Pod in v1',
    );
    for (let pause = 0; pause < 24; pause += 1) {
      await clock.sleepers();
      await clock.advance(200);
    }
    await failure;
  });
});
