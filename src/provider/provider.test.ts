import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import { createFakeClock, createMemoryLog } from '../base/testing/index.ts';
import { createProviderTests, type ProviderTests } from './testing/index.ts';

let token: string;
let setUp: ProviderTests['setUp'];
let request: ProviderTests['request'];
const folders: string[] = [];

beforeAll(async () => {
  ({ token, setUp, request } = await createProviderTests());
});

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

const OBJECTS = `array:
  - {objectName: two, objectType: secret}
  - {objectName: one, objectType: secret, objectAlias: folder/first, filePermission: "0400"}
  - {objectName: one, objectType: secret, objectVersion: v0}
`;

describe('the log line of a mount', () => {
  const told = async (
    setting: ReturnType<ProviderTests['setUp']>,
    log: ReturnType<typeof createMemoryLog>,
    objects: string,
  ) => {
    await setting.provider.mount(request(objects)).catch(() => undefined);
    const line = log.lines.findLast(({ message }) => message === 'Objects of a volume asked for');
    expect(JSON.stringify(line)).not.toContain(token);
    expect(JSON.stringify(line)).not.toContain('one for system:');
    return line?.fields;
  };
  const ONE = 'array: [{objectName: one, objectType: secret}]';

  it('says who asked with which claims, and under which ids Azure has the requests', async () => {
    const log = createMemoryLog();
    const setting = setUp({ log });
    expect(await told(setting, log, ONE)).toEqual({
      namespace: 'team',
      pod: 'web-1',
      serviceAccount: 'reader',
      targetPath: '/volume',
      vault: 'https://kv-one.vault.azure.net',
      tenantId: 'tenant',
      clientId: 'client',
      identity: 'workload-identity',
      assertion: {
        issuer: 'https://issuer.test/',
        subject: 'system:serviceaccount:team:reader',
        audience: 'api://AzureADTokenExchange',
        issuedAt: '2026-01-01T00:00:00.000Z',
        expiresAt: '2026-01-01T01:00:00.000Z',
      },
      token: { how: 'fetched', at: '2026-01-01T00:00:00.000Z', tookMs: 0, correlationId: 'exchange-1' },
      objects: [
        {
          id: 'secret/one',
          version: 'v1',
          how: 'fetched',
          at: '2026-01-01T00:00:00.000Z',
          tookMs: 0,
          correlationId: 'read-1',
        },
      ],
      tookMs: 0,
    });
  });

  it('says how an object was asked for that failed after the window of its proof was over', async () => {
    const log = createMemoryLog();
    const setting = setUp({ log, freshnessWindowMs: 5_000 });
    setting.azure.onRead = async () => {
      await setting.clock.sleep(10_000);
      throw new KeyferryError('deadline-exceeded', 'no answer within 10000 ms');
    };
    const line = told(setting, log, ONE);
    await expect.poll(() => setting.azure.reads.length).toBe(1);
    await setting.clock.advance(10_000);
    expect(await line).toMatchObject({
      objects: [{ id: 'secret/one', failed: 'deadline-exceeded', how: 'fetched', correlationId: 'read-1' }],
    });
  });

  it('says of an answer that was kept when, and under which id, it was asked for', async () => {
    const log = createMemoryLog();
    const setting = setUp({ log });
    await told(setting, log, ONE);
    await setting.clock.advance(4_000);
    const kept = { how: 'kept', at: '2026-01-01T00:00:00.000Z', tookMs: 0 };
    expect(await told(setting, log, ONE)).toMatchObject({
      token: { ...kept, correlationId: 'exchange-1' },
      objects: [{ id: 'secret/one', version: 'v1', ...kept, correlationId: 'read-1' }],
    });
  });

  it('says of one that was joined that it was shared', async () => {
    const log = createMemoryLog();
    let joined: () => void = () => undefined;
    const both = new Promise<void>((resolve) => (joined = resolve));
    const { azure, provider } = setUp({
      log,
      metrics: {
        brokerEvents: {
          answered: (_what, how) => (how === 'shared' ? joined() : undefined),
          unshared: () => undefined,
          paused: () => undefined,
        },
        onRequest: () => undefined,
        onCall: () => undefined,
      },
    });
    azure.onRead = () => both;
    await Promise.all([provider.mount(request(ONE)), provider.mount(request(ONE))]);
    const lines = log.lines.filter(({ message }) => message === 'Objects of a volume asked for');
    expect(lines.map(({ fields }) => fields['objects'])).toMatchObject([
      [{ how: 'fetched', correlationId: 'read-1' }],
      [{ how: 'shared', correlationId: 'read-1' }],
    ]);
  });

  it('names the code of what failed, and asks nothing of a vault without a token', async () => {
    const log = createMemoryLog();
    const setting = setUp({ log });
    expect(await told(setting, log, 'array: [{objectName: missing, objectType: secret}]')).toMatchObject({
      objects: [{ id: 'secret/missing', failed: 'SecretNotFound', how: 'fetched', correlationId: 'read-1' }],
    });
    setting.azure.onExchange = () => {
      throw new KeyferryError('unauthenticated', 'no', { upstreamCode: 'AADSTS700213' });
    };
    await setting.clock.advance(60_000);
    expect(await told(setting, log, ONE)).toMatchObject({
      token: { how: 'fetched', correlationId: 'exchange-2' },
      objects: [{ id: 'secret/one', failed: 'AADSTS700213' }],
    });
  });

  it('says why answers are shared with nobody', async () => {
    const log = createMemoryLog();
    expect(await told(setUp({ log, freshnessWindowMs: 0 }), log, ONE)).toMatchObject({ unshared: 'sharing-off' });
  });
});

