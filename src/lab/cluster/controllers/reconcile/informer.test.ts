import { expect, test } from 'vitest';
import { createFakeClock, createFakeRandom, createMemoryLog } from '../../../../base/testing/index.ts';
import type { KubeObject, WatchEvent } from '#kube';
import { ApiError, type ApiAccess, type KubeList } from '../../api-access.ts';
import { keyOf, parseKey, startInformer } from './informer.ts';

const resource = { group: '', version: 'v1', resource: 'things' };

const thing = (name: string, resourceVersion: string, uid = `uid-${name}`): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { namespace: 'ns', name, resourceVersion, uid },
});

const status = (code: number, reason: string) =>
  ({ apiVersion: 'v1', kind: 'Status', metadata: {}, status: 'Failure', code, reason }) as const;

/** What the API server does in one round: a list that is asked for (or not), then the events of a watch. */
interface Round {
  readonly list?: { readonly resourceVersion: string; readonly items: readonly KubeObject[] };
  readonly events?: readonly WatchEvent[];
  readonly watchFails?: Error;
}

/** Plays rounds; after the last one the watch stays open. */
function follow(rounds: readonly Round[]) {
  const left = [...rounds];
  const watchedFrom: (string | undefined)[] = [];
  let lists = 0;
  const api = {
    list: () => {
      lists += 1;
      const { resourceVersion = '0', items = [] } = left[0]?.list ?? {};
      return Promise.resolve({ apiVersion: 'v1', kind: 'ThingList', metadata: { resourceVersion }, items } as KubeList);
    },
    async *watch(_resource: unknown, query: { resourceVersion?: string; signal: AbortSignal }) {
      watchedFrom.push(query.resourceVersion);
      const round = left.shift();
      yield* round?.events ?? [];
      if (round?.watchFails !== undefined) throw round.watchFails;
      if (left.length > 0) return;
      await new Promise<void>((resolve) => query.signal.addEventListener('abort', () => resolve()));
    },
  } as unknown as ApiAccess;
  const clock = createFakeClock();
  const informer = startInformer({ api, resource, clock, random: createFakeRandom(), log: createMemoryLog() });
  const changes: string[] = [];
  informer.onChange(({ type, object }) => changes.push(`${type} ${object.metadata.name ?? ''}`));
  return { clock, informer, changes, watchedFrom, lists: () => lists };
}

test('tells of the present objects, then of each change, and then knows the present state', async () => {
  const { informer, changes } = follow([
    {
      list: { resourceVersion: '5', items: [thing('a', '1'), thing('b', '2')] },
      events: [
        { type: 'ADDED', object: thing('c', '6') },
        { type: 'MODIFIED', object: thing('a', '7') },
        { type: 'DELETED', object: thing('b', '8') },
      ],
    },
  ]);
  await expect.poll(() => changes).toEqual(['added a', 'added b', 'added c', 'modified a', 'deleted b']);
  expect([...informer.objects()].map(({ metadata }) => metadata.name)).toEqual(['a', 'c']);
  await informer[Symbol.asyncDispose]();
});

test('a watch that ends is resumed after the last event or bookmark, without a new list', async () => {
  const { informer, clock, watchedFrom, lists } = follow([
    { list: { resourceVersion: '5', items: [] }, events: [{ type: 'BOOKMARK', object: thing('', '9') }] },
    {},
  ]);
  await clock.sleepers();
  await clock.advance(1);
  await expect.poll(() => watchedFrom).toEqual(['5', '9']);
  expect(lists()).toBe(1);
  await informer[Symbol.asyncDispose]();
});

test.each([
  {
    how: 'an ERROR event',
    first: { events: [{ type: 'ERROR', object: status(410, 'Expired') } as unknown as WatchEvent] },
  },
  { how: 'a refusal', first: { watchFails: new ApiError(status(410, 'Expired')) } },
])('after 410 as $how it lists again, and tells what was missed', async ({ first }) => {
  const { informer, clock, changes, watchedFrom } = follow([
    { list: { resourceVersion: '5', items: [thing('a', '1'), thing('b', '2'), thing('c', '3')] }, ...first },
    { list: { resourceVersion: '20', items: [thing('b', '15'), thing('c', '3'), thing('d', '16')] } },
  ]);
  await clock.sleepers();
  await clock.advance(1000);
  await expect.poll(() => watchedFrom).toEqual(['5', '20']);
  expect(changes.slice(3)).toEqual(['deleted a', 'modified b', 'added d']);
  await informer[Symbol.asyncDispose]();
});

test('an object that was deleted and created again while nobody watched is told as both', async () => {
  const { informer, clock, changes, watchedFrom } = follow([
    { list: { resourceVersion: '5', items: [thing('a', '1', 'first')] }, watchFails: new Error('broken') },
    { list: { resourceVersion: '9', items: [thing('a', '8', 'second')] } },
  ]);
  await clock.sleepers();
  await clock.advance(1000);
  await expect.poll(() => watchedFrom).toHaveLength(2);
  expect(changes).toEqual(['added a', 'deleted a', 'added a']);
  await informer[Symbol.asyncDispose]();
});

test('a handler that comes late is told of all objects that are known', async () => {
  const { informer, changes } = follow([{ list: { resourceVersion: '5', items: [thing('a', '1')] } }]);
  await expect.poll(() => changes).toEqual(['added a']);
  const late: string[] = [];
  informer.onChange(({ type, object }) => late.push(`${type} ${object.metadata.name ?? ''}`));
  expect(late).toEqual(['added a']);
  await informer[Symbol.asyncDispose]();
});

test.each(['ns/name', 'name'])('the key %s is made of its parts again', (key) => {
  expect(keyOf({ metadata: parseKey(key) })).toBe(key);
});
