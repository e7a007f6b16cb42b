import { describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import type { KubeObject } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { createFakeClock, createFakeRandom, createMemoryLog } from '../../base/testing/index.ts';
import { createFakeKubeClient, type FakeCall } from '../../kube/testing/index.ts';
import { startClassCache, type ClassKey } from './class-cache.ts';

const { classes: CLASSES } = SECRET_CLASS_RESOURCES;
const KEY = { namespace: 'shop', name: 'db' };
const { signal } = new AbortController();

const classObject = (parameters: Record<string, string>, annotations: Record<string, string> = {}, key = KEY) =>
  ({
    apiVersion: 'secrets-store.csi.x-k8s.io/v1',
    kind: 'SecretProviderClass',
    metadata: { ...key, annotations },
    spec: { provider: 'azure', parameters },
  }) satisfies KubeObject;

function setUp({ maxClasses }: { readonly maxClasses?: number } = {}) {
  const kube = createFakeKubeClient();
  const clock = createFakeClock();
  const log = createMemoryLog();
  const intercepts: { fails: (call: FakeCall) => void | Promise<void> } = { fails: () => undefined };
  kube.intercept = (call) => intercepts.fails(call);
  const start = () => {
    const cache = startClassCache({
      client: kube,
      clock,
      random: createFakeRandom(),
      log,
      ...(maxClasses !== undefined && { maxClasses }),
    });
    const changes: string[] = [];
    cache.onChange(({ namespace, name }, marks) =>
      changes.push(`${namespace}/${name} ${marks.refresh === '' ? 'spec' : 'refresh'}`),
    );
    return { cache, changes };
  };
  const gets = () => kube.calls.filter(({ verb }) => verb === 'get').length;
  return { kube, clock, log, intercepts, start, gets };
}

/** The informer's way is not on anybody's way: lets it come to its watch. */
const settle = async () => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
const vaultOf = async (cache: ReturnType<ReturnType<typeof setUp>['start']>['cache'], key: ClassKey = KEY) =>
  (await cache.read(key, signal)).parsed.value.parameters['vault'];

describe('a class', () => {
  it('is read from the API server once, and its edits come by themselves', async () => {
    const { kube, start, gets } = setUp();
    kube.put(CLASSES, classObject({ vault: 'one' }));
    const { cache, changes } = start();
    await settle();
    expect(await vaultOf(cache)).toBe('one');
    expect(await vaultOf(cache)).toBe('one');
    kube.put(CLASSES, classObject({ vault: 'two' }));
    await settle();
    expect(await vaultOf(cache)).toBe('two');
    expect(gets()).toBe(1);
    expect(changes).toEqual(['shop/db spec']);
    await cache[Symbol.asyncDispose]();
  });

  it('that nobody asked for is not kept, and one made just before its pod is found', async () => {
    const { kube, start, gets } = setUp();
    const { cache, changes } = start();
    await settle();
    kube.put(CLASSES, classObject({ vault: 'one' }));
    expect(await vaultOf(cache)).toBe('one');
    expect(gets()).toBe(1);
    expect(changes).toEqual([]);
    await cache[Symbol.asyncDispose]();
  });

  it('tells of its refresh annotation, and of nothing when only a label changes', async () => {
    const { kube, start } = setUp();
    kube.put(CLASSES, classObject({ vault: 'one' }));
    const { cache, changes } = start();
    await settle();
    await cache.read(KEY, signal);
    kube.put(CLASSES, classObject({ vault: 'one' }, { note: 'x' }));
    await settle();
    expect(changes).toEqual([]);
    kube.put(CLASSES, classObject({ vault: 'one' }, { 'secrets-store.csi.k8s.io/refresh': '1' }));
    await settle();
    expect(changes).toEqual(['shop/db refresh']);
    await cache[Symbol.asyncDispose]();
  });

  it('that is edited while it is being read is the new one', async () => {
    const { kube, intercepts, start } = setUp();
    kube.put(CLASSES, classObject({ vault: 'one' }));
    const { cache } = start();
    await settle();
    let edited = false;
    intercepts.fails = async ({ verb }) => {
      if (verb !== 'get' || edited) return;
      edited = true;
      kube.put(CLASSES, classObject({ vault: 'two' }));
      await settle();
    };
    await cache.read(KEY, signal);
    expect(await vaultOf(cache)).toBe('two');
    await cache[Symbol.asyncDispose]();
  });

  it('that was deleted is missing, and one that takes its place is noticed', async () => {
    const { kube, start } = setUp();
    kube.put(CLASSES, classObject({ vault: 'one' }));
    const { cache, changes } = start();
    await settle();
    await cache.read(KEY, signal);
    await kube.delete(CLASSES, KEY);
    await settle();
    await expect(cache.read(KEY, signal)).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(/^failed to get secretproviderclass shop\/db, error: .*not found/),
    });
    kube.put(CLASSES, classObject({ vault: 'two' }));
    await settle();
    expect(changes).toEqual(['shop/db spec']);
    expect(await vaultOf(cache)).toBe('two');
    await cache[Symbol.asyncDispose]();
  });

  it('that became wrong says what is wrong, until it is mended', async () => {
    const { kube, start } = setUp();
    kube.put(CLASSES, classObject({ vault: 'one' }));
    const { cache } = start();
    await settle();
    await cache.read(KEY, signal);
    kube.put(CLASSES, classObject({}));
    await settle();
    await expect(cache.read(KEY, signal)).rejects.toThrow('parameters not set in shop/db');
    kube.put(CLASSES, classObject({ vault: 'two' }));
    await settle();
    expect(await vaultOf(cache)).toBe('two');
    await cache[Symbol.asyncDispose]();
  });

  it('is read once for many who ask at the same time, and a caller that gives up waits no longer', async () => {
    const { kube, intercepts, start, gets } = setUp();
    kube.put(CLASSES, classObject({ vault: 'one' }));
    const { cache } = start();
    await settle();
    let answer: () => void = () => undefined;
    intercepts.fails = ({ verb }) => (verb === 'get' ? new Promise((resolve) => (answer = resolve)) : undefined);
    const gaveUp = new AbortController();
    const first = cache.read(KEY, gaveUp.signal);
    const second = cache.read(KEY, signal);
    const refused = expect(first).rejects.toThrow('gone');
    gaveUp.abort(new Error('gone'));
    await refused;
    answer();
    expect((await second).parsed.value.parameters).toEqual({ vault: 'one' });
    expect(gets()).toBe(1);
    await cache[Symbol.asyncDispose]();
  });

  it('that was asked for least recently makes room', async () => {
    const { kube, start, gets } = setUp({ maxClasses: 2 });
    const keys = ['a', 'b', 'c'].map((name) => ({ namespace: 'shop', name }));
    for (const key of keys) kube.put(CLASSES, classObject({ vault: key.name }, {}, key));
    const { cache } = start();
    await settle();
    const [a, b, c] = keys as [ClassKey, ClassKey, ClassKey];
    for (const key of [a, b, a, c]) await cache.read(key, signal);
    expect(gets()).toBe(3);
    await cache.read(a, signal);
    expect(gets()).toBe(3);
    await cache.read(b, signal);
    expect(gets()).toBe(4);
    await cache[Symbol.asyncDispose]();
  });
});

