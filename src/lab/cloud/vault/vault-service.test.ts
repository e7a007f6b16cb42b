import { beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { createFakeClock, createFakeRandom, type FakeClock } from '../../../base/testing/index.ts';
import { createMemoryStore } from '#lab/store';
import {
  bearer,
  createFakeAudit,
  createFakeTokens,
  SUBSCRIPTION_ID,
  TENANT_ID,
  USER,
  type FakeAudit,
  type FakeToken,
} from '../rest/testing/index.ts';
import { createVaultService, type RoleCheck, type VaultRecord, type VaultService } from './index.ts';

const AUDIENCE = 'https://vault.azure.net';
const OTHER_ID = '44444444-4444-4444-4444-444444444444';
const POD: FakeToken = { aud: AUDIENCE, oid: OTHER_ID, appid: '55555555-5555-5555-5555-555555555555', user: false };
const VERSION = /^[0-9a-f]{32}$/;

const baseVault: VaultRecord = {
  name: 'Kv1',
  armId: `/subscriptions/${SUBSCRIPTION_ID}/resourceGroups/Rg/providers/Microsoft.KeyVault/vaults/Kv1`,
  tenantId: TENANT_ID,
  location: 'eastus',
  rbac: false,
  accessPolicies: [{ tenantId: TENANT_ID, objectId: USER.objectId, permissions: { secrets: ['all'] } }],
  softDeleteRetentionDays: 90,
  purgeProtection: false,
  network: { publicAccess: 'Enabled', denyByDefault: false, allowedRanges: [] },
};

let clock: FakeClock;
let audit: FakeAudit;
let vaults: Map<string, VaultRecord>;
let service: VaultService;
let roles: RoleCheck;
let lastRequest: Request;

beforeEach(() => {
  clock = createFakeClock(Date.UTC(2026, 0, 1));
  audit = createFakeAudit();
  vaults = new Map([['kv1', baseVault]]);
  roles = () => false;
  service = createVaultService({
    store: createMemoryStore(),
    clock,
    random: createFakeRandom(),
    log: silentLog,
    tokens: createFakeTokens(),
    audit,
    vaults: { find: (name) => vaults.get(name.toLowerCase()) },
    roles: (...asked) => roles(...asked),
  });
});

interface Sent {
  readonly token?: FakeToken | null;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly host?: string;
}

async function send(method: string, path: string, sent: Sent = {}) {
  const { token = { aud: AUDIENCE }, body, headers = {}, host = 'kv1.vault.azure.net' } = sent;
  const url = `https://${host}${path}${path.includes('api-version') || path.includes('%2Dversion') ? '' : `${path.includes('?') ? '&' : '?'}api-version=7.4`}`;
  lastRequest = new Request(url, {
    method,
    headers: { ...headers, ...(token === null ? {} : { authorization: bearer(token) }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const response = await service.fetch(lastRequest);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

const setSecret = (name: string, value: string, more: object = {}) =>
  send('PUT', `/secrets/${name}`, { body: { value, ...more } });

describe('before anything else, the data plane', () => {
  it.each([
    ['GET', '/secrets/unknown'],
    ['PUT', '/secrets/new'],
    ['GET', '/no/such/path'],
    ['GET', '/secrets/bad_name'],
    ['POST', '/keys/k/create'],
  ])('answers %s %s without a token with the challenge', async (method, path) => {
    const answer = await send(method, path, { token: null });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer authorization="https://login.microsoftonline.com/${TENANT_ID}", resource="https://vault.azure.net"`,
    );
    expect(answer.body.error).toMatchObject({
      code: 'Unauthorized',
      message: 'AKV10000: Request is missing a Bearer or PoP token.',
    });
    expect(audit.facts(lastRequest)).toEqual({ operation: 'Authentication', result: 'Unauthorized' });
  });

  it('names the resource of the cloud that was dialled', async () => {
    const answer = await send('GET', '/secrets', { token: null, host: 'kv1.vault.usgovcloudapi.net' });
    expect(answer.headers.get('www-authenticate')).toContain('resource="https://vault.usgovcloudapi.net"');
  });

  it.each<[string, FakeToken, string]>([
    [
      'another audience',
      { aud: 'https://management.azure.com/' },
      'AKV10022: Invalid audience. Expected https://vault.azure.net, found: https://management.azure.com/.',
    ],
    [
      'another issuer',
      { aud: AUDIENCE, refusal: 'issuer', found: 'https://sts.windows.net/x/' },
      `AKV10032: Invalid issuer. Expected one of https://sts.windows.net/${TENANT_ID}/, found https://sts.windows.net/x/.`,
    ],
    [
      'another tenant than the vault',
      { aud: AUDIENCE, tid: OTHER_ID },
      `AKV10032: Invalid issuer. Expected one of https://sts.windows.net/${TENANT_ID}/, found https://sts.windows.net/${OTHER_ID}/.`,
    ],
    ['an expired token', { aud: AUDIENCE, refusal: 'expired' }, "[TokenExpired] Error validating token: 'S2S12086'."],
  ])('refuses %s by its own text', async (_what, token, message) => {
    const answer = await send('GET', '/secrets', { token });
    expect([answer.status, answer.body.error.message]).toEqual([401, message]);
    expect(answer.headers.get('www-authenticate')).toContain('Bearer authorization=');
  });

  it('knows no vault that does not exist', async () => {
    expect(service.exists('kv1.vault.azure.net')).toBe(true);
    expect(service.exists('kv2.vault.azure.net')).toBe(false);
    expect(service.exists('kv1.example.com')).toBe(false);
    const answer = await send('GET', '/secrets', { host: 'kv2.vault.azure.net' });
    expect([answer.status, answer.body.error.message]).toEqual([502, expect.stringContaining('ENOTFOUND kv2.vault')]);
  });
});

describe('secrets', () => {
  it('come back as they were set, under the host that was dialled', async () => {
    const sent = { contentType: 'text/plain', tags: { a: 'b' }, attributes: { nbf: 10, exp: 20 } };
    const set = await setSecret('TestSecret', 'hello', sent);
    expect(set.status).toBe(200);
    const created = Date.UTC(2026, 0, 1) / 1000;
    expect(set.body).toMatchObject({
      value: 'hello',
      contentType: 'text/plain',
      tags: { a: 'b' },
      attributes: {
        enabled: true,
        nbf: 10,
        exp: 20,
        created,
        updated: created,
        recoveryLevel: 'Recoverable+Purgeable',
        recoverableDays: 90,
      },
    });
    const [base, version] = [set.body.id.slice(0, -33), set.body.id.slice(-32)];
    expect(base).toBe('https://kv1.vault.azure.net/secrets/TestSecret');
    expect(version).toMatch(VERSION);
    // Outside its nbf and exp too: for secrets they only inform.
    expect((await send('GET', `/secrets/TestSecret/${version}`)).body).toEqual(set.body);
    expect(audit.facts(lastRequest)).toMatchObject({ operation: 'SecretGet', result: 'Success' });
  });

  it.each([
    ['a slash at the end', '/secrets/TestSecret/'],
    ['double slashes', '//secrets//TestSecret'],
    ['another casing', '/SECRETS/testsecret'],
    ['an escaped query key', '/secrets/TestSecret?api%2Dversion=2025-07-01'],
    ['an escaped name', '/secrets/Test%53ecret'],
  ])('are found under %s', async (_what, path) => {
    await setSecret('TestSecret', 'one');
    const set = await setSecret('TESTSECRET', 'two');
    const got = await send('GET', path);
    expect(got.body.value).toBe('two');
    expect(got.body.id).toBe(set.body.id);
    expect(got.body.id).toContain('/secrets/TestSecret/');
  });

  it('keep their earlier versions', async () => {
    const first = await setSecret('s', 'one');
    await setSecret('s', 'two');
    expect((await send('GET', `/secrets/s/${first.body.id.slice(-32)}`)).body.value).toBe('one');
    const listed = await send('GET', '/secrets/s/versions');
    expect(listed.body.value).toHaveLength(2);
    expect(listed.body.value.map((item: { id: string }) => item.id)).toContain(first.body.id);
    expect(JSON.stringify(listed.body)).not.toContain('one');
  });

  it('update keeps what is not sent and shows no value', async () => {
    await setSecret('s', 'v', { contentType: 'a', tags: { x: '1' }, attributes: { exp: 9 } });
    await clock.advance(5000);
    const updated = await send('PATCH', '/secrets/s/', { body: { tags: { y: '2' }, attributes: { nbf: 3 } } });
    expect(updated.body).toMatchObject({
      contentType: 'a',
      tags: { y: '2' },
      attributes: { nbf: 3, exp: 9, enabled: true },
    });
    expect(updated.body).not.toHaveProperty('value');
    expect(updated.body.attributes.updated - updated.body.attributes.created).toBe(5);
    expect((await send('GET', '/secrets/s')).body.value).toBe('v');
    await send('PATCH', '/secrets/s', { body: { attributes: { exp: null } } });
    expect((await send('GET', '/secrets/s')).body.attributes).not.toHaveProperty('exp');
  });

  it('are unreadable while disabled, also after they were deleted, and can be enabled again', async () => {
    await setSecret('s', 'v', { attributes: { enabled: false } });
    const refused = {
      code: 'Forbidden',
      message: 'Operation get is not allowed on a disabled secret.',
      innererror: { code: 'SecretDisabled' },
    };
    const got = await send('GET', '/secrets/s');
    expect([got.status, got.body.error]).toEqual([403, refused]);
    expect(audit.facts(lastRequest).result).toBe('Forbidden/SecretDisabled');
    await send('DELETE', '/secrets/s');
    expect((await send('GET', '/deletedsecrets/s')).body.error).toEqual(refused);
    await send('POST', '/deletedsecrets/s/recover');
    await send('PATCH', '/secrets/s', { body: { attributes: { enabled: true } } });
    expect((await send('GET', '/secrets/s')).status).toBe(200);
  });

  it('take their verb from X-HTTP-Method of a POST', async () => {
    const set = await send('POST', '/secrets/s', { headers: { 'x-http-method': 'PUT' }, body: { value: 'v' } });
    expect([set.status, set.body.value]).toEqual([200, 'v']);
  });

  it.each<[string, string, string, unknown, string]>([
    [
      'an underscore in the name',
      'PUT',
      '/secrets/a_b',
      { value: 'v' },
      'The request URI contains an invalid name: a_b',
    ],
    [
      'a name of 128 letters',
      'GET',
      `/secrets/${'a'.repeat(128)}`,
      undefined,
      `The request URI contains an invalid name: ${'a'.repeat(128)}`,
    ],
    ['no value', 'PUT', '/secrets/s', {}, 'Property has invalid value\r\nParameter name: value'],
    [
      'a body that is not JSON',
      'PUT',
      '/secrets/s',
      'value=v',
      'The request content was invalid and could not be deserialized: it is not JSON.',
    ],
    [
      'a value of 25,601 bytes',
      'PUT',
      '/secrets/s',
      { value: `${'é'.repeat(12_800)}a` },
      'Secret value must not exceed 25600 bytes',
    ],
    [
      '16 tags',
      'PUT',
      '/secrets/s',
      { value: 'v', tags: Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`t${i}`, ''])) },
      'A maximum of 15 tags can be specified.',
    ],
    [
      'an exp that is text',
      'PUT',
      '/secrets/s',
      { value: 'v', attributes: { exp: 'soon' } },
      'Property has invalid value\r\nParameter name: attributes.exp',
    ],
    ['an empty api-version', 'GET', '/secrets/s?api-version=', undefined, 'api-version must be specified'],
    ['a path without an operation', 'GET', '/secrets/s/v/x', undefined, "Method GET does not allow operation 's/v/x'"],
    [
      'maxresults of 26',
      'GET',
      '/secrets?maxresults=26',
      undefined,
      'invalid value for maxresults: it must be between 1 and 25',
    ],
    ['a skip token of its own', 'GET', '/secrets?$skiptoken=abc', undefined, 'invalid value for $skiptoken'],
  ])('refuse %s with 400 BadParameter', async (_what, method, path, body, message) => {
    const answer = await send(method, path, body === undefined ? {} : { body });
    expect([answer.status, answer.body.error]).toEqual([400, { code: 'BadParameter', message }]);
  });

  it('of exactly 25,600 bytes are stored', async () => {
    expect((await setSecret('s', 'a'.repeat(25_600))).status).toBe(200);
  });

  it.each([
    ['GET', '/secrets/nope', 'nope'],
    ['GET', '/secrets/there/0123456789abcdef0123456789abcdef', 'there/0123456789abcdef0123456789abcdef'],
    ['PATCH', '/secrets/nope', 'nope'],
    ['DELETE', '/secrets/nope', 'nope'],
    ['GET', '/secrets/nope/versions', 'nope'],
  ])('that are not there: %s %s is 404 SecretNotFound', async (method, path, named) => {
    await setSecret('there', 'v');
    const answer = await send(method, path, method === 'PATCH' ? { body: {} } : {});
    expect([answer.status, answer.body.error.code]).toEqual([404, 'SecretNotFound']);
    expect(answer.body.error.message).toContain(`A secret with (name/id) ${named} was not found in this key vault.`);
  });
});

describe('an api-version', () => {
  it.each(['2016-10-01', '7.0', '7.4', '7.6-preview.2', '7.6', '2025-07-01', '2026-04-01', '2025-06-01-preview'])(
    '%s is known',
    async (version) => {
      expect((await send('GET', `/secrets?api-version=${version}`)).status).toBe(200);
    },
  );

  it.each(['1.0', '7', '2019-01-01', 'latest'])('%s is refused', async (version) => {
    const { status, body } = await send('GET', `/secrets?api-version=${version}`);
    expect([status, body.error.code]).toEqual([400, 'BadParameter']);
    expect(body.error.message).toContain(`The specified version (${version}) is not recognized.`);
  });
});

describe('a backup', () => {
  const backUp = async (name: string): Promise<string> => (await send('POST', `/secrets/${name}/backup`)).body.value;
  const restore = (value: string, host = 'kv1.vault.azure.net') =>
    send('POST', '/secrets/restore', { body: { value }, host });

  it('brings all versions into another vault, with their ids, dates, tags and the latest value', async () => {
    vaults.set('kv2', { ...baseVault, name: 'Kv2', armId: baseVault.armId.replace('Kv1', 'Kv2') });
    const first = (await setSecret('Name', 'one', { tags: { a: 'b' } })).body.id.split('/').at(-1);
    await setSecret('Name', 'two', { contentType: 'text', attributes: { nbf: 1, exp: 2 } });
    const latest = (await send('GET', '/secrets/name')).body;

    const restored = await restore(await backUp('NAME'), 'kv2.vault.azure.net');
    expect(restored.status).toBe(200);
    expect(restored.body).toEqual({
      ...latest,
      value: undefined,
      id: latest.id.replace('kv1', 'kv2'),
    });
    const there = (path: string) => send('GET', path, { host: 'kv2.vault.azure.net' });
    expect((await there('/secrets/Name')).body.value).toBe('two');
    expect((await there(`/secrets/Name/${first}`)).body).toMatchObject({ value: 'one', tags: { a: 'b' } });
    expect((await there('/secrets/Name/versions')).body.value).toHaveLength(2);
  });

  it('brings a purged secret back, and never overwrites one', async () => {
    await setSecret('s', 'one');
    const backup = await backUp('s');
    const taken = await restore(backup);
    expect([taken.status, taken.body.error.code]).toEqual([409, 'Conflict']);
    expect(taken.body.error.message).toContain(
      "There was a conflict restoring the secret 'https://kv1.vault.azure.net/secrets/s/",
    );
    await send('DELETE', '/secrets/s');
    const deleted = await restore(backup);
    expect([deleted.status, deleted.body.error.innererror]).toEqual([409, { code: 'ObjectIsDeletedButRecoverable' }]);
    await send('DELETE', '/deletedsecrets/s');
    expect((await restore(backup)).status).toBe(200);
    expect((await send('GET', '/secrets/s')).body.value).toBe('one');
  });

  it('tells nothing of the value', async () => {
    await setSecret('s', 'a very secret value');
    const bytes = Buffer.from(await backUp('s'), 'base64url').toString('latin1');
    expect(bytes).not.toContain('secret value');
  });

  it.each([
    ['nothing', () => ''],
    ['other bytes', () => Buffer.alloc(4728).toString('base64url')],
    ['one with a changed byte', (backup: string) => `${backup.slice(0, -8)}AAAA${backup.slice(-4)}`],
    ['one that was cut', (backup: string) => backup.slice(0, -8)],
  ])('that is %s is refused', async (_what, spoil) => {
    await setSecret('s', 'one');
    const backup = await backUp('s');
    await send('DELETE', '/secrets/s');
    await send('DELETE', '/deletedsecrets/s');
    const { status, body } = await restore(spoil(backup));
    expect([status, body.error.code]).toEqual([400, 'BadParameter']);
  });

  it('from a vault of another subscription is refused', async () => {
    const armId = baseVault.armId.replace(SUBSCRIPTION_ID, OTHER_ID);
    vaults.set('kv2', { ...baseVault, name: 'Kv2', armId });
    await setSecret('s', 'one');
    const { status, body } = await restore(await backUp('s'), 'kv2.vault.azure.net');
    expect([status, body.error.message]).toEqual([400, 'Backup blob contains invalid or corrupt version.']);
  });

  it('of no secret is 404', async () => {
    expect((await send('POST', '/secrets/none/backup')).body.error.code).toBe('SecretNotFound');
  });
});

describe('the network', () => {
  const reach = async (network: Partial<VaultRecord['network']>) => {
    vaults.set('kv1', { ...baseVault, network: { ...baseVault.network, ...network } });
    return send('GET', '/secrets');
  };
  const CALLER = `appid=04b07795-8ddb-461a-bbee-02f9e1bf7b46;oid=${USER.objectId};iss=https://sts.windows.net/${TENANT_ID}/`;

  it('is refused by a firewall that does not name the client', async () => {
    const answer = await reach({ denyByDefault: true, allowedRanges: ['20.1.2.3/32'] });
    expect([answer.status, answer.body.error]).toEqual([
      403,
      {
        code: 'Forbidden',
        message:
          'Client address is not authorized and caller is not a trusted service.\r\nClient address: 127.0.0.1\r\n' +
          `Caller: ${CALLER}\r\nVault: Kv1;location=eastus`,
        innererror: { code: 'ForbiddenByFirewall' },
      },
    ]);
  });

  it('is refused by a vault without public access, whatever its rules', async () => {
    const answer = await reach({ publicAccess: 'Disabled', allowedRanges: ['0.0.0.0/0'] });
    expect([answer.status, answer.body.error.innererror]).toEqual([403, { code: 'ForbiddenByConnection' }]);
    expect(answer.body.error.message).toContain('Public network access is disabled');
  });

  it.each([
    ['a rule for its address', { denyByDefault: true, allowedRanges: ['127.0.0.1/32'] }],
    ['a rule for its range', { denyByDefault: true, allowedRanges: ['20.1.2.3/32', '127.0.0.0/8'] }],
    ['rules that do not count', { denyByDefault: false, allowedRanges: ['20.1.2.3/32'] }],
  ])('lets the client in by %s', async (_what, network) => {
    expect((await reach(network)).status).toBe(200);
  });

  it('is looked at after the token', async () => {
    await reach({ denyByDefault: true });
    expect((await send('GET', '/secrets', { token: null })).status).toBe(401);
  });
});

describe('lists', () => {
  it('come in pages whose links lead to the rest, by the host that was dialled', async () => {
    for (let i = 0; i < 7; i += 1) await setSecret(`s${i}`, 'v');
    const names: string[] = [];
    let path: string | undefined = '/secrets?maxresults=3';
    let pages = 0;
    while (path !== undefined) {
      const page: Awaited<ReturnType<typeof send>> = await send('GET', path);
      pages += 1;
      for (const item of page.body.value) names.push(item.id);
      const link: string | null = page.body.nextLink;
      expect(
        link === null || link.startsWith('https://kv1.vault.azure.net:443/secrets?api-version=7.4&$skiptoken='),
      ).toBe(true);
      path = link?.slice('https://kv1.vault.azure.net:443'.length);
    }
    expect(pages).toBe(3);
    expect(names).toEqual(Array.from({ length: 7 }, (_, i) => `https://kv1.vault.azure.net/secrets/s${i}`));
  });

  it('hold 25 entries unless asked for fewer, and end with a null link', async () => {
    for (let i = 0; i < 26; i += 1) await setSecret(`s${i}`, 'v');
    expect((await send('GET', '/secrets')).body.value).toHaveLength(25);
    expect((await send('GET', '/secrets/s1/versions')).body).toMatchObject({ value: [{}], nextLink: null });
  });
});

describe('a deleted secret', () => {
  const nowSeconds = Date.UTC(2026, 0, 1) / 1000;

  beforeEach(async () => {
    await setSecret('Sec', 'one');
    await setSecret('Sec', 'two');
  });

  it('is gone from the live ones and its name is taken until it is purged', async () => {
    const deleted = await send('DELETE', '/secrets/sec');
    expect(deleted.status).toBe(200);
    expect(deleted.body).toMatchObject({
      recoveryId: 'https://kv1.vault.azure.net/deletedsecrets/Sec',
      deletedDate: nowSeconds,
      scheduledPurgeDate: nowSeconds + 90 * 86_400,
    });
    expect(deleted.body).not.toHaveProperty('value');
    expect((await send('GET', '/secrets/Sec')).status).toBe(404);
    expect((await send('GET', '/secrets')).body.value).toEqual([]);
    expect((await send('GET', '/deletedsecrets')).body.value).toHaveLength(1);
    const again = await setSecret('sec', 'three');
    expect([again.status, again.body.error]).toEqual([
      409,
      {
        code: 'Conflict',
        message:
          'Secret Sec is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.',
        innererror: { code: 'ObjectIsDeletedButRecoverable' },
      },
    ]);
    expect((await send('DELETE', '/deletedsecrets/Sec')).status).toBe(204);
    expect((await send('GET', '/deletedsecrets/Sec')).body.error).toMatchObject({
      code: 'SecretNotFound',
      message: 'Deleted Secret not found: Sec',
    });
    expect((await setSecret('sec', 'three')).status).toBe(200);
    expect((await send('GET', '/secrets/sec/versions')).body.value).toHaveLength(1);
  });

  it('comes back with all its versions', async () => {
    await send('DELETE', '/secrets/Sec');
    expect((await send('POST', '/deletedsecrets/Sec/recover')).status).toBe(200);
    expect((await send('GET', '/secrets/Sec')).body.value).toBe('two');
    expect((await send('GET', '/secrets/Sec/versions')).body.value).toHaveLength(2);
  });

  it('is forgotten when its retention is over', async () => {
    await send('DELETE', '/secrets/Sec');
    await clock.advance(90 * 86_400_000 - 1);
    expect((await send('GET', '/deletedsecrets/Sec')).status).toBe(200);
    await clock.advance(1);
    expect((await send('GET', '/deletedsecrets/Sec')).status).toBe(404);
    expect((await send('GET', '/secrets/Sec')).status).toBe(404);
  });

  it('cannot be purged where the vault has purge protection', async () => {
    vaults.set('kv1', { ...baseVault, purgeProtection: true, softDeleteRetentionDays: 7 });
    expect((await send('DELETE', '/secrets/Sec')).body.attributes).toMatchObject({
      recoveryLevel: 'CustomizedRecoverable',
      recoverableDays: 7,
    });
    const purge = await send('DELETE', '/deletedsecrets/Sec');
    expect([purge.status, purge.body.error.code]).toEqual([403, 'Forbidden']);
    expect((await send('GET', '/deletedsecrets/Sec')).status).toBe(200);
  });
});

describe('access policies', () => {
  const OPERATIONS: [string, string, string, unknown?][] = [
    ['list', 'GET', '/secrets'],
    ['set', 'PUT', '/secrets/s', { value: 'v' }],
    ['get', 'GET', '/secrets/s'],
    ['list', 'GET', '/secrets/s/versions'],
    ['set', 'PATCH', '/secrets/s', {}],
    ['delete', 'DELETE', '/secrets/s'],
    ['list', 'GET', '/deletedsecrets'],
    ['get', 'GET', '/deletedsecrets/s'],
    ['recover', 'POST', '/deletedsecrets/s/recover'],
    ['purge', 'DELETE', '/deletedsecrets/s'],
  ];
  const allow = (secrets: string[], more: object = {}) => {
    vaults.set('kv1', {
      ...baseVault,
      accessPolicies: [{ tenantId: TENANT_ID, objectId: OTHER_ID, permissions: { secrets }, ...more }],
    });
  };

  it.each(OPERATIONS)('want %s for %s %s', async (verb, method, path, body) => {
    const sent: Sent = { token: POD, ...(body === undefined ? {} : { body }) };
    allow(['get', 'list', 'set', 'delete', 'recover', 'purge', 'backup', 'restore'].filter((other) => other !== verb));
    const refused = await send(method, path, sent);
    expect([refused.status, refused.body.error]).toEqual([
      403,
      {
        code: 'Forbidden',
        message: `The user, group or application 'appid=${POD.appid};oid=${OTHER_ID};iss=https://sts.windows.net/${TENANT_ID}/' does not have secrets ${verb} permission on key vault 'Kv1;location=eastus'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287`,
        innererror: { code: 'ForbiddenByPolicy' },
      },
    ]);
    allow([verb.toUpperCase()]);
    expect((await send(method, path, sent)).status).not.toBe(403);
  });

  it('hold for who is in the group that they name', async () => {
    allow(['list']);
    expect((await send('GET', '/secrets', { token: { ...POD, oid: 'a-member' } })).status).toBe(403);
    expect((await send('GET', '/secrets', { token: { ...POD, oid: 'a-member', groups: [OTHER_ID] } })).status).toBe(
      200,
    );
  });

  it('tell nobody without a permission whether a secret exists', async () => {
    allow([]);
    expect((await send('GET', '/secrets/nope', { token: POD })).status).toBe(403);
  });

  it('name the managed identity of the caller', async () => {
    allow([]);
    const answer = await send('GET', '/secrets/s', { token: { ...POD, armId: '/subscriptions/x/y' } });
    expect(answer.body.error.message).toContain(";xmsmirid=/subscriptions/x/y' does not");
  });

  it.each([
    ['another object id', { objectId: USER.objectId }, 403],
    ['another tenant', { tenantId: OTHER_ID }, 403],
    ['another application', { applicationId: OTHER_ID }, 403],
    ['the same application', { applicationId: POD.appid }, 404],
  ])('for %s answer %o with %i', async (_what, more, status) => {
    allow(['get'], more);
    expect((await send('GET', '/secrets/s', { token: POD })).status).toBe(status);
  });
});

describe('a vault with RBAC', () => {
  it('ignores access policies, refuses without a role, and asks for the data action at the right scope', async () => {
    vaults.set('kv1', { ...baseVault, rbac: true });
    const scope = baseVault.armId.toLowerCase();
    const refused = await send('GET', '/secrets/Sec');
    expect(refused.status).toBe(403);
    expect(refused.body.error).toMatchObject({ code: 'Forbidden', innererror: { code: 'ForbiddenByRbac' } });
    expect(refused.body.error.message).toContain(
      "\r\nAction: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'\r\n",
    );
    expect(refused.body.error.message).toContain(`\r\nResource: '${scope}/secrets/sec'\r\n`);

    const asked: string[][] = [];
    roles = (...question) => {
      asked.push(question);
      return true;
    };
    expect((await send('GET', '/secrets')).status).toBe(200);
    expect(asked).toEqual([[USER.objectId, 'Microsoft.KeyVault/vaults/secrets/readMetadata/action', scope]]);
  });
});

it('every answer has the headers of Key Vault, and echoes the client request id', async () => {
  const { headers } = await send('GET', '/secrets', { headers: { 'x-ms-client-request-id': 'abc' } });
  expect(Object.fromEntries(headers)).toMatchObject({
    'cache-control': 'no-cache',
    pragma: 'no-cache',
    expires: '-1',
    'content-type': 'application/json; charset=utf-8',
    'x-ms-keyvault-region': 'eastus',
    'x-ms-client-request-id': 'abc',
    'x-ms-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    'strict-transport-security': 'max-age=31536000;includeSubDomains',
    'x-content-type-options': 'nosniff',
  });
});
