import { createECDH, createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { baseVault, createVaultScene, POD, type VaultScene } from './testing/vault-scene.ts';

let scene: VaultScene;

beforeEach(() => {
  scene = createVaultScene();
});

const create = (name: string, body: object) => scene.send('POST', `/keys/${name}/create`, { body });

/** A JWK of Key Vault as node:crypto reads it. */
function publicKeyOf(jwk: JsonWebKey) {
  const crv = jwk.crv === 'P-256K' ? 'secp256k1' : jwk.crv;
  return createPublicKey({ key: { ...jwk, kty: jwk.kty?.replace('-HSM', ''), crv } as JsonWebKey, format: 'jwk' });
}

const RSA_OPERATIONS = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'];

describe('keys', () => {
  it('are RSA of 2048 bits for all uses unless told otherwise, and show their public part only', async () => {
    const created = await create('Key1', { kty: 'RSA', tags: { a: 'b' }, attributes: { exp: 4_000_000_000 } });
    expect(created.status).toBe(200);
    const now = Date.UTC(2026, 0, 1) / 1000;
    expect(created.body).toEqual({
      key: {
        kid: expect.stringMatching(/^https:\/\/kv1\.vault\.azure\.net\/keys\/Key1\/[0-9a-f]{32}$/),
        kty: 'RSA',
        key_ops: RSA_OPERATIONS,
        n: expect.any(String),
        e: 'AQAB',
      },
      attributes: {
        enabled: true,
        exp: 4_000_000_000,
        created: now,
        updated: now,
        recoveryLevel: 'Recoverable+Purgeable',
        recoverableDays: 90,
        exportable: false,
        hsmPlatform: '0',
      },
      tags: { a: 'b' },
    });
    expect(publicKeyOf(created.body.key).asymmetricKeyDetails).toMatchObject({
      modulusLength: 2048,
      publicExponent: 65_537n,
    });
    expect((await scene.send('GET', '/keys/key1')).body).toEqual(created.body);
    expect(scene.audit.facts(scene.lastRequest)).toMatchObject({ operation: 'KeyGet', result: 'Success' });
  });

  it.each([
    [{ kty: 'RSA', key_size: 3072 }, { modulusLength: 3072 }],
    [
      { kty: 'rsa', public_exponent: 3 },
      { modulusLength: 2048, publicExponent: 3n },
    ],
    [{ kty: 'EC' }, { namedCurve: 'prime256v1' }],
    [{ kty: 'EC', crv: 'P-256K' }, { namedCurve: 'secp256k1' }],
    [{ kty: 'EC', crv: 'P-384' }, { namedCurve: 'secp384r1' }],
    [{ kty: 'EC', crv: 'P-521' }, { namedCurve: 'secp521r1' }],
  ])('are what %j asks for', async (body, details) => {
    const { key } = (await create('k', body)).body;
    expect(publicKeyOf(key).asymmetricKeyDetails).toMatchObject(details);
    expect(key.key_ops).toEqual(key.kty === 'EC' ? ['sign', 'verify'] : RSA_OPERATIONS);
  });

  it.each([
    [{ kty: 'DSA' }, 'kty'],
    [{}, 'kty'],
    [{ kty: 'oct' }, 'kty'],
    [{ kty: 'RSA', key_size: 1024 }, 'key_size'],
    [{ kty: 'RSA', key_size: 'big' }, 'key_size'],
    [{ kty: 'RSA', public_exponent: 4 }, 'public_exponent'],
    [{ kty: 'EC', crv: 'P-999' }, 'crv'],
    [{ kty: 'EC', key_ops: ['encrypt'] }, 'key_ops'],
    [{ kty: 'RSA', key_ops: ['fly'] }, 'key_ops'],
  ])('are not made of %j', async (body, property) => {
    const refused = await create('k', body);
    expect([refused.status, refused.body.error.code]).toEqual([400, 'BadParameter']);
    expect(refused.body.error.message).toContain(`Parameter name: ${property}`);
    expect((await scene.send('GET', '/keys')).body.value).toEqual([]);
  });

  it('are in hardware in premium vaults only', async () => {
    expect((await create('k', { kty: 'EC-HSM' })).body.error.message).toBe(
      'Hardware key operation not allowed on standard vault',
    );
    scene.vaults.set('kv1', { ...baseVault, sku: 'premium' });
    const made = await create('k', { kty: 'EC-HSM' });
    expect(made.body).toMatchObject({ key: { kty: 'EC-HSM' }, attributes: { hsmPlatform: '2' } });
  });

  it('have versions, of which the latest one is meant when none is named', async () => {
    const first = await create('k', { kty: 'EC' });
    const second = await create('K', { kty: 'EC' });
    expect((await scene.send('GET', '/keys/k/')).body).toEqual(second.body);
    expect((await scene.send('GET', `/keys/k/${first.body.key.kid.slice(-32)}`)).body).toEqual(first.body);
    const listed = (await scene.send('GET', '/keys/k/versions')).body.value.map(({ kid }: { kid: string }) => kid);
    expect(new Set(listed)).toEqual(new Set([first.body.key.kid, second.body.key.kid]));
    expect((await scene.send('GET', '/keys')).body.value).toMatchObject([
      { kid: 'https://kv1.vault.azure.net/keys/k' },
    ]);
    expect((await scene.send('GET', `/keys/k/${'0'.repeat(32)}`)).body.error.code).toBe('KeyNotFound');
  });

  it('get a version more, of the same kind, when they are rotated', async () => {
    const before = await create('k', { kty: 'EC', crv: 'P-384', key_ops: ['sign'], tags: { a: 'b' } });
    const rotated = await scene.send('POST', '/keys/k/rotate');
    expect(rotated.body).toMatchObject({ key: { kty: 'EC', crv: 'P-384', key_ops: ['sign'] }, tags: { a: 'b' } });
    expect(rotated.body.key.x).not.toBe(before.body.key.x);
    expect((await scene.send('GET', '/keys/k')).body).toEqual(rotated.body);
  });

  it('are updated in what is sent, and can be read while they are disabled', async () => {
    const made = await create('k', { kty: 'RSA', attributes: { exp: 9 } });
    const body = { key_ops: ['sign', 'verify'], tags: { x: 'y' }, attributes: { enabled: false } };
    const updated = await scene.send('PATCH', `/keys/k/${made.body.key.kid.slice(-32)}`, { body });
    expect(updated.body).toMatchObject({
      key: { key_ops: ['sign', 'verify'], n: made.body.key.n },
      attributes: { enabled: false, exp: 9 },
      tags: { x: 'y' },
    });
    expect((await scene.send('GET', '/keys/k')).body).toEqual(updated.body);
  });

  it('are deleted softly, come back with all versions, and can be purged', async () => {
    const made = await create('k', { kty: 'EC' });
    const deleted = await scene.send('DELETE', '/keys/k');
    expect(deleted.body).toMatchObject({
      key: made.body.key,
      recoveryId: 'https://kv1.vault.azure.net/deletedkeys/k',
      deletedDate: expect.any(Number),
    });
    expect((await scene.send('GET', '/deletedkeys')).body.value).toMatchObject([
      { kid: 'https://kv1.vault.azure.net/keys/k', recoveryId: deleted.body.recoveryId },
    ]);
    expect((await create('k', { kty: 'EC' })).body.error.innererror.code).toBe('ObjectIsDeletedButRecoverable');
    await scene.send('POST', '/deletedkeys/k/recover');
    expect((await scene.send('GET', '/keys/k')).body).toEqual(made.body);
    await scene.send('DELETE', '/keys/k');
    expect((await scene.send('DELETE', '/deletedkeys/k')).status).toBe(204);
    expect((await scene.send('GET', '/deletedkeys/k')).body.error.message).toBe('Deleted Key not found: k');
  });

  it('come back from a backup', async () => {
    const made = await create('k', { kty: 'EC' });
    const { value } = (await scene.send('POST', '/keys/k/backup')).body;
    await scene.send('DELETE', '/keys/k');
    await scene.send('DELETE', '/deletedkeys/k');
    expect((await scene.send('POST', '/keys/restore', { body: { value } })).body).toEqual(made.body);
    expect((await scene.send('POST', '/secrets/restore', { body: { value } })).status).toBe(400);
  });

  it.each(['sign', 'verify', 'encrypt', 'decrypt', 'wrapkey', 'unwrapkey'])(
    'do not %s yet, and say so to those who may',
    async (operation) => {
      const answer = await scene.send('POST', `/keys/k//${operation}`, { body: {} });
      expect([answer.status, answer.body.error.code]).toEqual([501, 'NotImplemented']);
      const versioned = await scene.send('POST', `/keys/k/${'0'.repeat(32)}/${operation}`, { body: {}, token: POD });
      expect(versioned.status).toBe(403);
    },
  );

  it('have the rotation policy of a key that was never given one', async () => {
    await create('k', { kty: 'EC' });
    expect((await scene.send('GET', '/keys/k/rotationpolicy')).body).toMatchObject({
      id: 'https://kv1.vault.azure.net/keys/k/rotationpolicy',
      lifetimeActions: [{ trigger: { timeBeforeExpiry: 'P30D' }, action: { type: 'Notify' } }],
    });
  });

  it.each([
    ['GET', '/keys', 'keys list', 'keys/read'],
    ['GET', '/keys/k', 'keys get', 'keys/read'],
    ['POST', '/keys/k/create', 'keys create', 'keys/create/action'],
    ['PUT', '/keys/k', 'keys import', 'keys/import/action'],
    ['PATCH', '/keys/k', 'keys update', 'keys/update/action'],
    ['DELETE', '/keys/k', 'keys delete', 'keys/delete'],
    ['POST', '/keys/k/rotate', 'keys rotate', 'keys/rotate/action'],
    ['GET', '/deletedkeys/k', 'keys get', 'keys/read'],
    ['DELETE', '/deletedkeys/k', 'keys purge', 'keys/purge/action'],
    ['GET', '/keys/k/rotationpolicy', 'keys getrotationpolicy', 'keyrotationpolicies/read'],
  ])('%s %s takes the permission %s, or %s', async (method, path, permission, dataAction) => {
    const { byPolicy, byRole } = await scene.refusals(method, path);
    expect(byPolicy).toContain(`does not have ${permission} permission`);
    expect(byRole).toContain(`Action: 'Microsoft.KeyVault/vaults/${dataAction}'`);
  });
});

describe('an imported key', () => {
  const importKey = (key: object, more: object = {}) => scene.send('PUT', '/keys/k', { body: { key, ...more } });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
  const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
  const ec = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey.export({ format: 'jwk' });

  it.each([
    ['RSA', rsa, { kty: 'RSA', n: rsa.n, e: rsa.e }],
    ['EC, with the curve named as the standard does', ec, { kty: 'EC', crv: 'P-256K', x: ec.x, y: ec.y }],
    ['EC, with the curve named as Key Vault does', { ...ec, crv: 'P-256K' }, { kty: 'EC', crv: 'P-256K', x: ec.x }],
  ])('is the one that was sent: %s', async (_what, sent, key) => {
    const imported = await importKey({ ...sent, key_ops: ['sign'] }, { tags: { a: 'b' } });
    expect(imported.body).toMatchObject({ key: { ...key, key_ops: ['sign'] }, tags: { a: 'b' } });
    expect((await scene.send('GET', '/keys/k')).body).toEqual(imported.body);
    const text = JSON.stringify(imported.body);
    const privateParts = Object.entries(sent).filter(([name]) => ['d', 'p', 'q', 'dp', 'dq', 'qi'].includes(name));
    expect(privateParts.filter(([, value]) => text.includes(String(value)))).toEqual([]);
  });

  it('may lack the leading zeros of its numbers, as those of az do', async () => {
    // The first of the private numbers 1, 2, 3, … whose public x begins with a zero.
    const ecdh = createECDH('prime256v1');
    let point = Buffer.alloc(0);
    let number = 0;
    while (point[1] !== 0) {
      number += 1;
      ecdh.setPrivateKey(Buffer.from(number.toString(16).padStart(64, '0'), 'hex'));
      point = ecdh.getPublicKey();
    }
    const [x, y] = [point.subarray(1, 33), point.subarray(33)];
    const d = Buffer.from([number >> 8, number & 0xff]);
    const sent = { x: x.subarray(1), y, d };
    const parts = Object.fromEntries(Object.entries(sent).map(([name, bytes]) => [name, bytes.toString('base64url')]));
    expect((await importKey({ kty: 'EC', crv: 'P-256', ...parts })).body.key.x).toBe(x.toString('base64url'));
  });

  it.each([
    ['of another type', { kty: 'oct', k: 'AAAA' }],
    ['without its private part', { kty: 'RSA', n: rsa.n, e: rsa.e }],
    ['whose parts do not belong together', { ...rsa, n: otherRsa.n }],
    ['whose point is not on the curve', { ...ec, x: ec.y }],
    ['of an unknown curve', { ...ec, crv: 'P-999' }],
    ['with a number that is none', { ...ec, d: '***' }],
    ['that is a text', 'text' as unknown as object],
  ])('%s is refused', async (_what, key) => {
    const refused = await importKey(key);
    expect([refused.status, refused.body.error.code]).toEqual([400, 'BadParameter']);
  });

  it('of a size that Key Vault does not have is refused', async () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ format: 'jwk' });
    expect((await importKey(small)).status).toBe(400);
  });

  it('goes into hardware in premium vaults only', async () => {
    expect((await importKey(ec, { Hsm: true })).status).toBe(400);
    scene.vaults.set('kv1', { ...baseVault, sku: 'premium' });
    expect((await importKey(ec, { Hsm: true })).body.key.kty).toBe('EC-HSM');
  });
});