describe('where classes may not be watched', () => {
  const forbidden = new KeyferryError('permission-denied', 'listing is forbidden', { upstreamCode: 'Forbidden' });

  it('each read asks the API server, and the log says so once', async () => {
    const { kube, clock, log, intercepts, start, gets } = setUp();
    intercepts.fails = ({ verb }) => {
      if (verb === 'list') throw forbidden;
    };
    kube.put(CLASSES, classObject({ vault: 'one' }));
    const { cache } = start();
    await settle();
    expect(await vaultOf(cache)).toBe('one');
    kube.put(CLASSES, classObject({ vault: 'two' }));
    expect(await vaultOf(cache)).toBe('two');
    expect(gets()).toBe(2);
    await clock.advance(3_600_000);
    expect(log.lines.filter(({ message }) => message === 'Not permitted to list and watch')).toHaveLength(1);
    await cache[Symbol.asyncDispose]();
  });

  it('reads come from memory once it is permitted', async () => {
    const { kube, clock, intercepts, start, gets } = setUp();
    intercepts.fails = ({ verb }) => {
      if (verb === 'list') throw forbidden;
    };
    kube.put(CLASSES, classObject({ vault: 'one' }));
    const { cache } = start();
    await settle();
    await cache.read(KEY, signal);
    intercepts.fails = () => undefined;
    await clock.advance(300_000);
    await settle();
    const before = gets();
    await cache.read(KEY, signal);
    expect(gets()).toBe(before);
    await cache[Symbol.asyncDispose]();
  });
});

describe.each([
  ['does not answer', 'unavailable'],
  ['does not take the driver’s token', 'unauthenticated'],
] as const)('while the API server %s', (_what, code) => {
  it('what is known counts, and edits that were missed come with its return', async () => {
    const { kube, clock, intercepts, start } = setUp();
    kube.put(CLASSES, classObject({ vault: 'one' }));
    const { cache, changes } = start();
    await settle();
    await cache.read(KEY, signal);
    intercepts.fails = () => {
      throw new KeyferryError(code, 'no');
    };
    await clock.advance(340_000);
    await settle();
    expect(await vaultOf(cache)).toBe('one');
    await expect(cache.read({ namespace: 'shop', name: 'other' }, signal)).rejects.toMatchObject({ code });
    kube.put(CLASSES, classObject({ vault: 'two' }));
    intercepts.fails = () => undefined;
    await clock.advance(60_000);
    await settle();
    expect(await vaultOf(cache)).toBe('two');
    expect(changes).toEqual(['shop/db spec']);
    await cache[Symbol.asyncDispose]();
  });
});
