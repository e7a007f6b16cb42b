import { beforeAll, describe, expect, it } from 'vitest';
import { errorText, KeyferryError } from '#base';
import type { ListedVersion } from '#azure';
import { createMemoryLog } from '../../base/testing/index.ts';
import { createProviderTests, type ProviderSetup, type ProviderTests } from '../testing/index.ts';

let tests: ProviderTests;

beforeAll(async () => {
  tests = await createProviderTests();
});

const listed = (version: string, createdAtMs: number): ListedVersion => ({
  version,
  createdAtMs,
  enabled: true,
  notBeforeMs: undefined,
  expiresAtMs: undefined,
});

async function mount({ provider }: ProviderSetup, ...entries: readonly string[]) {
  const objects = `array:\n${entries.map((entry) => `  - {objectType: secret, ${entry}}\n`).join('')}`;
  const result = await provider.mount(tests.request(objects));
  const files = Object.fromEntries(
    result.files.map(({ path, contents }) => [path, Buffer.from(contents.expose()).toString()]),
  );
  return { ...result, texts: files, paths: Object.keys(files) };
}

const readsOf = ({ azure }: ProviderSetup) => azure.reads.map((line) => line.split(' ')[0]);

describe('an optional object that the vault has not', () => {
  it('leaves no file, and is told with its place and the vault’s reason', async () => {
    const result = await mount(tests.setUp(), 'objectName: one', 'objectName: missing, optional: true');
    expect(result.paths).toEqual(['one']);
    expect(result.versions).toEqual([
      { id: 'secret/one', version: 'v1' },
      { id: 'secret/missing', version: 'absent' },
    ]);
    expect(result.notices).toEqual([
      {
        type: 'Normal',
        reason: 'OptionalObjectMissing',
        message:
          'no file for the optional secret missing, spec.parameters.objects[1] (line 3): SecretNotFound: A secret with (name/id) missing was not found',
      },
    ]);
    expect(result.absentFiles).toEqual(['missing']);
    expect(result).not.toHaveProperty('noFiles');
  });

  it('may be all that a class asks for', async () => {
    expect(await mount(tests.setUp(), 'objectName: missing, optional: true')).toMatchObject({
      files: [],
      noFiles: true,
      versions: [{ id: 'secret/missing', version: 'absent' }],
    });
  });

  it('fails the mount all the same when another entry cannot do without it', async () => {
    const setting = tests.setUp();
    await expect(
      mount(setting, 'objectName: missing, optional: true', 'objectName: missing, objectAlias: needed'),
    ).rejects.toThrow('SecretNotFound');
    expect(readsOf(setting)).toHaveLength(1);
  });

  it('is not what a vault in trouble has', async () => {
    const setting = tests.setUp();
    setting.azure.onRead = () => {
      throw new KeyferryError('permission-denied', 'Forbidden: no', { upstreamCode: 'Forbidden' });
    };
    await expect(mount(setting, 'objectName: one, optional: true')).rejects.toThrow('Forbidden: no');
  });

  it('is named in the log', async () => {
    const log = createMemoryLog();
    await mount(tests.setUp({ log }), 'objectName: one', 'objectName: missing, optional: true');
    expect(log.lines.at(-1)?.fields).toMatchObject({ absent: ['secret/missing'] });
  });
});

describe('lists', () => {
  it('are asked for once by all pods of an identity, and are in the log with their request', async () => {
    const log = createMemoryLog();
    const setting = tests.setUp({ log });
    setting.azure.versions.set('one', [listed('old', 1), listed('new', 2)]);
    const entry = 'objectName: one, objectVersionHistory: 2';
    const results = await Promise.all([mount(setting, entry), mount(setting, entry), mount(setting, entry)]);
    expect(results.map(({ versions }) => versions.map(({ version }) => version))).toEqual(
      Array.from({ length: 3 }, () => ['new', 'old']),
    );
    expect(readsOf(setting)).toEqual([
      'kv-one.vault.azure.net/secrets/one@list',
      'kv-one.vault.azure.net/one@new',
      'kv-one.vault.azure.net/one@old',
    ]);
    expect(log.lines.findLast(({ message }) => message.startsWith('Objects'))?.fields['objects']).toMatchObject([
      { id: 'secret/one/versions', correlationId: 'read-1' },
      { id: 'secret/one/0', version: 'new', correlationId: 'read-2' },
      { id: 'secret/one/1', version: 'old', correlationId: 'read-3' },
    ]);
  });

  it('that are refused fail the mount before anything else is read', async () => {
    const setting = tests.setUp();
    setting.azure.onRead = (what) => {
      if (what.endsWith('@list')) throw new KeyferryError('permission-denied', 'no list permission');
    };
    await expect(mount(setting, 'objectNamePattern: "*"', 'objectName: one')).rejects.toThrow(
      'failed to get objectType:secret, objectName:*, objectVersion:: no list permission',
    );
    expect(readsOf(setting)).toEqual(['kv-one.vault.azure.net/secrets@list']);
  });
});