describe('a mount', () => {
  it('answers the files and versions in the order of the class', async () => {
    const { provider } = setUp();
    const { files, versions } = await provider.mount(request(OBJECTS));
    const who = 'system:serviceaccount:team:reader as client in tenant';
    expect(files.map(({ path, mode, contents }) => [path, mode, Buffer.from(contents.expose()).toString()])).toEqual([
      ['two', 0o644, `two for ${who}`],
      ['folder/first', 0o400, `one for ${who}`],
      ['one', 0o644, `one for ${who}`],
    ]);
    expect(versions).toEqual([
      { id: 'secret/two', version: 'v1' },
      { id: 'secret/one', version: 'v1' },
      { id: 'secret/one', version: 'v0' },
    ]);
  });

  it('of 20 pods with one identity and two secrets is one exchange and two reads', async () => {
    const { azure, provider } = setUp();
    const objects = 'array: [{objectName: one, objectType: secret}, {objectName: two, objectType: secret}]';
    await Promise.all(Array.from({ length: 20 }, () => provider.mount(request(objects))));
    expect(azure.exchanges).toHaveLength(1);
    expect(azure.reads.map((line) => line.split(' ')[0])).toEqual([
      'kv-one.vault.azure.net/one@current',
      'kv-one.vault.azure.net/two@current',
    ]);
  });

  it('asks nobody when the input is wrong', async () => {
    const { azure, provider } = setUp();
    await expect(provider.mount(request('array: []', { keyvaultName: '' }))).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringMatching(/^failed to mount objects, error: .*keyvaultName is not provided/),
    });
    expect(azure.exchanges).toEqual([]);
  });

  it('names every object that failed, with the vault’s code', async () => {
    const { provider } = setUp();
    const objects =
      'array: [{objectName: one, objectType: secret}, {objectName: missing, objectType: secret}, {objectName: missing, objectType: secret, objectVersion: v7, objectAlias: x}]';
    await expect(provider.mount(request(objects))).rejects.toMatchObject({
      code: 'not-found',
      upstreamCode: 'SecretNotFound',
      message:
        'failed to mount objects, error: ' +
        'failed to get objectType:secret, objectName:missing, objectVersion:; ' +
        'objectType:secret, objectName:missing, objectVersion:v7: ' +
        'SecretNotFound: A secret with (name/id) missing was not found',
    });
  });

  it('says a refused identity once for all objects', async () => {
    const { azure, provider } = setUp();
    azure.onExchange = () => {
      const options = { upstreamCode: 'AADSTS700213', hint: 'set the subject' };
      throw new KeyferryError('unauthenticated', 'AADSTS700213: No matching record', options);
    };
    const error: unknown = await provider.mount(request(OBJECTS)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'unauthenticated', upstreamCode: 'AADSTS700213' });
    expect((error as Error).message.match(/AADSTS700213/g)).toHaveLength(1);
    expect((error as Error).message).toContain('(set the subject)');
    expect((error as Error).message.match(/objectName:/g)).toHaveLength(3);
  });

  it.each(['unavailable', 'resource-exhausted'] as const)(
    'does not look to the driver like a provider in trouble when Azure is: %s',
    async (code) => {
      const { clock, azure, provider } = setUp();
      azure.onRead = () => {
        throw new KeyferryError(code, 'Azure is in trouble', { retryAfterMs: 90_000 });
      };
      const mount = provider.mount(request('array: [{objectName: one, objectType: secret}]'));
      await expect(mount).rejects.toMatchObject({
        code: 'unknown',
        message: expect.stringContaining('left alone for longer than this mount may wait'),
      });
      expect(azure.reads).toHaveLength(1);
      expect(clock.now()).toBe(createFakeClock().now());
    },
  );

  it('ends with its own deadline', async () => {
    const { clock, azure, provider } = setUp({ mountTimeoutMs: 10_000 });
    azure.onRead = (_what, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    const mount = provider.mount(request('array: [{objectName: one, objectType: secret}]'));
    const refused = expect(mount).rejects.toMatchObject({
      code: 'deadline-exceeded',
      message: expect.stringMatching(
        /^failed to mount objects, error: failed to get .*: not done within 10 s: still waiting for an object of https:\/\/\S+\.vault\.azure\.net for 10 s$/,
      ),
    });
    await expect.poll(() => azure.reads.length).toBe(1);
    await clock.advance(10_000);
    await refused;
  });

  it('ends when the driver gives up', async () => {
    const { azure, provider } = setUp();
    const controller = new AbortController();
    azure.onRead = () => {
      controller.abort(new KeyferryError('aborted', 'the caller gave up'));
      return new Promise(() => undefined);
    };
    const mount = provider.mount(request('array: [{objectName: one, objectType: secret}]', {}, controller.signal));
    await expect(mount).rejects.toMatchObject({
      code: 'aborted',
      message: expect.stringContaining('the caller gave up'),
    });
  });
});

