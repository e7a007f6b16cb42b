import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { errorText, systemClock } from '#base';
import { everyKind, startProviderScene, type ProviderScene } from './support/provider-scene.ts';

// The fields that choose objects and versions, through `keyferry provider` on its socket, against the emulated Azure.

const VAULT = 'kv-objects';
const OTHER = 'kv-objects-other';
const GET_ONLY = 'kv-objects-get';

let scene: ProviderScene;
/** The ids of the versions of `rotated`, newest first. The newest one is disabled. */
let rotated: readonly string[];
let seenRecords = 0;

beforeAll(async () => {
  scene = await startProviderScene(['--freshness-window=0s']);
  await scene.makeVault(VAULT, everyKind('get', 'list'));
  await scene.makeVault(OTHER, everyKind('get', 'list'));
  await scene.makeVault(GET_ONLY, everyKind('get'));
  await fillVaults();
}, 90_000);

afterAll(() => scene?.[Symbol.asyncDispose]());

beforeEach(() => {
  seenRecords = scene.lab.cloud.audit.records().length;
});

const secretsUrl = (vault: string) => `https://${vault}.vault.azure.net/secrets`;

/** A vault tells the times of versions in whole seconds: those of one second have no order. */
async function nextSecond(): Promise<void> {
  await systemClock.sleep(1001 - (systemClock.now() % 1000));
}

async function fillVaults(): Promise<void> {
  const put = async (name: string, body: object, vault = VAULT) => {
    const { id } = await scene.lab.put<{ id: string }>(`${secretsUrl(vault)}/${name}`, body);
    return id.split('/').at(-1) ?? '';
  };
  await put('plain', { value: 'plain text' });
  await put('plain', { value: 'of the other vault' }, OTHER);
  await put('only-get', { value: 'x' }, GET_ONLY);
  await put('db', { value: '{"user": "ada", "password": "hunter2", "port": 5432, "more": {"a": [1.10]}}' });
  await put('off', { value: 'never', attributes: { enabled: false } });
  await put('web-one', { value: '1', tags: { app: 'web', tier: 'gold' } });
  await put('web-two', { value: '2', tags: { app: 'web' } });
  await put('web-off', { value: '3', tags: { app: 'web' }, attributes: { enabled: false } });
  const versions: string[] = [];
  for (const [index, body] of [
    { value: 'first' },
    { value: 'second' },
    { value: 'third', attributes: { enabled: false } },
  ].entries()) {
    versions.unshift(await put('rotated', body));
    if (index < 2) await makeKeyAndCertificate(index + 1);
    await nextSecond();
  }
  rotated = versions;
}

/** The `times`-th version of the key `signing` and of the certificate `tls`. */
async function makeKeyAndCertificate(times: number): Promise<void> {
  await scene.post(VAULT, 'keys/signing/create', { kty: 'EC', crv: 'P-256', tags: { app: 'web' } });
  await scene.post(VAULT, 'certificates/tls/create', {
    policy: {
      issuer: { name: 'Self' },
      key_props: { kty: 'EC', crv: 'P-256', exportable: true },
      secret_props: { contentType: 'application/x-pem-file' },
      x509_props: { subject: 'CN=shop' },
    },
  });
  await certificateReady('tls', times);
}

async function certificateReady(name: string, versions: number): Promise<void> {
  const url = `https://${VAULT}.vault.azure.net/certificates/${name}/versions?api-version=7.4`;
  const ready = async () => {
    const { value } = (await scene.lab.call('GET', url)).body as { value: readonly unknown[] };
    expect(value).toHaveLength(versions);
  };
  await vi.waitFor(ready, { timeout: 20_000 });
}

const mount = (objects: string) => scene.mount({ keyvaultName: VAULT, objects });

/** The files of a mount with their texts. */
async function files(entries: string): Promise<Record<string, string>> {
  const result = await mount(`array:\n${entries}`);
  return Object.fromEntries(
    result.files.map(({ path, contents }) => [path, Buffer.from(contents.expose()).toString()]),
  );
}

