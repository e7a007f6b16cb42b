import { beforeEach, describe, expect, it } from 'vitest';
import { createVaultScene, type VaultScene, VERSION } from './testing/vault-scene.ts';

let scene: VaultScene;

beforeEach(() => {
  scene = createVaultScene();
});

describe('secrets', () => {
  it('come back as they were set, under the host that was dialled', async () => {
    const sent = { contentType: 'text/plain', tags: { a: 'b' }, attributes: { nbf: 10, exp: 20 } };
    const set = await scene.setSecret('TestSecret', 'hello', sent);
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
    expect((await scene.send('GET', `/secrets/TestSecret/${version}`)).body).toEqual(set.body);
    expect(scene.audit.facts(scene.lastRequest)).toMatchObject({ operation: 'SecretGet', result: 'Success' });
  });

  it.each([
    ['a slash at the end', '/secrets/TestSecret/'],
    ['double slashes', '//secrets//TestSecret'],
    ['another casing', '/SECRETS/testsecret'],
    ['an escaped query key', '/secrets/TestSecret?api%2Dversion=2025-07-01'],
    ['an escaped name', '/secrets/Test%53ecret'],
  ])('are found under %s', async (_what, path) => {
    await scene.setSecret('TestSecret', 'one');
    const set = await scene.setSecret('TESTSECRET', 'two');
    const got = await scene.send('GET', path);
    expect(got.body.value).toBe('two');
    expect(got.body.id).toBe(set.body.id);
    expect(got.body.id).toContain('/secrets/TestSecret/');
  });

  it('keep their earlier versions', async () => {
    const first = await scene.setSecret('s', 'one');
    await scene.setSecret('s', 'two');
    expect((await scene.send('GET', `/secrets/s/${first.body.id.slice(-32)}`)).body.value).toBe('one');
    const listed = await scene.send('GET', '/secrets/s/versions');
    expect(listed.body.value).toHaveLength(2);
    expect(listed.body.value.map((item: { id: string }) => item.id)).toContain(first.body.id);
    expect(JSON.stringify(listed.body)).not.toContain('one');
  });

  it('update keeps what is not sent and shows no value', async () => {
    await scene.setSecret('s', 'v', { contentType: 'a', tags: { x: '1' }, attributes: { exp: 9 } });
    await scene.clock.advance(5000);
    const updated = await scene.send('PATCH', '/secrets/s/', { body: { tags: { y: '2' }, attributes: { nbf: 3 } } });
    expect(updated.body).toMatchObject({
      contentType: 'a',
      tags: { y: '2' },
      attributes: { nbf: 3, exp: 9, enabled: true },
    });
    expect(updated.body).not.toHaveProperty('value');
    expect(updated.body.attributes.updated - updated.body.attributes.created).toBe(5);
    expect((await scene.send('GET', '/secrets/s')).body.value).toBe('v');
    await scene.send('PATCH', '/secrets/s', { body: { attributes: { exp: null } } });
    expect((await scene.send('GET', '/secrets/s')).body.attributes).not.toHaveProperty('exp');
  });

  it('are unreadable while disabled, also after they were deleted, and can be enabled again', async () => {
    await scene.setSecret('s', 'v', { attributes: { enabled: false } });
    const refused = {
      code: 'Forbidden',
      message: 'Operation get is not allowed on a disabled secret.',
      innererror: { code: 'SecretDisabled' },
    };
    const got = await scene.send('GET', '/secrets/s');
    expect([got.status, got.body.error]).toEqual([403, refused]);
    expect(scene.audit.facts(scene.lastRequest).result).toBe('Forbidden/SecretDisabled');
    await scene.send('DELETE', '/secrets/s');
    expect((await scene.send('GET', '/deletedsecrets/s')).body.error).toEqual(refused);
    await scene.send('POST', '/deletedsecrets/s/recover');
    await scene.send('PATCH', '/secrets/s', { body: { attributes: { enabled: true } } });
    expect((await scene.send('GET', '/secrets/s')).status).toBe(200);
  });

  it('take their verb from X-HTTP-Method of a POST', async () => {
    const set = await scene.send('POST', '/secrets/s', { headers: { 'x-http-method': 'PUT' }, body: { value: 'v' } });
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
    const answer = await scene.send(method, path, body === undefined ? {} : { body });
    expect([answer.status, answer.body.error]).toEqual([400, { code: 'BadParameter', message }]);
  });

  it('of exactly 25,600 bytes are stored', async () => {
    expect((await scene.setSecret('s', 'a'.repeat(25_600))).status).toBe(200);
  });

  it.each([
    ['GET', '/secrets/nope', 'nope'],
    ['GET', '/secrets/there/0123456789abcdef0123456789abcdef', 'there/0123456789abcdef0123456789abcdef'],
    ['PATCH', '/secrets/nope', 'nope'],
    ['DELETE', '/secrets/nope', 'nope'],
    ['GET', '/secrets/nope/versions', 'nope'],
  ])('that are not there: %s %s is 404 SecretNotFound', async (method, path, named) => {
    await scene.setSecret('there', 'v');
    const answer = await scene.send(method, path, method === 'PATCH' ? { body: {} } : {});
    expect([answer.status, answer.body.error.code]).toEqual([404, 'SecretNotFound']);
    expect(answer.body.error.message).toContain(`A secret with (name/id) ${named} was not found in this key vault.`);
  });
});

describe('lists', () => {
  it('come in pages whose links lead to the rest, by the host that was dialled', async () => {
    for (let i = 0; i < 7; i += 1) await scene.setSecret(`s${i}`, 'v');
    const names: string[] = [];
    let path: string | undefined = '/secrets?maxresults=3';
    let pages = 0;
    while (path !== undefined) {
      const page: Awaited<ReturnType<VaultScene['send']>> = await scene.send('GET', path);
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
    for (let i = 0; i < 26; i += 1) await scene.setSecret(`s${i}`, 'v');
    expect((await scene.send('GET', '/secrets')).body.value).toHaveLength(25);
    expect((await scene.send('GET', '/secrets/s1/versions')).body).toMatchObject({ value: [{}], nextLink: null });
  });
});