describe('a cloud of one’s own', () => {
  const objects = 'array: [{objectName: one, objectType: secret}]';
  const environment = async (text: string) => {
    const folder = await mkdtemp(join(tmpdir(), 'keyferry-cloud-'));
    folders.push(folder);
    const file = join(folder, 'environment.json');
    await writeFile(file, text);
    return file;
  };

  it('is read from the file that the class names', async () => {
    const { azure, provider } = setUp();
    const file = await environment(
      JSON.stringify({ activeDirectoryEndpoint: 'https://login.test/', keyVaultDNSSuffix: 'vault.test' }),
    );
    await provider.mount(request(objects, { cloudName: 'azurestackcloud', cloudEnvFileName: file }));
    expect(azure.reads[0]).toContain('kv-one.vault.test/one');
  });

  it('with a wrong file breaks only its own class', async () => {
    const { azure, provider } = setUp();
    const wrong = { cloudName: 'AzureStackCloud', cloudEnvFileName: '/nowhere/environment.json' };
    await expect(provider.mount(request(objects, wrong))).rejects.toThrow('/nowhere/environment.json: ENOENT');
    await expect(provider.mount(request(objects))).resolves.toBeDefined();
    const endless = { ...wrong, cloudEnvFileName: '/dev/zero' };
    await expect(provider.mount(request(objects, endless))).rejects.toThrow('/dev/zero: not a regular file');
    const noFile = { cloudName: 'AzureStackCloud' };
    await expect(provider.mount(request(objects, noFile))).rejects.toThrow('cloudName AzureStackCloud is not valid');
    expect(azure.reads).toHaveLength(1);
  });

  it('does not share with the public cloud', async () => {
    const { azure, provider } = setUp();
    const file = await environment(
      JSON.stringify({ activeDirectoryEndpoint: 'https://login.test', keyVaultDNSSuffix: 'vault.test' }),
    );
    await provider.mount(request(objects));
    await provider.mount(request(objects, { cloudName: 'AzureStackCloud', cloudEnvFileName: file }));
    expect(azure.exchanges).toHaveLength(2);
  });
});
