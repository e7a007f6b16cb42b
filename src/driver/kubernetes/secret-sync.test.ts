import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import { RESOURCES } from '#kube';
import type { ParsedSecretProviderClass } from '#secretclass';
import { createFakeClock, createFakeRandom, createMemoryLog } from '../../base/testing/index.ts';
import { createFakeKubeClient } from '../../kube/testing/index.ts';
import { createBackgroundQueue } from './background-queue.ts';
import { createSecretSync } from './secret-sync.ts';

const POD = { namespace: 'shop', name: 'web', uid: 'u1' };
const OTHER_POD = { namespace: 'shop', name: 'web-2', uid: 'u2' };
const SECRET = { namespace: 'shop', name: 'db' };
/** Longer than the driver waits between two looks. */
const LOOK_MS = 360_000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyferry-sync-'));
});
afterEach(() => rm(folder, { recursive: true }));

function setUp() {
  const client = createFakeKubeClient();
  for (const pod of [POD, OTHER_POD])
    client.put(RESOURCES.pods, { apiVersion: 'v1', kind: 'Pod', metadata: { ...pod } });
  const clock = createFakeClock();
  const random = createFakeRandom();
  const log = createMemoryLog();
  const events: string[] = [];
  const tries: string[] = [];
  const queue = createBackgroundQueue({ name: 'secret sync', clock, random, log, maxPauseMs: 30_000 });
  const asks = { wanted: classOf() };
  const secrets = createSecretSync({
    client,
    readClass: async () => asks.wanted,
    queue,
    events: { record: (pod, _type, reason, message) => void events.push(`${pod.name} ${reason}: ${message}`) },
    metrics: {
      secretsSynced: (provider) => void tries.push(`${provider} synced`),
      secretsNotSynced: (provider) => void tries.push(`${provider} failed`),
    },
    clock,
    random,
    log,
  });
  let counted = 0;
  return {
    client,
    events,
    /** What the metrics were told. */
    tries,
    secrets,
    /** What the class asks for. */
    asks,
    /** Makes a volume with these files, or changes them; answers its path. */
    async volume(name: string, files: Readonly<Record<string, string>>) {
      const target = join(folder, name);
      await mkdir(target, { recursive: true });
      for (const [file, text] of Object.entries(files)) await writeFile(join(target, file), text);
      return target;
    },
    sync: (target: string, { pod = POD, changed = false } = {}) =>
      secrets.sync(pod, target, asks.wanted, { changed, absentFiles: [], signal: new AbortController().signal }),
    /** Lets time pass in small steps: files are read in real time, and no deadline may run out over that. */
    async pass(ms: number) {
      for (let passedMs = 0; passedMs < ms; passedMs += 1000) {
        await clock.advance(1000);
        await queue.idle();
      }
    },
    password: () => {
      const data = client.find(RESOURCES.secrets, SECRET)?.['data'] as Record<string, string> | undefined;
      return data && Buffer.from(data['password'] ?? '', 'base64').toString();
    },
    /** How often the API server was asked, since the last time. */
    asked() {
      const since = client.calls.slice(counted);
      counted = client.calls.length;
      return since.map(({ verb, resource }) => `${verb} ${resource}`);
    },
  };
}

function classOf(...objects: readonly (readonly [secretName: string, file: string])[]): ParsedSecretProviderClass {
  const asked = objects.length === 0 ? [['db', 'password'] as const] : objects;
  return {
    value: {
      name: 'db',
      namespace: 'shop',
      provider: 'fake',
      parameters: { a: 'b' },
      secretObjects: asked.map(([secretName, objectName], index) => ({
        at: `spec.secretObjects[${index}]`,
        secretName,
        type: 'Opaque',
        labels: {},
        annotations: {},
        data: [{ objectName, key: 'password' }],
      })),
    },
    secretIssues: [],
  };
}

