// oxlint-disable vitest/no-standalone-expect -- cases are run inside of the tests of conformance.test.ts
import { expect } from 'vitest';
import { answered, configMap, refused, type Case, type World } from '../support/case.ts';
import type { Body } from '../support/cluster-client.ts';

const summary = (events: readonly Body[]) =>
  events.map(({ type, object }: Body) => `${type as string} ${object.metadata.name as string}`);

/** A label that only one case uses, as a query. */
function selected(world: World): { labels: object; query: string } {
  const group = world.name('group');
  return { labels: { group }, query: `labelSelector=group%3D${group}` };
}

const BAD_QUERIES: readonly [string, string, string][] = [
  [
    'initial-events-alone',
    'sendInitialEvents=true',
    'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
  ],
  [
    'match-alone',
    'resourceVersionMatch=NotOlderThan&resourceVersion=1',
    'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
  ],
];

/** Watches. */
export const WATCH_CASES: readonly Case[] = [
  {
    id: 'watches/present',
    claim: 'without a version, a watch begins with what is there',
    run: async (world) => {
      const { labels, query } = selected(world);
      const present = world.name();
      answered(await world.create('configmaps', configMap(present, {}, { labels })), 201);
      const events = await world.watch('configmaps', query, (seen) => seen.length >= 1);
      expect(summary(events)).toEqual([`ADDED ${present}`]);
    },
  },
  {
    id: 'watches/changes',
    claim: 'from a version on, every change comes in its order',
    run: async (world) => {
      const { labels, query } = selected(world);
      const one = world.name();
      const { metadata } = answered(await world.list('configmaps'), 200);
      answered(await world.create('configmaps', configMap(one, {}, { labels })), 201);
      answered(await world.patch('configmaps', one, 'merge', { data: { a: '1' } }), 200);
      answered(await world.delete('configmaps', one), 200);
      const from = `${query}&resourceVersion=${metadata.resourceVersion as string}`;
      const events = await world.watch('configmaps', from, (seen) => seen.length >= 3);
      expect(summary(events)).toEqual([`ADDED ${one}`, `MODIFIED ${one}`, `DELETED ${one}`]);
      const versions = events.map(({ object }: Body) => Number(object.metadata.resourceVersion));
      expect(versions).toEqual([...versions].sort((a, b) => a - b));
    },
  },
  {
    id: 'watches/leaves-selection',
    claim: 'an object that leaves the selection is deleted from it',
    run: async (world) => {
      const { labels, query } = selected(world);
      const one = world.name();
      const { metadata } = answered(await world.create('configmaps', configMap(one, {}, { labels })), 201);
      answered(await world.patch('configmaps', one, 'merge', { metadata: { labels: null } }), 200);
      const from = `${query}&resourceVersion=${metadata.resourceVersion as string}`;
      const events = await world.watch('configmaps', from, (seen) => seen.length >= 1);
      expect(summary(events)).toEqual([`DELETED ${one}`]);
    },
  },
  {
    id: 'watches/enters-selection',
    claim: 'an object that enters the selection is added to it',
    run: async (world) => {
      const { labels, query } = selected(world);
      const one = world.name();
      const { metadata } = answered(await world.create('configmaps', configMap(one)), 201);
      answered(await world.patch('configmaps', one, 'merge', { metadata: { labels } }), 200);
      const from = `${query}&resourceVersion=${metadata.resourceVersion as string}`;
      const events = await world.watch('configmaps', from, (seen) => seen.length >= 1);
      expect(summary(events)).toEqual([`ADDED ${one}`]);
    },
  },
  {
    id: 'watches/one-object',
    claim: 'one object is watched by its name',
    run: async (world) => {
      const one = world.name();
      answered(await world.create('configmaps', configMap(one)), 201);
      const query = `fieldSelector=metadata.name%3D${one}`;
      expect(summary(await world.watch('configmaps', query, (seen) => seen.length >= 1))).toEqual([`ADDED ${one}`]);
    },
  },
  {
    id: 'watches/streaming-list',
    claim: 'a streaming list ends with a bookmark that says so',
    run: async (world) => {
      const { labels, query } = selected(world);
      const one = world.name();
      answered(await world.create('configmaps', configMap(one, {}, { labels })), 201);
      const streaming = `${query}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`;
      const events = await world.watch('configmaps', streaming, (seen) =>
        seen.some(({ type }: Body) => type === 'BOOKMARK'),
      );
      expect(events.map(({ type }: Body) => type as string)).toEqual(['ADDED', 'BOOKMARK']);
      expect(events[1].object).toMatchObject({
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: {
          annotations: { 'k8s.io/initial-events-end': 'true' },
          resourceVersion: expect.any(String) as unknown,
        },
      });
    },
  },
  {
    id: 'watches/no-initial-events',
    claim: 'a watch without initial events begins with what comes next',
    run: async (world) => {
      const { labels, query } = selected(world);
      answered(await world.create('configmaps', configMap(world.name(), {}, { labels })), 201);
      const late = world.name();
      const quiet = `${query}&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&timeoutSeconds=5`;
      const watching = world.watch('configmaps', quiet, (seen) => seen.length >= 1);
      // whether the watch has begun cannot be seen: change the object until it is
      answered(await world.create('configmaps', configMap(late, {}, { labels })), 201);
      const watch = { ended: false };
      const ending = watching.finally(() => {
        watch.ended = true;
      });
      for (let turn = 0; !watch.ended && turn < 1000; turn += 1) {
        answered(await world.patch('configmaps', late, 'merge', { data: { turn: String(turn) } }), 200);
      }
      const [first] = await ending;
      expect(first.object.metadata.name).toBe(late);
    },
  },
  {
    id: 'watches/timeout',
    claim: 'a watch ends after the time that it was asked for',
    run: async (world) => {
      const { query } = selected(world);
      const answer = await world.call({
        method: 'GET',
        path: world.path('configmaps', '', `watch=true&timeoutSeconds=1&${query}`),
      });
      expect([answer.code, answer.text]).toEqual([200, '']);
    },
  },
  {
    id: 'watches/table',
    claim: 'the events of a watch are tables where those are asked for, with columns in the first one only',
    run: async (world) => {
      const { labels, query } = selected(world);
      for (const one of [world.name(), world.name()]) {
        answered(await world.create('configmaps', configMap(one, {}, { labels })), 201);
      }
      const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
      const events = await world.watch('configmaps', query, (seen) => seen.length >= 2, accept);
      expect(events.map(({ object }: Body) => object.kind as string)).toEqual(['Table', 'Table']);
      expect(events[0].object.columnDefinitions).toHaveLength(3);
      expect(events[1].object.columnDefinitions ?? []).toHaveLength(0);
    },
  },
  {
    id: 'watches/metadata-only',
    claim: 'the events of a watch hold the metadata alone where that is asked for',
    run: async (world) => {
      const { labels, query } = selected(world);
      answered(await world.create('configmaps', configMap(world.name(), { a: '1' }, { labels })), 201);
      const accept = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
      const [event] = await world.watch('configmaps', query, (seen) => seen.length >= 1, accept);
      expect(event.object.kind).toBe('PartialObjectMetadata');
      expect(event.object).not.toHaveProperty('data');
    },
  },
  ...BAD_QUERIES.map(([id, query, message]): Case => ({
    id: `watches/bad-${id}`,
    claim: `${query} is refused`,
    run: async ({ call, path }) => {
      refused(
        await call({ method: 'GET', path: path('configmaps', '', `watch=true&${query}`) }),
        422,
        'Invalid',
        message,
      );
    },
  })),
];
