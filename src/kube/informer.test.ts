import { describe, expect, it } from 'vitest';
import { KeyferryError, silentLog } from '#base';
import { createFakeClock, createFakeRandom } from '../base/testing/index.ts';
import type { KubeClient } from './client.ts';
import { startInformer } from './informer.ts';
import { RESOURCES } from './resources.ts';
import type { KubeObject, WatchEvent } from './types.ts';

const pod = (name: string, resourceVersion: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', resourceVersion },
});
const expired = new KeyferryError('failed-precondition', 'too old', { upstreamCode: 'Expired' });

/** An API server that lists and watches by a script; a watch waits once its script has no more for it. */
function scripted(lists: (KubeObject[] | Error)[], watches: (WatchEvent | Error | 'end')[][]) {
  const asked: string[] = [];
  let changed: () => void = () => undefined;
  const client: Pick<KubeClient, 'list' | 'watch'> = {
    async list() {
      asked.push('list');
      const next = lists.shift() ?? [];
      if (next instanceof Error) throw next;
      return { metadata: { resourceVersion: `${100 * asked.length}` }, items: next as never[] };
    },
    async *watch(_resource, { resourceVersion, signal }) {
      asked.push(`watch ${resourceVersion}`);
      changed();
      for (const step of watches.shift() ?? []) {
        if (step === 'end') return;
        if (step instanceof Error) throw step;
        yield step as never;
      }
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    },
  };
  const until = async (count: number) => {
    while (asked.length < count) await new Promise<void>((resolve) => (changed = resolve));
  };
  return { client, asked, until };
}

const start = (client: Pick<KubeClient, 'list' | 'watch'>, clock = createFakeClock()) =>
  startInformer({ client, resource: RESOURCES.pods, clock, random: createFakeRandom(), log: silentLog });
const names = (objects: readonly KubeObject[]) =>
  objects.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`);

describe('an informer', () => {
  it('is ready with the list, and follows from there', async () => {
    const { client, asked, until } = scripted(
      [[pod('a', '1'), pod('b', '2')]],
      [
        [
          { type: 'MODIFIED', object: pod('a', '101') },
          { type: 'DELETED', object: pod('b', '102') },
          { type: 'ADDED', object: pod('c', '103') },
          'end',
        ],
      ],
    );
    await using informer = start(client);
    const changes: string[] = [];
    informer.onChange(({ type, object }) => changes.push(`${type} ${object.metadata.name}`));
    await informer.ready;
    await until(3);
    expect(names(informer.list())).toEqual(['a@101', 'c@103']);
    expect(informer.get({ namespace: 'shop', name: 'a' })?.metadata.resourceVersion).toBe('101');
    expect(informer.get({ namespace: 'shop', name: 'b' })).toBeUndefined();
    expect(changes).toEqual(['added a', 'added b', 'modified a', 'deleted b', 'added c']);
    expect(asked).toEqual(['list', 'watch 100', 'watch 103']);
  });

  it('goes on from a bookmark', async () => {
    const { client, asked, until } = scripted([[]], [[{ type: 'BOOKMARK', object: pod('', '500') }, 'end']]);
    await using informer = start(client);
    await informer.ready;
    await until(3);
    expect(asked).toEqual(['list', 'watch 100', 'watch 500']);
    expect(informer.list()).toEqual([]);
  });

  it('lists anew when its version is too old, and tells only what differs', async () => {
    const { client, asked, until } = scripted(
      [
        [pod('a', '1'), pod('b', '2')],
        [pod('b', '2'), pod('c', '3')],
      ],
      [[expired]],
    );
    await using informer = start(client);
    await informer.ready;
    const changes: string[] = [];
    informer.onChange(({ type, object }) => changes.push(`${type} ${object.metadata.name}`));
    await until(4);
    expect(asked).toEqual(['list', 'watch 100', 'list', 'watch 300']);
    expect(changes).toEqual(['deleted a', 'added c']);
  });

  it('tries again after a pause when the API server fails', async () => {
    const { client, asked } = scripted([new KeyferryError('unavailable', 'down'), [pod('a', '1')]], []);
    const clock = createFakeClock();
    await using informer = start(client, clock);
    await clock.sleepers();
    expect(asked).toEqual(['list']);
    await clock.advance(500);
    await informer.ready;
    expect(names(informer.list())).toEqual(['a@1']);
  });

  it('gives up a watch that has said nothing for much longer than it may live', async () => {
    const { client, until, asked } = scripted([[]], []);
    const clock = createFakeClock();
    await using informer = start(client, clock);
    await informer.ready;
    await until(2);
    await clock.sleepers();
    await clock.advance(330_000);
    await until(3);
    expect(asked).toEqual(['list', 'watch 100', 'watch 100']);
  });

  it('stops while it waits, and says so to who waited for it', async () => {
    const { client } = scripted([new KeyferryError('unavailable', 'down')], []);
    const informer = start(client);
    const waiting = expect(informer.ready).rejects.toMatchObject({ code: 'aborted' });
    await informer[Symbol.asyncDispose]();
    await waiting;
  });
});