async function versions(entries: string): Promise<Record<string, string>> {
  const result = await mount(`array:\n${entries}`);
  return Object.fromEntries(result.versions.map(({ id, version }) => [id, version]));
}

/** The requests to vaults since the test began. */
function requests(): readonly string[] {
  return scene.lab.cloud.audit
    .records()
    .slice(seenRecords)
    .filter(({ service }) => service === 'keyvault')
    .map(({ operation }) => operation);
}

describe('objectVersionHistory', () => {
  it('writes the newest enabled versions, newest first', async () => {
    expect(await files('  - {objectName: rotated, objectType: secret, objectVersionHistory: 5}\n')).toEqual({
      'rotated/0': 'second',
      'rotated/1': 'first',
    });
    expect(requests().toSorted()).toEqual(['SecretGet', 'SecretGet', 'SecretListVersions']);
  });

  it('has an id for each of its files, as upstream', async () => {
    const entry = '  - {objectName: rotated, objectType: secret, objectAlias: r, objectVersionHistory: 2}\n';
    expect(await versions(entry)).toEqual({ 'secret/rotated/0': rotated[1], 'secret/rotated/1': rotated[2] });
  });

  it('begins at the version that is named', async () => {
    const from = (version = '') =>
      files(`  - {objectName: rotated, objectType: secret, objectVersionHistory: 3, objectVersion: ${version}}\n`);
    expect(await from(rotated[2])).toEqual({ 'rotated/0': 'first' });
    await expect(from(rotated[0])).rejects.toThrow(/lists 3 versions, none that is enabled with the id/);
  });

  it.each([
    ['key', 'signing', 'PUBLIC KEY'],
    ['cert', 'tls', 'CERTIFICATE'],
    ['secret', 'tls', 'CERTIFICATE'],
  ])('is there for a %s too', async (type, name, label) => {
    const texts = Object.entries(
      await files(`  - {objectName: ${name}, objectType: ${type}, objectVersionHistory: 2}\n`),
    );
    expect(texts.map(([path]) => path)).toEqual([`${name}/0`, `${name}/1`]);
    for (const [, text] of texts) expect(text).toContain(`-----BEGIN ${label}-----`);
    expect(new Set(texts.map(([, text]) => text)).size).toBe(2);
  });

  it('says which permission is missing', async () => {
    const entry = `  - {objectName: only-get, objectType: secret, keyvaultName: ${GET_ONLY}, objectVersionHistory: 2}\n`;
    await expect(files(entry)).rejects.toThrow(/secrets list permission.*need the list permission/);
  });
});

describe('objectVersion', () => {
  it('latest is the current version, which fails when it is disabled', async () => {
    await expect(files('  - {objectName: rotated, objectType: secret, objectVersion: latest}\n')).rejects.toThrow(
      'SecretDisabled',
    );
    expect(await files('  - {objectName: plain, objectType: secret, objectVersion: latest}\n')).toEqual({
      plain: 'plain text',
    });
  });

  it('latest-enabled is the newest one that is not disabled', async () => {
    const entry = '  - {objectName: rotated, objectType: secret, objectVersion: latest-enabled}\n';
    expect(await files(entry)).toEqual({ rotated: 'second' });
    expect(await versions(entry)).toEqual({ 'secret/rotated': rotated[1] });
  });
});

describe('optional', () => {
  it('leaves out what the vault has not, or has only disabled', async () => {
    const entries = `
  - {objectName: plain, objectType: secret}
  - {objectName: nowhere, objectType: secret, optional: true}
  - {objectName: off, objectType: secret, optional: true}
  - {objectName: gone, objectType: secret, objectVersionHistory: 2, optional: true}
`;
    expect(await files(entries)).toEqual({ plain: 'plain text' });
    expect(await versions(entries)).toMatchObject({ 'secret/nowhere': 'absent', 'secret/off': 'absent' });
  });

  it('answers a mount that has nothing else', async () => {
    const entry = '  - {objectName: nowhere, objectType: secret, optional: true}\n';
    expect(await files(entry)).toEqual({});
    expect(await versions(entry)).toEqual({ 'secret/nowhere': 'absent' });
  });

  it('does not hide a vault that refuses or is not there', async () => {
    const entry = (vault: string) => `  - {objectName: a, objectType: key, keyvaultName: ${vault}, optional: true}\n`;
    await expect(files(entry('kv-objects-none'))).rejects.toThrow('kv-objects-none');
  });
});

