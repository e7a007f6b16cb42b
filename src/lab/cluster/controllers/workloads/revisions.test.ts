import { describe, expect, test } from 'vitest';
import type { ControllerRevision } from 'kubernetes-types/apps/v1.js';
import { planRevision, planRevisionCleanup, templateOf, type RevisionOwner } from './revisions.ts';

const ownerOf = (image: string, more: Partial<RevisionOwner> = {}): RevisionOwner => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'agent', namespace: 'default', uid: 'u', annotations: { note: 'x' } },
  spec: { template: { metadata: { labels: { app: 'agent' } }, spec: { containers: [{ name: 'c', image }] } } },
  ...more,
});
const history = (...images: string[]): readonly ControllerRevision[] =>
  images.map((image, index) => ({ ...planRevision(ownerOf(image), []).update, revision: index + 1 }));

describe('the revision of a template', () => {
  test('is made for a new one, with the next number and what rollout undo needs', () => {
    const owner = ownerOf('i:3');
    const { change, update } = planRevision(owner, history('i:1', 'i:2'));
    const hash = update.metadata?.labels?.['controller-revision-hash'] ?? '';
    expect(hash).toMatch(/^[a-z0-9]{6,10}$/);
    expect(change).toBe('create');
    expect(update).toMatchObject({
      revision: 3,
      metadata: {
        name: `agent-${hash}`,
        labels: { app: 'agent' },
        annotations: { note: 'x' },
        ownerReferences: [{ kind: 'DaemonSet', uid: 'u', controller: true }],
      },
      data: { spec: { template: { $patch: 'replace' } } },
    });
    expect(templateOf(update)).toEqual(owner.spec?.template);
  });

  test('is the one that there is', () => {
    expect(planRevision(ownerOf('i:2'), history('i:1', 'i:2'))).toMatchObject({
      change: 'none',
      update: { revision: 2 },
    });
  });

  test('of before gets the highest number again', () => {
    const renumbered = planRevision(ownerOf('i:1'), history('i:1', 'i:2'));
    expect(renumbered).toMatchObject({ change: 'renumber', update: { revision: 3 } });
  });

  test('has another name when its first one was taken', () => {
    const first = planRevision(ownerOf('i:1'), []).update.metadata?.name;
    const second = planRevision(ownerOf('i:1', { status: { collisionCount: 1 } }), []).update.metadata?.name;
    expect(second).not.toBe(first);
  });
});

test('the oldest revisions beyond the limit go, but none that is in use', () => {
  const all = history('i:1', 'i:2', 'i:3', 'i:4');
  const owner = ownerOf('i:4', { spec: { ...ownerOf('i:4').spec, revisionHistoryLimit: 1 } });
  const removed = planRevisionCleanup(owner, all, ({ revision }) => revision === 4 || revision === 1);
  expect(removed.map(({ revision }) => revision)).toEqual([2]);
});
