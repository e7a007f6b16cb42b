import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createDisposeStack,
  KeyferryError,
  Secret,
  silentLog,
  systemClock,
  systemRandom,
  type Clock,
  type DisposeStack,
} from '#base';
import { callUnary, createGrpcClient, grpcService, startGrpcServer } from '#grpc';
import { createFakeClock } from '../base/testing/index.ts';
import { HealthClient } from '../gen/grpc/health/v1/health.ts';
import {
  CSIDriverProviderClient,
  CSIDriverProviderService,
  type CSIDriverProviderServer,
  type MountResponse,
} from '../gen/v1alpha1/provider.ts';
import {
  createProviderDirectory,
  ProviderCodeError,
  renderAttributes,
  startProviderHealthChecks,
  startProviderServer,
  TOKENS_ATTRIBUTE,
} from './index.ts';
import type { Provider, ProviderMountRequest } from './provider.ts';

const shared = { clock: systemClock, log: silentLog };
let folder: string;
let stack: DisposeStack;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-providers-'));
  stack = createDisposeStack();
  for (const name of ['first', 'last']) mkdirSync(join(folder, name));
});
afterEach(async () => {
  await stack[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const request = (change: Partial<ProviderMountRequest> = {}): ProviderMountRequest => ({
  attributes: { a: 'b' },
  secrets: new Secret({}),
  targetPath: '/t',
  permission: 0o644,
  currentVersions: new Map(),
  signal: new AbortController().signal,
  ...change,
});
const provider = (mount: Provider['mount']): Provider => ({ name: 'fake', version: '9.9.9', mount });
const serve = (at: string, mount: Provider['mount']) =>
  startProviderServer({
    ...shared,
    provider: provider(mount),
    socketPath: join(folder, at),
    runtimeName: 'fake-runtime',
  });
const directory = (
  options: {
    readonly builtIn?: readonly Provider[];
    readonly maxResponseBytes?: number;
    readonly connectTimeoutMs?: number;
    readonly mountTimeoutMs?: number;
    readonly clock?: Clock;
  } = {},
) =>
  stack.use(
    createProviderDirectory({
      ...shared,
      random: systemRandom,
      socketFolders: [join(folder, 'first'), join(folder, 'last')],
      ...options,
    }),
  );
/** Leaves a socket at a path, as a program that was killed does. */
function leaveSocket(at: string): void {
  const listenAndDie = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  expect(spawnSync(process.execPath, ['-e', listenAndDie, join(folder, at)]).signal).toBe('SIGKILL');
}
const answering = (version: string) => async () => ({ files: [], versions: [{ id: 'x', version }] });

describe('a provider behind a socket', () => {
  it('gets the request and gives its files as in one process', async () => {
    let seen: ProviderMountRequest | undefined;
    stack.use(
      await serve('last/fake.sock', async (got) => {
        seen = got;
        return {
          files: [{ path: 'd/a', mode: 0o400, contents: new Secret<Uint8Array>(Buffer.from([0, 255])) }],
          versions: [{ id: 'secret/a', version: '1' }],
        };
      }),
    );
    const remote = await directory().resolve('fake');
    const result = await remote.mount(
      request({
        secrets: new Secret({ clientid: 'c' }),
        permission: 0o600,
        currentVersions: new Map([['secret/a', '0']]),
      }),
    );
    expect(seen).toMatchObject({ attributes: { a: 'b' }, targetPath: '/t', permission: 0o600 });
    expect(seen?.secrets.expose()).toEqual({ clientid: 'c' });
    expect([...(seen?.currentVersions ?? [])]).toEqual([['secret/a', '0']]);
    expect(result.versions).toEqual([{ id: 'secret/a', version: '1' }]);
    expect(result.files).toMatchObject([{ path: 'd/a', mode: 0o400 }]);
    expect([...(result.files[0]?.contents.expose() ?? [])]).toEqual([0, 255]);
  });

  it('is looked for in the folders in their order', async () => {
    stack.use(await serve('last/fake.sock', answering('last')));
    const providers = directory();
    expect((await (await providers.resolve('fake')).mount(request())).versions[0]?.version).toBe('last');
    stack.use(await serve('first/fake.sock', answering('first')));
    expect((await (await providers.resolve('fake')).mount(request())).versions[0]?.version).toBe('first');
  });

  it('is connected to anew when its socket has been replaced', async () => {
    const before = await serve('last/fake.sock', answering('before'));
    const providers = directory();
    await (await providers.resolve('fake')).mount(request());
    await before[Symbol.asyncDispose]();
    stack.use(await serve('last/fake.sock', answering('after')));
    expect((await (await providers.resolve('fake')).mount(request())).versions[0]?.version).toBe('after');
  });

  it('is named when it was killed and left its socket, and serves again when it is back', async () => {
    leaveSocket('last/fake.sock');
    // The time for a connection is over soon at first, and all of it is there for the second one.
    const connectTimeoutMs = 10_000;
    let passedMs = connectTimeoutMs - 50;
    const clock: Clock = { ...systemClock, now: () => systemClock.now() - passedMs };
    const providers = directory({ connectTimeoutMs, clock });
    await expect((await providers.resolve('fake')).mount(request())).rejects.toMatchObject({
      code: 'unavailable',
      message: 'provider "fake" does not answer on its socket',
      hint: expect.stringContaining('fake.sock'),
    });
    passedMs = 0;
    stack.use(await serve('last/fake.sock', answering('back')));
    expect((await (await providers.resolve('fake')).mount(request())).versions[0]?.version).toBe('back');
  });

  it.each(['left behind', 'gone'])('is waited for while it restarts and its socket is %s', async (state) => {
    const before = await serve('last/fake.sock', answering('before'));
    const providers = directory();
    await (await providers.resolve('fake')).mount(request());
    await before[Symbol.asyncDispose]();
    if (state === 'left behind') leaveSocket('last/fake.sock');
    const mounting = (await providers.resolve('fake')).mount(request());
    stack.use(await serve('last/fake.sock', answering('after')));
    expect((await mounting).versions[0]?.version).toBe('after');
  });

  it('is named when it hangs', async () => {
    const clock = createFakeClock(systemClock.now());
    const mountTimeoutMs = 60_000;
    stack.use(
      await serve(
        'last/fake.sock',
        ({ signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(new Error('gone')));
            void clock.advance(mountTimeoutMs);
          }),
      ),
    );
    const hanging = await directory({ mountTimeoutMs, clock }).resolve('fake');
    await expect(hanging.mount(request())).rejects.toMatchObject({
      code: 'deadline-exceeded',
      message: 'provider "fake": no answer within 60000 ms',
      hint: expect.stringContaining('fake.sock'),
    });
  });

  it('that is not available is asked three times, with its own text in the end', async () => {
    let asked = 0;
    stack.use(
      await serve('last/fake.sock', () => {
        asked += 1;
        return Promise.reject(new KeyferryError('unavailable', 'the store is down'));
      }),
    );
    const waits: number[] = [];
    const clock: Clock = {
      ...systemClock,
      sleep: (ms, options) => {
        waits.push(ms);
        return ms < 5000 ? Promise.resolve() : systemClock.sleep(ms, options);
      },
    };
    await expect((await directory({ clock }).resolve('fake')).mount(request())).rejects.toMatchObject({
      code: 'unavailable',
      message: 'the store is down',
    });
    expect(asked).toBe(3);
    expect(waits.filter((ms) => ms < 5000)).toEqual([1000, 1100]);
  });

  it('is asked again when it dies in the middle of a call, and answers when it is back', async () => {
    const socketPath = join(folder, 'last', 'fake.sock');
    const dieWhenAsked = `require('node:net')
      .createServer((socket) => socket.once('data', () => process.kill(process.pid, 'SIGKILL')))
      .listen(process.argv[1], () => console.log('up'))`;
    const dying = spawn(process.execPath, ['-e', dieWhenAsked, socketPath], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(dying.stdout, 'data');
    const clock: Clock = {
      ...systemClock,
      sleep: async (ms, options) => {
        back ??= stack.use(await serve('last/fake.sock', answering('back')));
        await systemClock.sleep(ms, options); // gRPC itself does not connect again sooner
      },
    };
    let back: AsyncDisposable | undefined;
    const answer = await (await directory({ clock }).resolve('fake')).mount(request());
    expect(answer.versions[0]?.version).toBe('back');
    expect(dying.signalCode).toBe('SIGKILL');
  });

  it('passes on the code and the text of a failure', async () => {
    stack.use(
      await serve('last/fake.sock', () =>
        Promise.reject(new KeyferryError('unknown', 'failed to mount objects, error: AADSTS1')),
      ),
    );
    await expect((await directory().resolve('fake')).mount(request())).rejects.toMatchObject({
      code: 'unknown',
      message: 'failed to mount objects, error: AADSTS1',
    });
  });

  it('may answer no more than the limit', async () => {
    stack.use(
      await serve('last/fake.sock', async () => ({
        files: [{ path: 'a', mode: 0, contents: new Secret<Uint8Array>(Buffer.alloc(5000)) }],
        versions: [{ id: 'a', version: '1' }],
      })),
    );
    const remote = await directory({ maxResponseBytes: 4096 }).resolve('fake');
    await expect(remote.mount(request())).rejects.toMatchObject({
      code: 'resource-exhausted',
      message: expect.stringMatching(/larger than max/),
      hint: expect.stringContaining('--max-call-recv-msg-size (4096 bytes)'),
    });
  });

  it('learns that the caller has given up', async () => {
    const stop = new AbortController();
    let reached: () => void;
    const atProvider = new Promise<void>((resolve) => (reached = resolve));
    let aborted = false;
    stack.use(
      await serve('last/fake.sock', ({ signal }) => {
        reached();
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(new Error('gone'));
          });
        });
      }),
    );
    const mounting = (await directory().resolve('fake')).mount(request({ signal: stop.signal }));
    const failure = expect(mounting).rejects.toMatchObject({ code: 'aborted' });
    await atProvider;
    stop.abort();
    await failure;
    await stack[Symbol.asyncDispose]();
    expect(aborted).toBe(true);
  });
});