describe('the Secrets of a volume', () => {
  it('that cannot be made are told once, however often they are tried, and when it is over', async () => {
    const harness = setUp();
    const foreign = { apiVersion: 'v1', kind: 'Secret', metadata: { ...SECRET }, type: 'Opaque' };
    harness.client.put(RESOURCES.secrets, foreign);
    const target = await harness.volume('a', { password: 'hunter2' });
    await harness.sync(target, { changed: true });
    for (let check = 0; check < 3; check += 1) {
      await harness.pass(60_000);
      await harness.sync(target);
    }
    expect(new Set(harness.tries)).toEqual(new Set(['fake failed']));
    const refused = expect.stringMatching(/^web FailedToCreateSecret: .* was not made from a volume/);
    expect(harness.events).toEqual([refused]);
    // Kubernetes forgets an event after an hour.
    await harness.pass(3_000_000);
    await harness.sync(target);
    expect(harness.events).toEqual([refused, refused]);
    const annotations = { 'secrets-store.csi.k8s.io/adopt': 'true' };
    harness.client.put(RESOURCES.secrets, { ...foreign, metadata: { ...SECRET, annotations } });
    harness.tries.length = 0;
    await harness.pass(60_000);
    await harness.sync(target);
    expect(harness.tries).toEqual(['fake synced']);
    const over = 'web SecretSyncRecovered: the K8s secrets of secretproviderclass db are as it asks for again';
    expect(harness.events.filter((event) => !event.includes('SecretRotationComplete'))).toEqual([
      refused,
      refused,
      over,
    ]);
  });

  it('that the API server forbids are told when it still does at the next try, as one that has just started reads its roles', async () => {
    const harness = setUp();
    const target = await harness.volume('a', { password: 'hunter2' });
    const forbid = () => {
      throw new KeyferryError('permission-denied', 'secrets is forbidden', { upstreamCode: 'Forbidden' });
    };
    harness.client.intercept = forbid;
    expect(await harness.sync(target, { changed: true })).toMatchObject({ state: 'later' });
    harness.client.intercept = () => undefined;
    await harness.pass(60_000);
    expect(harness.password()).toBe('hunter2');
    expect(harness.events).toEqual([]);

    harness.client.intercept = forbid;
    await harness.sync(target, { changed: true });
    await harness.pass(60_000);
    expect(harness.events).toEqual([
      expect.stringMatching(/^web FailedToCreateSecret: .*forbidden.*syncSecret\.enabled/),
    ]);
  });

  it('are asked for with the pod at once, and made by one request', async () => {
    const harness = setUp();
    const target = await harness.volume('a', { password: 'hunter2' });
    expect(await harness.sync(target, { changed: true })).toEqual({ names: ['db'], state: 'synced' });
    expect(harness.asked().toSorted()).toEqual(['create secrets', 'get pods', 'get secrets']);
    expect(harness.password()).toBe('hunter2');
  });

  it('cost no request while neither the files nor the class change', async () => {
    const harness = setUp();
    const target = await harness.volume('a', { password: 'hunter2' });
    await harness.sync(target, { changed: true });
    harness.asked();
    expect(await harness.sync(target)).toEqual({ names: ['db'], state: 'synced' });
    expect(harness.asked()).toEqual([]);
    harness.asks.wanted = classOf(['db', 'password'], ['more', 'password']);
    await harness.sync(target);
    expect(harness.asked()).toContain('create secrets');
  });

  it('follow files that changed, with an event', async () => {
    const harness = setUp();
    const target = await harness.volume('a', { password: 'hunter2' });
    await harness.sync(target, { changed: true });
    expect(harness.events).toEqual([]);
    await harness.volume('a', { password: 'rotated' });
    await harness.sync(target, { changed: true });
    expect(harness.password()).toBe('rotated');
    expect(harness.events).toEqual(['web SecretRotationComplete: successfully rotated K8s secret db']);
  });

  it('are made although others of the class cannot be', async () => {
    const harness = setUp();
    const target = await harness.volume('a', { password: 'hunter2' });
    harness.asks.wanted = {
      ...classOf(['bad', 'none'], ['db', 'password']),
      secretIssues: [{ path: 'spec.secretObjects[2].type', message: 'secret type is empty' }],
    };
    expect(await harness.sync(target, { changed: true })).toMatchObject({ state: 'later' });
    expect(harness.password()).toBe('hunter2');
    expect(harness.events.map((text) => text.split(/: (?=spec)/)[1])).toEqual([
      'spec.secretObjects[2].type: secret type is empty',
      expect.stringContaining('spec.secretObjects[0].data[0].objectName: file matching objectName none not found'),
    ]);
  });

  it('are not made for a pod that was replaced, or that ends', async () => {
    const harness = setUp();
    const target = await harness.volume('a', { password: 'hunter2' });
    await harness.sync(target, { changed: true, pod: { ...POD, uid: 'u0' } });
    const metadata = { ...POD, deletionTimestamp: '2026-01-01T00:00:00Z' };
    harness.client.put(RESOURCES.pods, { apiVersion: 'v1', kind: 'Pod', metadata });
    await harness.sync(target, { changed: true });
    expect(harness.client.all(RESOURCES.secrets)).toEqual([]);
  });
});

