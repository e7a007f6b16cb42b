import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { KubeObject, ResourceRef } from '#kube';
import { ApiError } from '../../api-access.ts';
import { RESOURCES } from '../../resources.ts';
import { startTestCluster, type TestCluster } from './start-test-cluster.ts';

/** A {@link TestCluster} of its own for each test, and what tests ask of it in its namespace `default`. */
export interface UsedTestCluster {
  readonly now: () => TestCluster;
  /** Waits until `check` no longer throws. */
  until(check: () => Promise<void>): Promise<void>;
  create<T = KubeObject>(resource: ResourceRef, body: unknown): Promise<T>;
  get<T = KubeObject>(resource: ResourceRef, name: string): Promise<T & KubeObject>;
  list<T = KubeObject>(resource: ResourceRef): Promise<readonly (T & KubeObject)[]>;
  names(resource: ResourceRef): Promise<readonly string[]>;
  merge(resource: ResourceRef, name: string, body: object): Promise<unknown>;
  /** Waits for the end of an object. */
  gone(resource: ResourceRef, name: string): Promise<void>;
  /** The messages of the events of a reason, in order. */
  eventsOf(reason: string): Promise<readonly string[]>;
}

const NAMESPACE = 'default';

/** Starts a cluster before each test of the file and ends it after; a controller that complained fails the test. */
export function useTestCluster(): UsedTestCluster {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await startTestCluster();
  });
  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
    expect(cluster.log.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });
  const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 20_000, interval: 5 });
  const list = async <T = KubeObject>(resource: ResourceRef) =>
    (await cluster.api.list<T & KubeObject>(resource, { namespace: NAMESPACE })).items;
  const get = <T = KubeObject>(resource: ResourceRef, name: string) =>
    cluster.api.get<T & KubeObject>(resource, { namespace: NAMESPACE, name });
  return {
    now: () => cluster,
    until,
    create: (resource, body) => cluster.api.create(resource, NAMESPACE, body),
    get,
    list,
    names: async (resource) => (await list(resource)).map(({ metadata }) => metadata.name ?? ''),
    merge: (resource, name, body) => cluster.api.patch(resource, { namespace: NAMESPACE, name }, 'merge', body),
    gone: (resource, name) =>
      until(async () => {
        const found = await get(resource, name).catch((error: unknown) => {
          if (error instanceof ApiError && error.body.code === 404) return undefined;
          throw error;
        });
        expect(found).toBeUndefined();
      }),
    eventsOf: async (reason) =>
      (await list<{ reason: string; message: string }>(RESOURCES.events))
        .filter((event) => event.reason === reason)
        .map(({ message }) => message),
  };
}
