import { beforeEach, describe, expect, it } from 'vitest';
import type { WatchEvent } from '#kube';
import { createLabClock } from '#lab/clock';
import { createMemoryStore } from '#lab/store';
import { key, map, MAPS, SECRETS } from '../testing/objects.ts';
import { refusal } from '../testing/refusal.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';
import { watchObjects } from './watch.ts';

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

describe('watching', () => {
  const collect = async (events: AsyncIterable<WatchEvent>, count: number) => {
    const seen: string[] = [];
    for await (const { type, object } of events) {
      seen.push(`${type} ${object.metadata.name ?? ''}`.trim());
      if (seen.length === count) break;
    }
    return seen;
  };

  it('begins with what is there and follows what a selector lets through', async () => {
    const { access } = api;
    const labelled = (name: string, on: string) => ({ metadata: { name, labels: { on } } });
    await access.create(MAPS, 'default', labelled('a', 'yes'));
    await access.create(MAPS, 'default', labelled('b', 'no'));
    const stop = new AbortController();
    const seen = collect(access.watch(MAPS, { labelSelector: 'on=yes', signal: stop.signal }), 5);
    await access.patch(MAPS, key('a'), 'merge', { data: { x: '1' } });
    await access.patch(MAPS, key('b'), 'merge', { metadata: { labels: { on: 'yes' } } });
    await access.patch(MAPS, key('a'), 'merge', { metadata: { labels: { on: 'no' } } });
    await access.delete(MAPS, key('b'));
    expect(await seen).toEqual(['ADDED a', 'MODIFIED a', 'ADDED b', 'DELETED a', 'DELETED b']);
  });

  it('goes on from a version, also into the past', async () => {
    const { access } = api;
    const first = await access.create(MAPS, 'default', map('a'));
    await access.create(MAPS, 'default', map('b'));
    await access.delete(MAPS, key('a'));
    const watch = access.watch(MAPS, {
      resourceVersion: first.metadata.resourceVersion,
      signal: new AbortController().signal,
    });
    expect(await collect(watch, 2)).toEqual(['ADDED b', 'DELETED a']);
  });

  it('cuts off a client that does not read and drops what waited for it', async () => {
    const { access, context } = api;
    const object = await access.create(MAPS, 'default', map('m'));
    const watch = watchObjects(context, context.kinds.get(MAPS), { signal: new AbortController().signal });
    expect(await watch.next()).toMatchObject({ value: { type: 'ADDED' } });
    for (let count = 0; count <= 10_000; count += 1) context.storage.put(context.kinds.get(MAPS).collection, object);
    expect(await watch.next()).toEqual({ done: true, value: undefined });
  });

  it('answers 410 for a version that the history has forgotten', async () => {
    const forgetful = await createTestApi(createMemoryStore(), 2);
    const first = await forgetful.access.create(MAPS, 'default', map('m'));
    for (const value of ['1', '2', '3', '4', '5'])
      await forgetful.access.patch(MAPS, key('m'), 'merge', { data: { value } });
    const watch = forgetful.access.watch(MAPS, {
      resourceVersion: first.metadata.resourceVersion,
      signal: new AbortController().signal,
    });
    expect(await refusal(collect(watch, 1))).toMatchObject({ code: 410, reason: 'Expired' });
  });

  it('says where the present objects end, and where it is when nothing happens', async () => {
    const { context, access, clock } = api;
    await access.create(MAPS, 'default', map('a'));
    const stop = new AbortController();
    const watch = watchObjects(context, context.kinds.get(MAPS), {
      sendInitialEvents: true,
      allowBookmarks: true,
      timeoutMs: 90_000,
      signal: stop.signal,
    });
    expect(await watch.next()).toMatchObject({ value: { type: 'ADDED', object: { metadata: { name: 'a' } } } });
    const end = { 'k8s.io/initial-events-end': 'true' };
    expect(await watch.next()).toMatchObject({
      value: { type: 'BOOKMARK', object: { metadata: { annotations: end } } },
    });
    const next = watch.next();
    await access.create(SECRETS, 'default', { metadata: { name: 's' } });
    await clock.advance(60_000);
    const resourceVersion = String(context.storage.revision);
    expect(await next).toMatchObject({
      value: { type: 'BOOKMARK', object: { kind: 'ConfigMap', metadata: { resourceVersion } } },
    });
    const last = watch.next();
    await clock.advance(30_000);
    expect(await last).toMatchObject({ done: true });
  });

  it('lasts as long as was asked for by the time of the machine, however far the lab moves on', async () => {
    const { context, access, clock: machine } = api;
    const clock = createLabClock({ machine, offsetMs: 0 });
    const kind = context.kinds.get(MAPS);
    const query = { timeoutMs: 90_000, signal: new AbortController().signal };
    const watch = watchObjects({ ...context, clock }, kind, query);
    const next = watch.next();
    clock.advance(86_400_000);
    await access.create(MAPS, 'default', map('a'));
    expect(await next).toMatchObject({ value: { type: 'ADDED' } });
    const last = watch.next();
    await machine.advance(90_000);
    expect(await last).toMatchObject({ done: true });
  });

  it('loses nothing while many objects are made, wherever it began', async () => {
    const count = 1000;
    const { access } = api;
    await access.create(MAPS, 'default', map('before'));
    const start = String(api.context.storage.revision);
    const stop = new AbortController();
    const collect = async (resourceVersion: string | undefined, labelSelector?: string) => {
      const names: string[] = [];
      const query = { resourceVersion, labelSelector, namespace: 'default', signal: stop.signal };
      for await (const { object } of watchObjects(api.context, api.context.kinds.get(MAPS), query)) {
        if (object.metadata.name?.startsWith('many-') === true) names.push(object.metadata.name);
        if (names.length === (labelSelector === undefined ? count : count / 2)) return names;
      }
      return names;
    };
    const watches = [collect(undefined), collect('0'), collect(start), collect(start, 'half=yes')];
    const name = (index: number) => `many-${String(index).padStart(4, '0')}`;
    for (let index = 0; index < count; index += 1) {
      const labels = index % 2 === 0 ? { half: 'yes' } : { half: 'no' };
      await access.create(MAPS, 'default', { metadata: { name: name(index), labels } });
    }
    const all = Array.from({ length: count }, (_, index) => name(index));
    const half = all.filter((_, index) => index % 2 === 0);
    // the last one begins late, from the version of before all others
    expect(await Promise.all([...watches, collect(start)])).toEqual([all, all, all, half, all]);
    stop.abort();
  });

  it('answers 410 for a version that is yet to come, as after a store that is gone', async () => {
    const query = { resourceVersion: '999999', signal: new AbortController().signal };
    const events = watchObjects(api.context, api.context.kinds.get(MAPS), query);
    expect(await refusal(events.next())).toMatchObject({ code: 410, reason: 'Expired' });
  });

  it('ends when its signal aborts', async () => {
    const stop = new AbortController();
    const seen = collect(api.access.watch(MAPS, { signal: stop.signal }), 1);
    stop.abort();
    expect(await seen).toEqual([]);
  });
});