describe('objects of several vaults', () => {
  it('are in one volume, and their ids tell them apart', async () => {
    const entries = `
  - {objectName: plain, objectType: secret}
  - {objectName: plain, objectType: secret, keyvaultName: ${OTHER}, objectAlias: other/plain}
`;
    expect(await files(entries)).toEqual({ plain: 'plain text', 'other/plain': 'of the other vault' });
    expect(Object.keys(await versions(entries))).toEqual(['secret/plain', `${OTHER}/secret/plain`]);
  });
});

describe('a selection', () => {
  it.each([
    ['by a pattern', 'objectNamePattern: web-*', ['web-one', 'web-two']],
    ['by a tag, under a folder', 'objectTags: {app: web}, objectAlias: web/', ['web/web-one', 'web/web-two']],
    ['by tags, under a pattern of names', 'objectTags: {tier: gold}, objectAlias: $(name).txt', ['web-one.txt']],
  ])('is made %s', async (_what, fields, paths) => {
    expect(Object.keys(await files(`  - {objectType: secret, ${fields}}\n`))).toEqual(paths);
  });

  it.each([
    ['key', 'objectTags: {app: web}', ['signing']],
    ['key', 'objectNamePattern: "*", includeCertificates: true', ['signing', 'tls']],
    ['cert', 'objectNamePattern: T*', ['tls']],
    ['secret', 'objectNamePattern: tls, optional: true', []],
    ['secret', 'objectNamePattern: tls, includeCertificates: true', ['tls']],
  ])('of a %s is made by %s', async (type, fields, paths) => {
    expect(Object.keys(await files(`  - {objectType: ${type}, ${fields}}\n`))).toEqual(paths);
  });

  it('that finds nothing fails, unless it is optional', async () => {
    const entry = (more = '') => `  - {objectType: secret, objectNamePattern: none-*${more}}\n`;
    await expect(files(entry())).rejects.toThrow(/objects that https:\/\/kv-objects\.vault\.azure\.net lists/);
    expect(await files(entry(', optional: true'))).toEqual({});
  });

  it('may not write over the file of another entry', async () => {
    const entries = `
  - {objectName: plain, objectType: secret, objectAlias: web-one}
  - {objectType: secret, objectNamePattern: web-*}
`;
    await expect(files(entries)).rejects.toThrow('file name "web-one" is taken by spec.parameters.objects[0] (line 3)');
  });
});

describe('JSON values', () => {
  it('give one of their fields, for one request however many are taken', async () => {
    const entries = `
  - {objectName: db, objectType: secret, objectAlias: user, jsonPath: $.user}
  - {objectName: db, objectType: secret, objectAlias: first, jsonPath: "$.more.a[0]"}
  - {objectName: db, objectType: secret, objectAlias: none, jsonPath: $.none, optional: true}
`;
    expect(await files(entries)).toEqual({ user: 'ada', first: '1.10' });
    expect(requests()).toEqual(['SecretGet']);
  });

  it('give each of their fields', async () => {
    expect(await files('  - {objectName: db, objectType: secret, jsonFiles: true}\n')).toEqual({
      'db/user': 'ada',
      'db/password': 'hunter2',
      'db/port': '5432',
      'db/more': '{"a": [1.10]}',
    });
  });

  it('without the field fail, and tell nothing of the value', async () => {
    const error: unknown = await files('  - {objectName: db, objectType: secret, jsonPath: $.pasword}\n').catch(
      (thrown: unknown) => thrown,
    );
    expect(errorText(error)).toContain('the value has no $.pasword, as jsonPath asks for');
    expect(errorText(error)).not.toContain('hunter2');
  });
});
