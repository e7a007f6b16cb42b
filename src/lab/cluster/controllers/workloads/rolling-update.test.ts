import { array, assert, integer, oneof, property, record, type Arbitrary } from 'fast-check';
import { expect, test } from 'vitest';
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import { planDeploymentStep, scaleAnnotations } from './deployment-plan.ts';
import { createRollout, rollingLimits, totalAvailable, totalReplicas } from './rollout.ts';

// Rolling updates of any size and limits, whose pods become available in any order.

const share = oneof(
  integer({ min: 0, max: 12 }),
  integer({ min: 0, max: 100 }).map((percent) => `${percent}%`),
);
const updates = record({
  replicas: integer({ min: 0, max: 12 }),
  maxSurge: share,
  maxUnavailable: share,
  /** How many of the waiting pods become available between two steps. */
  progress: array(integer({ min: 0, max: 3 }), { maxLength: 30 }),
});

type Update = typeof updates extends Arbitrary<infer Value> ? Value : never;

const template = (image: string) => ({ spec: { containers: [{ name: 'c', image }] } });

interface Size {
  readonly image: string;
  readonly replicas: number;
  readonly available: number;
}

/** Plays an update to its end, calling `check` with all ReplicaSets after each step; answers their sizes at the end. */
function play(update: Update, check: (sets: ReplicaSet[], deployment: Deployment) => void) {
  const { replicas, maxSurge, maxUnavailable, progress } = update;
  const deployment = {
    metadata: { name: 'd' },
    spec: {
      replicas,
      selector: {},
      template: template('new'),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
    },
  } as Deployment;
  const annotations = { ...scaleAnnotations({ deployment, current: undefined, old: [] }) };
  let sizes: readonly Size[] = [
    { image: 'old', replicas, available: replicas },
    { image: 'new', replicas: 0, available: 0 },
  ];
  const replicaSets = () =>
    sizes.map(({ image, replicas: size, available }): ReplicaSet => ({
      metadata: { name: image, annotations },
      spec: { replicas: size, selector: {}, template: template(image) },
      status: { replicas: size, availableReplicas: available },
    }));
  for (let round = 0; round < 200; round += 1) {
    const step = planDeploymentStep({ ...createRollout(deployment, replicaSets()), oldPodsRun: false });
    if (step.kind === 'create') throw new Error('there is a ReplicaSet of the template');
    const scales = step.kind === 'scale' ? step.scales : [];
    sizes = sizes.map((size) => {
      const next = scales.find(({ replicaSet }) => replicaSet.metadata?.name === size.image)?.replicas ?? size.replicas;
      // A ReplicaSet removes pods that are not available before others.
      return { ...size, replicas: next, available: Math.min(size.available, next) };
    });
    check(replicaSets(), deployment);
    const arrivals = progress[round] ?? 1;
    const waits = sizes.some(({ replicas: size, available }) => available < size);
    if (step.kind === 'wait' && !waits) return sizes;
    sizes = sizes.map((size) => ({ ...size, available: Math.min(size.replicas, size.available + arrivals) }));
  }
  throw new Error('the update does not end');
}

test('a rolling update keeps within its limits at every step', () => {
  assert(
    property(updates, (update) => {
      play(update, (sets, deployment) => {
        const { maxSurge, maxUnavailable } = rollingLimits(deployment);
        expect(totalReplicas(sets)).toBeLessThanOrEqual(update.replicas + maxSurge);
        expect(totalAvailable(sets)).toBeGreaterThanOrEqual(update.replicas - maxUnavailable);
      });
    }),
  );
});

test('a rolling update always ends, with new pods only', () => {
  assert(
    property(updates, (update) => {
      const sizes = play(update, () => undefined);
      const { replicas } = update;
      expect(sizes).toEqual([
        { image: 'old', replicas: 0, available: 0 },
        { image: 'new', replicas, available: replicas },
      ]);
    }),
  );
});
