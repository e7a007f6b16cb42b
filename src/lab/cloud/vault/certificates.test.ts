import 'reflect-metadata';
import { createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import * as x509 from '@peculiar/x509';
import forge from 'node-forge';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createVaultScene, type VaultScene } from './testing/vault-scene.ts';

let scene: VaultScene;

beforeEach(() => {
  scene = createVaultScene();
});

const NOW = Date.UTC(2026, 0, 1) / 1000;
const PEM_TYPE = 'application/x-pem-file';

/** A policy of a certificate that the vault signs itself; elliptic, since those are made at once. */
const selfSigned = (more: object = {}) => ({
  issuer: { name: 'Self' },
  key_props: { kty: 'EC' },
  x509_props: { subject: 'CN=example.com' },
  ...more,
});

const create = (name: string, policy: object, more: object = {}) =>
  scene.send('POST', `/certificates/${name}/create`, { body: { policy, ...more } });
const importIt = (name: string, body: object) => scene.send('POST', `/certificates/${name}/import`, { body });
const get = async (path: string) => (await scene.send('GET', path)).body;
const certificateOf = (bundle: { cer: string }) => new X509Certificate(Buffer.from(bundle.cer, 'base64'));
const pemBlocks = (text: string) => text.match(/-----BEGIN [\s\S]*?-----END [A-Z ]+-----\n/g) ?? [];

/** What OpenSSL, which is in Node, reads out of a PKCS#12 file with an empty password. */
function openedPfx(value: string) {
  const { context } = createSecureContext({ pfx: Buffer.from(value, 'base64'), passphrase: '' }) as unknown as {
    readonly context: { getCertificate(): Buffer };
  };
  return { certificate: context.getCertificate() };
}