describe('a look at the Secrets of a class', () => {
  it('costs one request a Secret for all pods of the class, and none other', async () => {
    const harness = setUp();
    for (const [name, pod] of [
      ['a', POD],
      ['b', OTHER_POD],
    ] as const)
      await harness.sync(await harness.volume(name, { password: 'hunter2' }), { changed: true, pod });
    harness.asked();
    await harness.pass(LOOK_MS);
    expect(harness.asked()).toEqual(['get secrets']);
    await harness.pass(LOOK_MS);
    expect(harness.asked()).toEqual(['get secrets']);
  });

  it('brings back a Secret that was removed, with the owners of all pods', async () => {
    const harness = setUp();
    for (const [name, pod] of [
      ['a', POD],
      ['b', OTHER_POD],
    ] as const)
      await harness.sync(await harness.volume(name, { password: 'hunter2' }), { changed: true, pod });
    await harness.client.delete(RESOURCES.secrets, SECRET);
    await harness.pass(LOOK_MS);
    expect(harness.password()).toBe('hunter2');
    const owners = harness.client.find(RESOURCES.secrets, SECRET)?.metadata.ownerReferences;
    expect(owners?.map(({ uid }) => uid)).toEqual(['u1', 'u2']);
  });

  it('does not bring back one whose pods have ended', async () => {
    const harness = setUp();
    await harness.sync(await harness.volume('a', { password: 'hunter2' }), { changed: true });
    await harness.client.delete(RESOURCES.secrets, SECRET);
    harness.client.put(RESOURCES.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...POD },
      status: { phase: 'Succeeded' },
    });
    await harness.pass(LOOK_MS);
    expect(harness.client.all(RESOURCES.secrets)).toEqual([]);
  });

  it('is for volumes of an earlier process too, and for Secrets that a class asks for only since', async () => {
    const harness = setUp();
    const targetPath = await harness.volume('a', { password: 'hunter2' });
    harness.secrets.enter({
      targetPath,
      volumeId: 'v',
      podName: POD.name,
      podNamespace: POD.namespace,
      podUid: POD.uid,
      className: 'db',
      provider: 'fake',
      writtenAt: '2026-01-01T00:00:00Z',
      versions: [],
    });
    await harness.pass(LOOK_MS);
    expect(harness.password()).toBe('hunter2');
    harness.asks.wanted = classOf(['db', 'password'], ['more', 'password']);
    await harness.pass(LOOK_MS);
    expect(harness.client.find(RESOURCES.secrets, { ...SECRET, name: 'more' })).toBeDefined();
  });

  it('ends with the last volume of the class', async () => {
    const harness = setUp();
    const target = await harness.volume('a', { password: 'hunter2' });
    await harness.sync(target, { changed: true });
    harness.secrets.forget(target);
    harness.asked();
    await harness.pass(10 * LOOK_MS);
    expect(harness.asked()).toEqual([]);
  });

  it('goes on after the API server was away', async () => {
    const harness = setUp();
    await harness.sync(await harness.volume('a', { password: 'hunter2' }), { changed: true });
    harness.client.intercept = () => {
      throw new KeyferryError('unavailable', 'down');
    };
    await harness.pass(LOOK_MS);
    harness.client.intercept = () => undefined;
    await harness.client.delete(RESOURCES.secrets, SECRET);
    await harness.pass(LOOK_MS);
    expect(harness.password()).toBe('hunter2');
  });
});