describe('a provider that is not ours', () => {
  const answer = async (response: MountResponse) => {
    stack.use(
      await startGrpcServer({
        ...shared,
        socketPath: join(folder, 'last', 'fake.sock'),
        services: [grpcService<CSIDriverProviderServer>(CSIDriverProviderService, { mount: async () => response })],
      }),
    );
    return (await directory().resolve('fake')).mount(request());
  };

  it.each([
    [
      'an error code',
      { objectVersion: [{ id: 'a', version: '1' }], error: { code: 'E7' }, files: [] },
      'mount request failed with provider error code E7',
    ],
    ['no versions', { objectVersion: [], error: undefined, files: [] }, 'missing object versions'],
  ])('fails the mount with %s', async (_what, response, message) => {
    await expect(answer(response)).rejects.toMatchObject({ message });
  });

  it('has its error code told apart from the texts of others', async () => {
    const failure = await answer({ objectVersion: [], error: { code: 'E7' }, files: [] }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(ProviderCodeError);
    expect((failure as ProviderCodeError).providerCode).toBe('E7');
  });
});

describe('the health check', () => {
  /** Checks every ten milliseconds; answers how to wait for the next result. */
  const check = (providers: ReturnType<typeof directory>) => {
    const results: [string, boolean][] = [];
    let told: () => void = () => undefined;
    stack.use(
      startProviderHealthChecks({
        ...shared,
        directory: providers,
        intervalMs: 10,
        onChecked: (...result) => {
          results.push(result);
          told();
        },
      }),
    );
    return async (result: [string, boolean]): Promise<[string, boolean]> => {
      while (!results.some(([name, healthy]) => name === result[0] && healthy === result[1])) {
        await new Promise<void>((resolve) => (told = resolve));
      }
      results.length = 0;
      return result;
    };
  };

  it('tells whether a provider answers, connects anew, and goes on with the others', async () => {
    const first = await serve('last/one.sock', answering('1'));
    stack.use(await serve('last/two.sock', answering('2')));
    const providers = directory();
    for (const name of ['one', 'two']) await (await providers.resolve(name)).mount(request());
    const next = check(providers);
    expect(await next(['one', true])).toBeDefined();
    await first[Symbol.asyncDispose]();
    expect(await next(['one', false])).toBeDefined();
    expect(await next(['two', true])).toBeDefined();
    stack.use(await serve('last/one.sock', answering('1')));
    expect(await next(['one', true])).toBeDefined();
  });

  it('asks nobody who was never used', async () => {
    let asked = 0;
    const version = async () => {
      asked += 1;
      return { version: 'v1alpha1', runtimeName: 'r', runtimeVersion: '1' };
    };
    stack.use(
      await startGrpcServer({
        ...shared,
        socketPath: join(folder, 'last', 'idle.sock'),
        services: [grpcService<CSIDriverProviderServer>(CSIDriverProviderService, { version })],
      }),
    );
    stack.use(await serve('last/used.sock', answering('1')));
    const providers = directory();
    await (await providers.resolve('used')).mount(request());
    const next = check(providers);
    await next(['used', true]);
    await next(['used', true]);
    expect(asked).toBe(0);
  });
});

describe('resolve', () => {
  it.each([
    ['nobody', 'error connecting to provider "nobody": provider not found: provider "nobody"'],
    ['', 'error connecting to provider "": provider not found: provider ""'],
    ['a.b', 'error connecting to provider "a.b": invalid provider: provider "a.b"'],
    ['../azure', 'error connecting to provider "../azure": invalid provider: provider "../azure"'],
    [
      'x'.repeat(31),
      `error connecting to provider "${'x'.repeat(31)}": invalid provider: provider "${'x'.repeat(31)}"`,
    ],
  ])('says why there is no provider %j', async (name, message) => {
    await expect(directory().resolve(name)).rejects.toMatchObject({ code: 'unknown', message });
  });

  it('names the providers of the node when one is not found, and the one that was meant', async () => {
    stack.use(await serve('last/vault.sock', answering('socket')));
    const found = directory({ builtIn: [provider(answering('own'))] });
    await expect(found.resolve('valt')).rejects.toMatchObject({
      message: 'error connecting to provider "valt": provider not found: provider "valt"; did you mean "vault"?',
      hint: expect.stringMatching(/Providers here: fake, vault\.$/),
    });
  });

  it('prefers a provider of this process', async () => {
    stack.use(await serve('last/fake.sock', answering('socket')));
    const own = provider(answering('own'));
    expect(await directory({ builtIn: [own] }).resolve('fake')).toBe(own);
  });
});

describe('the server', () => {
  const limits = { timeoutMs: 5000 };
  const call = async (change: object) => {
    stack.use(await serve('last/fake.sock', answering('1')));
    const client = createGrpcClient(CSIDriverProviderClient, join(folder, 'last', 'fake.sock'));
    stack.defer(() => client.close());
    const wire = {
      attributes: '{"a":"b"}',
      secrets: 'null',
      targetPath: '/t',
      permission: '420',
      currentObjectVersion: [],
    };
    return callUnary(client, 'mount', { ...wire, ...change }, limits, systemClock);
  };

  it('takes what upstream sends: null for no secrets, the mode in decimal', async () => {
    await expect(call({})).resolves.toMatchObject({ objectVersion: [{ id: 'x', version: '1' }] });
  });

  it.each([
    [{ attributes: '{"token":"hunter2"' }, 'failed to unmarshal attributes, error: it is no JSON'],
    [{ secrets: '["hunter2"]' }, 'failed to unmarshal secrets, error: it is no map of strings'],
    [{ secrets: '{"hunter2":1}' }, 'failed to unmarshal secrets, error: it is no map of strings'],
    [{ permission: '0644x' }, 'failed to unmarshal file permission, error: it is no mode in decimal'],
  ])('refuses %j and repeats nothing of it', async (change, message) => {
    await expect(call(change)).rejects.toMatchObject({ code: 'invalid-input', message });
  });

  it('says its version and that it serves', async () => {
    stack.use(await serve('last/fake.sock', answering('1')));
    const client = createGrpcClient(CSIDriverProviderClient, join(folder, 'last', 'fake.sock'));
    const health = createGrpcClient(HealthClient, join(folder, 'last', 'fake.sock'));
    stack.defer(() => client.close());
    stack.defer(() => health.close());
    expect(await callUnary(client, 'version', { version: 'v1alpha1' }, limits, systemClock)).toEqual({
      version: 'v1alpha1',
      runtimeName: 'fake-runtime',
      runtimeVersion: '9.9.9',
    });
    expect(await callUnary(health, 'check', { service: '' }, limits, systemClock)).toEqual({ status: 1 });
  });
});

describe('renderAttributes', () => {
  it('replaces the tokens and nothing else', () => {
    expect(renderAttributes({ a: 'b', [TOKENS_ATTRIBUTE]: 'jwt' })).toEqual({
      a: 'b',
      [TOKENS_ATTRIBUTE]: '***stripped***',
    });
    expect(renderAttributes({ a: 'b' })).toEqual({ a: 'b' });
  });
});