describe('a history', () => {
  it.each([
    [false, ['one/0', 'one/1']],
    [true, ['one/0', 'one/1', 'one/2']],
  ])('is as long as upstream’s when that is wanted: %s', async (extraHistoryVersion, paths) => {
    const setting = tests.setUp({ extraHistoryVersion });
    setting.azure.versions.set('one', [listed('a', 3), listed('b', 2), listed('c', 1)]);
    expect((await mount(setting, 'objectName: one, objectVersionHistory: 2')).paths).toEqual(paths);
  });
});

describe('several vaults', () => {
  it('cost one exchange, and equal names in them are told apart', async () => {
    const log = createMemoryLog();
    const setting = tests.setUp({ log });
    const result = await mount(setting, 'objectName: one', 'objectName: one, keyvaultName: KV-two, objectAlias: two');
    expect(result.versions.map(({ id }) => id)).toEqual(['secret/one', 'kv-two/secret/one']);
    expect(setting.azure.exchanges).toHaveLength(1);
    expect(readsOf(setting)).toEqual(['kv-one.vault.azure.net/one@current', 'kv-two.vault.azure.net/one@current']);
    expect(log.lines.at(-1)?.fields['objects']).toMatchObject([
      { id: 'secret/one', correlationId: 'read-1' },
      { id: 'kv-two/secret/one', correlationId: 'read-2' },
    ]);
  });
});

describe('fields of a JSON value', () => {
  const setUp = () => {
    const setting = tests.setUp();
    setting.azure.values.set('db', '{"user": "ada", "key": "AP8=", "hex": "00ff"}');
    return setting;
  };

  it('are decoded as their entry says', async () => {
    const result = await mount(setUp(), 'objectName: db, jsonPath: $.key, objectEncoding: base64');
    expect(result.files[0]?.contents.expose()).toEqual(Buffer.from([0x00, 0xff]));
  });

  it('have the mode of their entry, and folders of their own', async () => {
    const { files } = await mount(
      setUp(),
      'objectName: db, objectAlias: cfg, filePermission: 0400, jsonFiles: {a/user: $.user, b: $.hex}',
    );
    expect(files.map(({ path, mode }) => [path, mode])).toEqual([
      ['cfg/a/user', 0o400],
      ['cfg/b', 0o400],
    ]);
  });

  it('that are missing are left out of an optional entry, and told', async () => {
    const result = await mount(setUp(), 'objectName: db, optional: true, jsonFiles: {user: $.user, pass: $.pass}');
    expect(result.paths).toEqual(['db/user']);
    expect(result.absentFiles).toEqual(['db/pass']);
    expect(result.versions).toEqual([{ id: 'secret/db', version: 'v1' }]);
    expect(result.notices).toMatchObject([{ message: expect.stringContaining('the value has no $.pass') }]);
  });

  it('that are missing fail every other entry, and nothing of the value is told', async () => {
    const failure = await mount(setUp(), 'objectName: db, jsonFiles: {a: $.x, b: $.y}').catch(
      (error: unknown) => error,
    );
    expect(errorText(failure)).toContain('the value has no $.x, $.y, as jsonFiles asks for');
    expect(errorText(failure)).not.toContain('ada');
  });

  it('cannot be files of one name', async () => {
    await expect(
      mount(setUp(), 'objectName: db, jsonFiles: true', 'objectName: one, objectAlias: db/user'),
    ).rejects.toThrow('file name "db/user" is taken by spec.parameters.objects[0] (line 2)');
  });
});

it('a field with a slip in its name is told, and ignored as upstream ignores it', async () => {
  const log = createMemoryLog();
  const result = await mount(tests.setUp({ log }), 'objectName: one, objectAlia: two');
  expect(log.lines.at(-1)?.fields).toMatchObject({ ignoredFields: ['spec.parameters.objects[0].objectAlia'] });
  expect(result.paths).toEqual(['one']);
  expect(result.notices).toEqual([
    {
      type: 'Warning',
      reason: 'UnknownObjectField',
      message:
        'spec.parameters.objects[0].objectAlia (line 2) is not a field of an object and is ignored: did you mean objectAlias?',
    },
  ]);
});
