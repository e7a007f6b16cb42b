import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#base';
import { createKubeClient, parseKubeconfig, RESOURCES, type KubeClient } from '#kube';
import { createFaultTable, type Fault, type FaultEffect, type FaultSpec } from '#lab/faults';
import type { ApiServer } from '../../src/lab/cluster/apiserver/index.ts';
import { startTestApiServer } from './support/api-server.ts';

// What a client of the API server's socket meets while the server fails on purpose.

const table = createFaultTable({ clock: systemClock });
const namespaces = RESOURCES.namespaces;
let server: ApiServer;
let client: KubeClient & Disposable;

beforeAll(async () => {
  server = await startTestApiServer({ faults: table });
  const text = await server.issueKubeconfig({ user: 'admin', groups: ['system:masters'], clusterName: 'lab' });
  client = createKubeClient({ config: parseKubeconfig(text, { clock: systemClock, folder: '/' }), clock: systemClock });
});
afterEach(() => void table.clear());
afterAll(async () => {
  client?.[Symbol.dispose]();
  await table[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

const begin = (effect: FaultEffect, more: Partial<FaultSpec> = {}): Fault =>
  table.add({ host: `127.0.0.1:${server.port}`, effect, ...more });
const hitsOf = ({ id }: Fault) => table.list().find((fault) => fault.id === id)?.hits;
const ask = (timeoutMs = 30_000) => client.get(namespaces, { name: 'default' }, { timeoutMs });

describe('a request', () => {
  it.each([
    [429, 'TooManyRequests', 'resource-exhausted'],
    [500, 'InternalError', 'unknown'],
    [503, 'ServiceUnavailable', 'unavailable'],
    [504, 'Timeout', 'deadline-exceeded'],
  ])('gets the Status of a server that fails with %d, and when to come back', async (status, reason, code) => {
    begin({ kind: 'status', status, retryAfterSeconds: 7 });
    await expect(ask()).rejects.toMatchObject({ code, upstreamCode: reason, retryAfterMs: 7000 });
  });

  it('is cut by a reset, before it is read or its sender known', async () => {
    const fault = begin({ kind: 'reset' });
    await expect(ask()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/ECONNRESET|hang up/),
    });
    expect(hitsOf(fault)).toBeGreaterThan(0);
  });

  it('waits in a server that hangs, and is answered when that is over', async () => {
    const fault = begin({ kind: 'hang' });
    const answering = ask();
    await expect.poll(() => hitsOf(fault)).toBe(1);
    table.clear();
    await expect(answering).resolves.toMatchObject({ metadata: { name: 'default' } });
  });

  it('of another path is served', async () => {
    begin({ kind: 'reset' }, { path: '/apis/' });
    await expect(ask()).resolves.toMatchObject({ metadata: { name: 'default' } });
  });

  it('of the lab’s own parts, past the socket, is served', async () => {
    begin({ kind: 'reset' });
    await expect(server.access.get(namespaces, { name: 'default' })).resolves.toMatchObject({ kind: 'Namespace' });
  });
});

describe('a watch that is open', () => {
  /** Begins a watch of ConfigMaps; answers what it has told, and how it ended. */
  async function watch() {
    const stop = new AbortController();
    const told: string[] = [];
    const { metadata } = await client.list(RESOURCES.configmaps, { namespace: 'default' });
    const ended = (async () => {
      const query = { namespace: 'default', resourceVersion: metadata.resourceVersion, signal: stop.signal };
      for await (const { type, object } of client.watch(RESOURCES.configmaps, query)) {
        if (type === 'ADDED') told.push(object.metadata.name ?? '');
      }
    })();
    ended.catch(() => undefined);
    await create('begun');
    await expect.poll(() => told).toEqual(['begun']);
    await server.access.delete(RESOURCES.configmaps, { namespace: 'default', name: 'begun' });
    return { told, ended, stop };
  }
  const create = (name: string) => server.access.create(RESOURCES.configmaps, 'default', { metadata: { name } });

  it.each<FaultEffect>([{ kind: 'reset' }, { kind: 'status', status: 503 }])('ends with %j', async (effect) => {
    const { ended } = await watch();
    begin(effect);
    await expect(ended).rejects.toThrow(/ECONNRESET|aborted/);
  });

  it('stands still while the server hangs, and then goes on without a loss', async () => {
    const { told, stop, ended } = await watch();
    begin({ kind: 'hang' });
    await create('meanwhile');
    await expect(ask(100)).rejects.toMatchObject({ code: 'deadline-exceeded' });
    expect(told).toEqual(['begun']);
    table.clear();
    await expect.poll(() => told).toEqual(['begun', 'meanwhile']);
    stop.abort();
    await ended;
  });

  it.each<[string, FaultEffect, Partial<FaultSpec>]>([
    ['throttling', { kind: 'status', status: 429 }, {}],
    ['faults of the next so many requests', { kind: 'reset' }, { times: 1 }],
    ['faults of another path', { kind: 'reset' }, { path: '/apis/' }],
  ])('is left alone by %s', async (_what, effect, more) => {
    const { told, stop, ended } = await watch();
    begin(effect, more);
    const name = `after-${table.list().at(-1)?.id}`;
    await create(name);
    await expect.poll(() => told).toEqual(['begun', name]);
    stop.abort();
    await ended;
  });
});