describe('a certificate that the vault signs itself', () => {
  it('is asked for, and is there with its key and its secret when the request says so', async () => {
    const policy = { issuer: { name: 'Self' }, x509_props: { subject: 'CN=*.example.com' } };
    const created = await create('Cert1', policy, { tags: { a: 'b' } });
    expect(created.status).toBe(202);
    expect(created.body).toEqual({
      id: 'https://kv1.vault.azure.net/certificates/Cert1/pending',
      issuer: { name: 'Self' },
      csr: expect.any(String),
      cancellation_requested: false,
      status: 'inProgress',
      status_details: expect.stringContaining('Pending certificate created. Certificate request is in progress.'),
      request_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(created.headers.get('location')).toBe(
      `https://kv1.vault.azure.net/certificates/Cert1/pending?api-version=7.4&request_id=${created.body.request_id}`,
    );
    const { status_details: _details, ...operation } = created.body;
    expect(await get('/certificates/cert1/pending')).toEqual({
      ...operation,
      status: 'completed',
      target: 'https://kv1.vault.azure.net/certificates/Cert1',
    });

    const bundle = await get('/certificates/cert1');
    const version = bundle.id.slice(-32);
    expect(bundle).toMatchObject({
      id: `https://kv1.vault.azure.net/certificates/Cert1/${version}`,
      kid: `https://kv1.vault.azure.net/keys/Cert1/${version}`,
      sid: `https://kv1.vault.azure.net/secrets/Cert1/${version}`,
      attributes: { enabled: true, nbf: NOW - 600, exp: Date.UTC(2027, 0, 1) / 1000, created: NOW, updated: NOW },
      tags: { a: 'b' },
      // As recorded for a policy with a subject and an issuer only.
      policy: {
        id: 'https://kv1.vault.azure.net/certificates/Cert1/policy',
        key_props: { exportable: true, kty: 'RSA', key_size: 2048, reuse_key: false },
        secret_props: { contentType: 'application/x-pkcs12' },
        x509_props: {
          subject: 'CN=*.example.com',
          ekus: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
          key_usage: ['digitalSignature', 'keyEncipherment'],
          validity_months: 12,
          basic_constraints: { ca: false },
        },
        lifetime_actions: [{ trigger: { lifetime_percentage: 80 }, action: { action_type: 'AutoRenew' } }],
        issuer: { name: 'Self' },
        attributes: { enabled: true, created: NOW, updated: NOW },
      },
    });
    const certificate = certificateOf(bundle);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(Buffer.from(bundle.x5t, 'base64url').toString('hex')).toBe(
      certificate.fingerprint.replaceAll(':', '').toLowerCase(),
    );

    const { key } = await get('/keys/cert1');
    expect(key).toMatchObject({ kid: bundle.kid, kty: 'RSA', key_ops: ['sign', 'verify', 'wrapKey', 'unwrapKey'] });
    expect(createPublicKey({ key, format: 'jwk' }).equals(certificate.publicKey)).toBe(true);
    const secret = await get(`/secrets/cert1/${version}`);
    expect(secret).toMatchObject({
      id: bundle.sid,
      kid: bundle.kid,
      managed: true,
      contentType: 'application/x-pkcs12',
      attributes: { nbf: NOW - 600 },
    });
    expect(openedPfx(secret.value).certificate.equals(certificate.raw)).toBe(true);
  });

  it.each([
    [{ kty: 'RSA', key_size: 3072 }, { modulusLength: 3072 }],
    [{ kty: 'EC' }, { namedCurve: 'prime256v1' }],
    [{ crv: 'P-256K' }, { namedCurve: 'secp256k1' }],
    [{ kty: 'EC', crv: 'P-384' }, { namedCurve: 'secp384r1' }],
    [{ kty: 'EC', crv: 'P-521' }, { namedCurve: 'secp521r1' }],
  ])('has a key of %j, in PKCS#12 and in PEM', async (key_props, details) => {
    await create('pfx', selfSigned({ key_props }));
    await create('pem', selfSigned({ key_props, secret_props: { contentType: PEM_TYPE } }));
    const [ofPfx, ofPem] = [
      certificateOf(await get('/certificates/pfx')),
      certificateOf(await get('/certificates/pem')),
    ];
    expect(ofPfx.publicKey.asymmetricKeyDetails).toMatchObject(details);
    expect(ofPfx.verify(ofPfx.publicKey)).toBe(true);
    expect(openedPfx((await get('/secrets/pfx')).value).certificate.equals(ofPfx.raw)).toBe(true);
    const [key = '', leaf = '', ...rest] = pemBlocks((await get('/secrets/pem')).value);
    expect(rest).toEqual([]);
    expect(ofPem.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(new X509Certificate(leaf).raw.equals(ofPem.raw)).toBe(true);
  });

  it('says what its policy says', async () => {
    const x509_props = {
      subject: 'CN=example.com, O=Ex\\, Ltd',
      sans: { dns_names: ['example.com', '*.example.org'], emails: ['me@example.com'], upns: ['me@corp'] },
      ekus: ['1.3.6.1.5.5.7.3.3'],
      key_usage: ['digitalSignature', 'keyCertSign'],
      validity_months: 1,
      basic_constraints: { ca: true },
    };
    await scene.clock.advance(30 * 86_400_000);
    await create('c', selfSigned({ x509_props }));
    const bundle = await get('/certificates/c');
    expect(bundle.policy.x509_props).toEqual(x509_props);
    const certificate = certificateOf(bundle);
    expect(certificate.subject).toBe('CN=example.com\nO=Ex\\, Ltd');
    expect(certificate.subjectAltName).toBe(
      'DNS:example.com, DNS:*.example.org, email:me@example.com, othername:UPN:me@corp',
    );
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.3']);
    expect(certificate.ca).toBe(true);
    // A month after the last of January is the last of February.
    expect(bundle.attributes.exp).toBe(Date.UTC(2026, 1, 28) / 1000);
    expect((await get('/keys/c')).key.key_ops).toEqual(['sign', 'verify']);
  });

  it('keeps its private key in the vault when it is not exportable', async () => {
    const key_props = { kty: 'EC', exportable: false };
    await create('pem', selfSigned({ key_props, secret_props: { contentType: PEM_TYPE } }));
    const blocks = pemBlocks((await get('/secrets/pem')).value);
    expect(blocks.map((block) => block.split('\n', 1)[0])).toEqual(['-----BEGIN CERTIFICATE-----']);
    await create('pfx', selfSigned({ key_props }));
    const file = forge.asn1.fromDer(forge.util.decode64((await get('/secrets/pfx')).value));
    // The certificates, and nothing beside them.
    expect(forge.pkcs12.pkcs12FromAsn1(file, '').safeContents).toHaveLength(1);
  });

  it('gets versions by its own policy, with its key where that is to be used again', async () => {
    await create('c', selfSigned({ key_props: { kty: 'EC', reuse_key: true } }));
    const first = await get('/certificates/c');
    await scene.send('POST', '/certificates/c/create', { body: {} });
    const second = await get('/certificates/c');
    expect(second.policy.x509_props).toEqual(first.policy.x509_props);
    expect(second.id).not.toBe(first.id);
    expect(certificateOf(second).publicKey.equals(certificateOf(first).publicKey)).toBe(true);
    await scene.send('PATCH', '/certificates/c/policy', { body: { key_props: { reuse_key: false } } });
    await scene.send('POST', '/certificates/c/create', { body: {} });
    const third = await get('/certificates/c');
    expect(certificateOf(third).publicKey.equals(certificateOf(first).publicKey)).toBe(false);
    for (const [path, count] of [
      ['/certificates/c/versions', 3],
      ['/secrets/c/versions', 3],
      ['/keys/c/versions', 3],
    ] as const) {
      expect((await get(path)).value).toHaveLength(count);
    }
    expect((await get(`/secrets/c/${first.id.slice(-32)}`)).id).toBe(first.sid);
  });

  it.each([
    ['no policy', undefined, 'x509_props.subject'],
    ['no subject', { issuer: { name: 'Self' } }, 'x509_props.subject'],
    ['a subject that is no name', selfSigned({ x509_props: { subject: 'example.com' } }), 'x509_props.subject'],
    ['an impossible size', selfSigned({ key_props: { kty: 'RSA', key_size: 1024 } }), 'key_props.key_size'],
    ['an impossible type', selfSigned({ key_props: { kty: 'oct' } }), 'key_props.kty'],
    ['another content type', selfSigned({ secret_props: { contentType: 'text/plain' } }), 'secret_props.contentType'],
    ['no time', selfSigned({ x509_props: { subject: 'CN=a', validity_months: 0 } }), 'x509_props.validity_months'],
    ['an unknown usage', selfSigned({ x509_props: { subject: 'CN=a', key_usage: ['fly'] } }), 'x509_props.key_usage'],
  ])('is not made by a policy with %s', async (_what, policy, property) => {
    const refused = await scene.send('POST', '/certificates/c/create', { body: { policy } });
    expect([refused.status, refused.body.error.code]).toEqual([400, 'BadParameter']);
    expect(refused.body.error.message).toContain(`Parameter name: policy.${property}`);
    expect((await get('/certificates')).value).toEqual([]);
  });

  it('is not made by an issuer that nobody told the vault of', async () => {
    const refused = await create('c', selfSigned({ issuer: { name: 'DigiCert' } }));
    expect([refused.status, refused.body.error.code]).toEqual([404, 'CertificateIssuerNotFound']);
  });
});

describe('the key and the secret of a certificate', () => {
  beforeEach(async () => {
    await create('c', selfSigned());
  });

  it('are listed as managed, among those of their own', async () => {
    await scene.setSecret('alone', 'v');
    expect((await get('/secrets')).value).toMatchObject([
      { id: 'https://kv1.vault.azure.net/secrets/alone' },
      { id: 'https://kv1.vault.azure.net/secrets/c', managed: true, contentType: 'application/x-pkcs12' },
    ]);
    expect((await get('/secrets')).value[0]).not.toHaveProperty('managed');
    expect((await get('/keys')).value).toMatchObject([{ kid: 'https://kv1.vault.azure.net/keys/c', managed: true }]);
  });

  it.each([
    ['PUT', '/secrets/c', { value: 'v' }, 'set', 'Secret'],
    ['PATCH', '/secrets/c', { tags: {} }, 'update', 'Secret'],
    ['DELETE', '/secrets/c', undefined, 'delete', 'Secret'],
    ['POST', '/secrets/c/backup', undefined, 'backup', 'Secret'],
    ['POST', '/keys/c/create', { kty: 'EC' }, 'create', 'Key'],
    ['POST', '/keys/c/rotate', undefined, 'rotate', 'Key'],
    ['PATCH', '/keys/c', { tags: {} }, 'update', 'Key'],
    ['DELETE', '/keys/c', undefined, 'delete', 'Key'],
  ])('are not changed on their own: %s %s', async (method, path, body, operation, kind) => {
    const refused = await scene.send(method, path, body === undefined ? {} : { body });
    expect([refused.status, refused.body.error]).toEqual([
      403,
      {
        code: 'Forbidden',
        message: `Operation "${operation}" is not allowed as this object's lifetime is managed by Key Vault.`,
        innererror: { code: `${kind}ManagedByKeyVault` },
      },
    ]);
  });

  it('are disabled with it', async () => {
    await scene.send('PATCH', '/certificates/c', { body: { attributes: { enabled: false }, tags: { x: 'y' } } });
    expect(await get('/certificates/c')).toMatchObject({ attributes: { enabled: false }, tags: { x: 'y' } });
    expect((await get('/secrets/c')).error.innererror.code).toBe('SecretDisabled');
    expect((await get('/keys/c')).attributes.enabled).toBe(false);
  });

  it('go and come back with it, and are not among the deleted ones themselves', async () => {
    const before = await get('/secrets/c');
    const deleted = await scene.send('DELETE', '/certificates/c');
    expect(deleted.body).toMatchObject({
      recoveryId: 'https://kv1.vault.azure.net/deletedcertificates/c',
      policy: { issuer: { name: 'Self' } },
      scheduledPurgeDate: NOW + 90 * 86_400,
    });
    for (const path of ['/secrets/c', '/keys/c', '/certificates/c', '/certificates/c/pending']) {
      expect((await scene.send('GET', path)).status).toBe(404);
    }
    expect((await get('/deletedsecrets')).value).toEqual([]);
    expect((await get('/deletedkeys')).value).toEqual([]);
    expect((await scene.send('GET', '/deletedsecrets/c')).status).toBe(404);
    // Their names are held all the same.
    expect((await scene.setSecret('c', 'v')).body.error.innererror.code).toBe('ObjectIsDeletedButRecoverable');
    expect((await scene.send('POST', '/keys/c/create', { body: { kty: 'EC' } })).status).toBe(409);
    expect((await get('/deletedcertificates')).value).toMatchObject([{ recoveryId: deleted.body.recoveryId }]);
    expect((await create('c', selfSigned())).body.error.message).toContain(
      'Certificate c is currently in a deleted but recoverable state',
    );
    await scene.send('POST', '/deletedcertificates/c/recover');
    expect(await get('/secrets/c')).toEqual(before);
    await scene.send('DELETE', '/certificates/c');
    expect((await scene.send('DELETE', '/deletedcertificates/c')).status).toBe(204);
    expect((await create('c', selfSigned())).status).toBe(202);
  });

  it.each([
    ['a secret', async () => scene.setSecret('taken', 'v')],
    ['a key', async () => scene.send('POST', '/keys/taken/create', { body: { kty: 'EC' } })],
    [
      'a secret that was deleted',
      async () => {
        await scene.setSecret('taken', 'v');
        await scene.send('DELETE', '/secrets/taken');
      },
    ],
  ])('need a name that is not that of %s', async (_what, take) => {
    await take();
    const refused = await create('taken', selfSigned());
    expect([refused.status, refused.body.error.code]).toEqual([409, 'Conflict']);
  });
});

describe('an imported certificate', () => {
  let authority: { key: webcrypto.CryptoKeyPair; certificate: x509.X509Certificate };
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keyPem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  let leaf: x509.X509Certificate;
  let selfMade: x509.X509Certificate;

  beforeAll(async () => {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const key = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    authority = {
      key,
      certificate: await x509.X509CertificateGenerator.createSelfSigned({
        name: 'CN=Authority',
        keys: key,
        signingAlgorithm: algorithm,
      }),
    };
    const rsaAlgorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
    const importKey = (format: 'pkcs8' | 'spki', data: Buffer, use: 'sign' | 'verify') =>
      webcrypto.subtle.importKey(format, data, rsaAlgorithm, true, [use]);
    selfMade = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=self.example',
      keys: {
        privateKey: await importKey('pkcs8', rsa.privateKey.export({ type: 'pkcs8', format: 'der' }), 'sign'),
        publicKey: await importKey('spki', rsa.publicKey.export({ type: 'spki', format: 'der' }), 'verify'),
      },
      signingAlgorithm: rsaAlgorithm,
    });
    leaf = await issue(rsa.publicKey.export({ type: 'spki', format: 'der' }));
  });

  /** A certificate of the authority, for two years. */
  function issue(spki: Buffer): Promise<x509.X509Certificate> {
    return x509.X509CertificateGenerator.create({
      subject: 'CN=leaf.example, O=Example',
      issuer: authority.certificate.subject,
      publicKey: new x509.PublicKey(spki),
      signingKey: authority.key.privateKey,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      notBefore: new Date('2026-01-01T00:00:00Z'),
      notAfter: new Date('2028-01-01T00:00:00Z'),
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1']),
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'leaf.example' }]),
      ],
    });
  }

  const pem = () => `${authority.certificate.toString('pem')}\n${keyPem}${leaf.toString('pem')}\n`;

  /** A PKCS#12 file by a library that is none of ours. */
  function pfx(password: string, algorithm: 'aes256' | '3des'): string {
    const file = forge.pkcs12.toPkcs12Asn1(
      forge.pki.privateKeyFromPem(rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()),
      // A certificate whose signature is elliptic would not come out of forge as it went in.
      forge.pki.certificateFromPem(selfMade.toString('pem')),
      password,
      { algorithm },
    );
    return forge.util.encode64(forge.asn1.toDer(file).getBytes());
  }

  it('from PEM has a policy that tells what it is, and keeps its chain behind it', async () => {
    const imported = await importIt('c', {
      value: pem(),
      policy: { secret_props: { contentType: PEM_TYPE } },
      tags: { a: 'b' },
    });
    expect(imported.status).toBe(200);
    expect(imported.body).toMatchObject({
      tags: { a: 'b' },
      attributes: { nbf: Date.UTC(2026, 0, 1) / 1000, exp: Date.UTC(2028, 0, 1) / 1000 },
      policy: {
        key_props: { exportable: true, kty: 'RSA', key_size: 2048, reuse_key: false },
        secret_props: { contentType: PEM_TYPE },
        x509_props: {
          subject: 'CN=leaf.example, O=Example',
          sans: { dns_names: ['leaf.example'] },
          ekus: ['1.3.6.1.5.5.7.3.1'],
          key_usage: ['digitalSignature'],
          validity_months: 24,
        },
        lifetime_actions: [{ trigger: { lifetime_percentage: 80 }, action: { action_type: 'EmailContacts' } }],
        issuer: { name: 'Unknown' },
      },
    });
    expect(certificateOf(imported.body).raw.equals(Buffer.from(leaf.rawData))).toBe(true);
    const [key = '', ...certificates] = pemBlocks((await get('/secrets/c')).value);
    expect(createPrivateKey(key).equals(rsa.privateKey)).toBe(true);
    expect(certificates.map((each) => new X509Certificate(each).subject)).toEqual([
      'CN=leaf.example\nO=Example',
      'CN=Authority',
    ]);
  });

  it('keeps the order of its chain when that is asked for', async () => {
    await importIt('c', { value: pem(), preserveCertOrder: true });
    const [, ...certificates] = pemBlocks((await get('/secrets/c')).value);
    expect(certificates.map((each) => new X509Certificate(each).subject)).toEqual([
      'CN=Authority',
      'CN=leaf.example\nO=Example',
    ]);
  });

  it.each(['aes256', '3des'] as const)('from PKCS#12 (%s) loses its password', async (algorithm) => {
    const imported = await importIt('c', { value: pfx('pass word', algorithm), pwd: 'pass word' });
    expect(imported.body.policy.secret_props).toEqual({ contentType: 'application/x-pkcs12' });
    const { value } = await get('/secrets/c');
    expect(openedPfx(value).certificate.equals(Buffer.from(selfMade.rawData))).toBe(true);
  });

  it('from PEM may be in base64, as az and the SDK of Python send it', async () => {
    const imported = await importIt('c', { value: Buffer.from(pem()).toString('base64') });
    expect(imported.body.policy.secret_props).toEqual({ contentType: PEM_TYPE });
    expect(pemBlocks((await get('/secrets/c')).value)).toHaveLength(3);
  });

  it('from PEM may have its key encrypted', async () => {
    const encrypted = rsa.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'p' });
    const value = `${encrypted.toString()}${leaf.toString('pem')}\n`;
    expect((await importIt('c', { value, pwd: 'p' })).status).toBe(200);
    expect((await importIt('d', { value, pwd: 'q' })).status).toBe(400);
  });

  it('from PKCS#12 that would take minutes to decrypt is refused at once', async () => {
    const file = forge.asn1.fromDer(forge.util.decode64(pfx('', '3des')));
    // How often the password is hashed for the checksum: the last number of the file (RFC 7292, section 4).
    const macData = (file.value as forge.asn1.Asn1[])[2]?.value as forge.asn1.Asn1[];
    const count = macData[2] ?? file;
    count.value = '\x7f\xff\xff\xff';
    const value = forge.util.encode64(forge.asn1.toDer(file).getBytes());
    expect((await importIt('c', { value })).status).toBe(400);
  });

  const NOT_PEM =
    'The specified PEM X.509 certificate content is in an unexpected format. Please check if certificate is in valid PEM format.';
  const NOT_PKCS12 =
    'The specified PKCS#12 X.509 certificate content can not be read. Please check if certificate is in valid PKCS#12 format.';

  it.each([
    ['another password', () => ({ value: pfx('a', 'aes256'), pwd: 'b' }), NOT_PKCS12],
    ['no password', () => ({ value: pfx('a', 'aes256') }), NOT_PKCS12],
    ['no PKCS#12', () => ({ value: 'AAAA' }), NOT_PKCS12],
    [
      'PEM that is said to be PKCS#12',
      () => ({ value: pem(), policy: { secret_props: { contentType: 'application/x-pkcs12' } } }),
      NOT_PKCS12,
    ],
    [
      'PKCS#12 that is said to be PEM',
      () => ({ value: pfx('', '3des'), policy: { secret_props: { contentType: PEM_TYPE } } }),
      NOT_PEM,
    ],
    [
      'a key that is PKCS#1',
      () => ({
        value: `${rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()}${leaf.toString('pem')}\n`,
      }),
      NOT_PEM,
    ],
    ['no key', () => ({ value: `${leaf.toString('pem')}\n` }), 'Private key is not specified'],
    ['no certificate', () => ({ value: keyPem }), 'does not belong'],
    [
      'a certificate of another key',
      () => ({ value: `${keyPem}${authority.certificate.toString('pem')}\n` }),
      'does not belong',
    ],
    ['no value', () => ({}), 'Parameter name: value'],
  ])('is refused with %s', async (_what, body, message) => {
    const refused = await importIt('c', body());
    expect([refused.status, refused.body.error.code]).toEqual([400, 'BadParameter']);
    expect(refused.body.error.message).toContain(message);
    expect((await get('/certificates')).value).toEqual([]);
  });

  it('comes back from a backup with its key', async () => {
    await importIt('c', { value: pem() });
    const secret = await get('/secrets/c');
    const { value } = (await scene.send('POST', '/certificates/c/backup')).body;
    await scene.send('DELETE', '/certificates/c');
    await scene.send('DELETE', '/deletedcertificates/c');
    await scene.setSecret('c', 'in its place');
    expect((await scene.send('POST', '/certificates/restore', { body: { value } })).status).toBe(409);
    await scene.send('DELETE', '/secrets/c');
    await scene.send('DELETE', '/deletedsecrets/c');
    await scene.send('POST', '/certificates/restore', { body: { value } });
    expect(await get('/secrets/c')).toEqual(secret);
  });

  describe('that somebody else signs', () => {
    beforeEach(async () => {
      await create('c', selfSigned({ issuer: { name: 'Unknown' }, key_props: { kty: 'RSA' } }), { tags: { a: 'b' } });
    });

    const merge = (x5c: readonly string[]) => scene.send('POST', '/certificates/c/pending/merge', { body: { x5c } });

    it('waits until it is merged', async () => {
      const pending = await get('/certificates/c/pending');
      expect(pending).toMatchObject({ status: 'inProgress', issuer: { name: 'Unknown' } });
      const promised = await get('/certificates/c');
      expect(promised).toMatchObject({
        attributes: { enabled: false },
        policy: { issuer: { name: 'Unknown' } },
        pending: { id: pending.id },
      });
      expect((await get('/certificates')).value).toEqual([]);
      expect((await scene.send('GET', '/secrets/c')).status).toBe(404);
      const request = new x509.Pkcs10CertificateRequest(Buffer.from(pending.csr, 'base64'));
      expect([request.subject, await request.verify()]).toEqual(['CN=example.com', true]);
      const other = Buffer.from(leaf.rawData).toString('base64');
      expect((await merge([other])).status).toBe(400);

      const signed = Buffer.from((await issue(Buffer.from(request.publicKey.rawData))).rawData);
      const root = Buffer.from(authority.certificate.rawData);
      const merged = await merge([signed.toString('base64'), root.toString('base64')]);
      expect([merged.status, merged.body.cer, merged.body.tags]).toEqual([201, signed.toString('base64'), { a: 'b' }]);
      expect(merged.body.id).toBe(promised.id);
      const { value } = await get('/secrets/c');
      expect(openedPfx(value).certificate.equals(signed)).toBe(true);
      // What comes out of one vault goes into another, to the last bit.
      expect((await importIt('again', { value })).body.cer).toBe(signed.toString('base64'));
      expect((await get('/secrets/again')).contentType).toBe('application/x-pkcs12');
      expect(await get('/certificates/c/pending')).toMatchObject({ status: 'completed' });
      expect((await merge([signed.toString('base64')])).status).toBe(404);
    });

    it('is not asked for twice at once, and not any more once the request is deleted', async () => {
      expect((await create('c', selfSigned())).status).toBe(409);
      await scene.send('PATCH', '/certificates/c/pending', { body: { cancellation_requested: true } });
      expect(await get('/certificates/c/pending')).toMatchObject({ cancellation_requested: true });
      await scene.send('DELETE', '/certificates/c/pending');
      expect((await get('/certificates/c/pending')).error).toEqual({
        code: 'PendingCertificateNotFound',
        message: 'Pending certificate not found: c',
      });
      expect((await create('c', selfSigned())).status).toBe(202);
    });
  });
});

