import { boolean, constantFrom, option, property, assert, nat, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planPublish, type ObservedVolume } from './plan-publish.ts';

const DUE = { freshSinceMs: 7 };

describe('a publish', () => {
  it.each<[string, ObservedVolume, ReturnType<typeof planPublish>]>([
    [
      'mounts and fills a volume that is not there',
      { mounted: false, content: 'none', due: undefined },
      { action: 'fill', mount: true, keepsFiles: false },
    ],
    [
      'fills what an earlier one mounted and left empty',
      { mounted: true, content: 'none', due: undefined },
      { action: 'fill', mount: false, keepsFiles: false },
    ],
    [
      'fills what may be half of somebody’s files, and undoes none of them',
      { mounted: true, content: 'unknown', due: undefined },
      { action: 'fill', mount: false, keepsFiles: true },
    ],
    ['keeps what is whole and not due', { mounted: true, content: 'whole', due: undefined }, { action: 'keep' }],
    [
      'refreshes what is whole and due, with answers as new as the check is',
      { mounted: true, content: 'whole', due: DUE },
      { action: 'refresh', freshSinceMs: 7 },
    ],
  ])('%s', (_name, found, plan) => {
    expect(planPublish(found)).toEqual(plan);
  });

  it('is a matter of what is mounted first: no check that is or is not due makes up for files that are missing', () => {
    const volumes = record({
      mounted: boolean(),
      content: constantFrom<ObservedVolume['content']>('whole', 'unknown', 'none'),
      due: option(record({ freshSinceMs: nat() }), { nil: undefined }),
    });
    assert(
      property(volumes, (found) => {
        const plan = planPublish(found);
        const { mounted, content } = found;
        // Only `fill` tells kubelet of a failure, so it is the answer to all that a container must not start with.
        const isWhole = mounted && content === 'whole';
        expect(plan.action === 'fill').toBe(!isWhole);
        expect(planPublish({ ...found, due: undefined }).action === 'fill').toBe(!isWhole);
        // What a pod may be reading is undone by nothing.
        const filled = { action: 'fill', mount: !mounted, keepsFiles: mounted && content === 'unknown' };
        expect(isWhole ? filled : plan).toEqual(filled);
      }),
    );
  });
});
