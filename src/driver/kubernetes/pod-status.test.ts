import { describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import { SECRET_CLASS_RESOURCES, type PodStatusObject } from '#secretclass';
import { createFakeClock, createFakeRandom, createMemoryLog } from '../../base/testing/index.ts';
import { createFakeKubeClient } from '../../kube/testing/index.ts';
import { createBackgroundQueue } from './background-queue.ts';
import { createPodStatusWriter } from './pod-status.ts';
import type { VolumeRecord } from '../volume/volume-record.ts';

const { podStatuses } = SECRET_CLASS_RESOURCES;

function setUp() {
  const client = createFakeKubeClient();
  const clock = createFakeClock();
  const queue = createBackgroundQueue({
    name: 'pod status',
    clock,
    random: createFakeRandom(),
    log: createMemoryLog(),
    concurrency: 16,
  });
  const writer = createPodStatusWriter({ client, queue, nodeName: 'node-1' });
  return {
    client,
    clock,
    queue,
    writer,
    /** The one object that there is. */
    status: () => client.all(podStatuses)[0] as unknown as PodStatusObject,
    writes: () => client.calls.length,
  };
}

const volume = (change: Partial<VolumeRecord> = {}): VolumeRecord => ({
  targetPath: '/pods/u1/a/mount',
  volumeId: 'v',
  podName: 'web',
  podNamespace: 'shop',
  podUid: 'u1',
  className: 'db',
  provider: 'azure',
  writtenAt: '2026-01-01T00:00:00.000Z',
  versions: [{ id: 'secret/a', version: '1' }],
  ...change,
});
const SECOND = { targetPath: '/pods/u1/b/mount' };

describe('the status object of two volumes of one pod that name one class', () => {
  it('has the objects of both, sorted, and the path of the same one whichever comes last', async () => {
    const { writer, queue, status } = setUp();
    writer.report(volume({ ...SECOND, versions: [{ id: 'secret/b', version: '1' }] }));
    writer.report(volume());
    await queue.idle();
    expect(status().status).toMatchObject({
      targetPath: '/pods/u1/a/mount',
      objects: [
        { id: 'secret/a', version: '1' },
        { id: 'secret/b', version: '1' },
      ],
    });
  });

  it('changes once when one version after the other is refreshed', async () => {
    const { writer, queue, status, writes } = setUp();
    writer.report(volume());
    writer.report(volume(SECOND));
    await queue.idle();
    const before = writes();
    const refreshed = { versions: [{ id: 'secret/a', version: '2' }], writtenAt: '2026-01-01T00:01:00.000Z' };
    writer.report(volume({ ...SECOND, ...refreshed }));
    await queue.idle();
    expect(status().status.objects).toEqual([{ id: 'secret/a', version: '2' }]);
    writer.report(volume()); // checked, and not yet refreshed
    writer.report(volume(refreshed));
    await queue.idle();
    expect(writes()).toBe(before + 1);
  });

  it('loses what only the one had that is unmounted, unless the pod goes', async () => {
    const { writer, queue, status, clock, writes } = setUp();
    writer.report(volume());
    writer.report(volume({ ...SECOND, versions: [{ id: 'secret/b', version: '1' }] }));
    await queue.idle();
    writer.forget(SECOND.targetPath);
    await clock.advance(60_000);
    await queue.idle();
    expect(status().status.objects).toEqual([{ id: 'secret/a', version: '1' }]);
    writer.report(volume(SECOND));
    await queue.idle();
    const before = writes();
    writer.forget(SECOND.targetPath);
    writer.forget(volume().targetPath);
    await clock.advance(600_000);
    expect(writes()).toBe(before);
  });
});

describe('a pod status', () => {
  it('is not written again when a report tells nothing new', async () => {
    const { writer, queue, writes } = setUp();
    writer.report(volume());
    await queue.idle();
    writer.report(volume({ writtenAt: '2026-01-02T00:00:00.000Z' }));
    await queue.idle();
    expect(writes()).toBe(1);
  });

  it('is written once for reports in a row, with the last of them', async () => {
    const { writer, queue, status, writes } = setUp();
    for (const version of ['1', '2', '3', '4']) writer.report(volume({ versions: [{ id: 'secret/a', version }] }));
    await queue.idle();
    expect(status().status.objects).toEqual([{ id: 'secret/a', version: '4' }]);
    expect(writes()).toBeLessThanOrEqual(2);
  });

  it('is written again after a write that failed, which may have been done all the same', async () => {
    const { writer, queue, client, writes } = setUp();
    writer.report(volume());
    await queue.idle();
    client.intercept = () => {
      throw new KeyferryError('unavailable', 'down');
    };
    writer.report(volume({ versions: [] }));
    await queue.idle();
    client.intercept = () => undefined;
    const before = writes();
    writer.report(volume());
    await queue.idle();
    expect(writes()).toBe(before + 1);
  });

  it('tells of the newest pod of a name, whatever is left of the one before', async () => {
    const { writer, queue, status, clock } = setUp();
    const old = volume({ podUid: 'u0', targetPath: '/pods/u0/a/mount' });
    writer.report(old);
    await queue.idle();
    writer.report(volume());
    await queue.idle();
    writer.report({ ...old, versions: [{ id: 'secret/old', version: '9' }] });
    await queue.idle();
    expect(status().metadata.ownerReferences?.map(({ uid }) => uid)).toContain('u1');
    expect(status().status.targetPath).toBe('/pods/u1/a/mount');
    writer.forget(old.targetPath);
    await clock.advance(600_000);
    expect(status().status.targetPath).toBe('/pods/u1/a/mount');
  });

  it('is written for volumes of an earlier process that nobody reports, and by then with what is reported', async () => {
    const { writer, queue, status, clock, writes } = setUp();
    writer.enter(volume());
    writer.enter(volume({ ...SECOND, versions: [{ id: 'secret/b', version: '1' }] }));
    await queue.idle();
    expect(writes()).toBe(0);
    writer.report(volume());
    await queue.idle();
    expect(status().status.objects).toHaveLength(2);
    await clock.advance(600_000);
    expect(writes()).toBe(1);
    writer.enter(volume({ podUid: 'u2', podName: 'quiet', targetPath: '/pods/u2/a/mount' }));
    await clock.advance(600_000);
    expect(writes()).toBe(2);
  });

  it('is written for 200 pods at once, sixteen at a time', async () => {
    const { writer, queue, client } = setUp();
    let running = 0;
    let most = 0;
    client.intercept = async () => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
    };
    for (let pod = 0; pod < 200; pod += 1) {
      writer.report(volume({ podUid: `u${pod}`, podName: `web-${pod}`, targetPath: `/pods/u${pod}/a/mount` }));
    }
    await queue.idle();
    expect(client.all(podStatuses)).toHaveLength(200);
    expect(most).toBe(16);
  });
});