describe('certificates', () => {
  it('are listed without what is long', async () => {
    await create('c', selfSigned());
    const { x5t, attributes } = await get('/certificates/c');
    const { recoveryLevel: _level, recoverableDays: _days, ...times } = attributes;
    expect((await get('/certificates?includePending=true')).value).toEqual([
      { id: 'https://kv1.vault.azure.net/certificates/c', x5t, attributes: times, tags: {}, subject: 'CN=example.com' },
    ]);
  });

  it('have neither issuers nor contacts in the lab', async () => {
    expect((await get('/certificates/issuers')).value).toEqual([]);
    expect((await get('/certificates/contacts')).error.code).toBe('ContactsNotFound');
    expect((await scene.send('PUT', '/certificates/issuers/i', { body: {} })).status).toBe(501);
  });

  it.each([
    ['GET', '/certificates', 'certificates list', 'certificates/read'],
    ['GET', '/certificates/c', 'certificates get', 'certificates/read'],
    ['GET', '/certificates/c/policy', 'certificates get', 'certificates/read'],
    ['GET', '/certificates/c/pending', 'certificates get', 'certificates/read'],
    ['POST', '/certificates/c/create', 'certificates create', 'certificates/create/action'],
    ['POST', '/certificates/c/import', 'certificates import', 'certificates/import/action'],
    ['POST', '/certificates/c/pending/merge', 'certificates create', 'certificates/create/action'],
    ['PATCH', '/certificates/c', 'certificates update', 'certificates/update/action'],
    ['DELETE', '/certificates/c', 'certificates delete', 'certificates/delete'],
    ['DELETE', '/deletedcertificates/c', 'certificates purge', 'certificates/purge/action'],
    ['GET', '/certificates/issuers', 'certificates listissuers', 'certificatecas/read'],
  ])('%s %s takes the permission %s, or %s', async (method, path, permission, dataAction) => {
    const { byPolicy, byRole } = await scene.refusals(method, path);
    expect(byPolicy).toContain(`does not have ${permission} permission`);
    expect(byRole).toContain(`Action: 'Microsoft.KeyVault/vaults/${dataAction}'`);
  });
});
