import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCloudLab, type CloudLab } from './support/cloud-lab.ts';

const VAULT = 'kv-sdk-test';

let lab: CloudLab;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  lab = await startCloudLab();
  const { tenantId } = lab.cloud.directory.tenant;
  const app = lab.cloud.directory.createApplication({ displayName: 'sdk' });
  await lab.put('', { location: 'eastus' });
  await lab.put(`/providers/Microsoft.KeyVault/vaults/${VAULT}`, {
    location: 'eastus',
    properties: {
      tenantId,
      sku: { family: 'A', name: 'standard' },
      accessPolicies: [
        {
          tenantId,
          objectId: app.objectId,
          permissions: {
            keys: ['all'],
            secrets: ['get', 'list', 'set', 'delete', 'recover', 'purge'],
            certificates: ['all'],
          },
        },
      ],
    },
  });
  env = { TENANT: tenantId, CLIENT: app.clientId, SECRET: app.secret.expose(), VAULT };
});

afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

/** The SDKs' clients that a program may have, by name. */
const CLIENTS = {
  client: ['SecretClient', '@azure/keyvault-secrets'],
  keys: ['KeyClient', '@azure/keyvault-keys'],
  certificates: ['CertificateClient', '@azure/keyvault-certificates'],
} as const;

/** Runs `body`, which has a `client` of secrets, in a process of its own; answers what it returned, or the error's facts. */
function withClient(body: string, more: Readonly<Record<string, string>> = {}): Promise<unknown> {
  return withClients(['client'], body, more);
}

/** The same with the clients that are named. */
async function withClients(
  names: readonly (keyof typeof CLIENTS)[],
  body: string,
  more: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const imports = names.map((name) => `import { ${CLIENTS[name][0]} } from '${CLIENTS[name][1]}';`);
  const clients = names.map((name) => `const ${name} = new ${CLIENTS[name][0]}(vaultUrl, credential, options);`);
  const printed = await lab.runNode(
    `
    import { ClientSecretCredential } from '@azure/identity';
    ${imports.join('\n    ')}
    const { TENANT, CLIENT, SECRET, VAULT } = process.env;
    const vaultUrl = 'https://' + VAULT + '.vault.azure.net';
    const credential = new ClientSecretCredential(TENANT, CLIENT, SECRET);
    const options = { retryOptions: { maxRetries: 0 } };
    ${clients.join('\n    ')}
    const attempt = async (work) => {
      try {
        return await work();
      } catch (error) {
        return { status: error.statusCode, code: error.code, inner: error.details?.error?.innererror?.code, text: error.message };
      }
    };
    const result = await attempt(async () => { ${body} });
    process.stdout.write(JSON.stringify(result));
  `,
    { ...env, ...more },
  );
  return JSON.parse(printed) as unknown;
}

describe('@azure/keyvault-secrets, unmodified, through the gateway', () => {
  it('sets, reads, lists, updates, deletes, recovers and purges a secret', async () => {
    const result = await withClient(`
      const first = await client.setSecret('TestSecret', 'one', { tags: { a: 'b' }, contentType: 'text/plain' });
      const second = await client.setSecret('TestSecret', 'two');
      const latest = await client.getSecret('TestSecret');
      const earlier = await client.getSecret('testsecret', { version: first.properties.version });
      const versions = [];
      for await (const version of client.listPropertiesOfSecretVersions('TestSecret')) versions.push(version.version);
      const updated = await client.updateSecretProperties('TestSecret', second.properties.version, { enabled: false });
      const disabled = await attempt(() => client.getSecret('TestSecret'));
      await client.updateSecretProperties('TestSecret', second.properties.version, { enabled: true });
      const deleted = await (await client.beginDeleteSecret('TestSecret', { intervalInMs: 1 })).pollUntilDone();
      const taken = await attempt(() => client.setSecret('TestSecret', 'three'));
      const recovered = await (await client.beginRecoverDeletedSecret('TestSecret', { intervalInMs: 1 })).pollUntilDone();
      const back = await client.getSecret('TestSecret');
      await (await client.beginDeleteSecret('TestSecret', { intervalInMs: 1 })).pollUntilDone();
      await client.purgeDeletedSecret('TestSecret');
      return {
        first, latest, earlier: earlier.value, ids: [first.properties.version, second.properties.version].sort(),
        versions: versions.sort(), updated: updated.enabled, disabled, deleted, taken,
        recovered: recovered.name, back: back.value, gone: await attempt(() => client.getDeletedSecret('TestSecret')),
      };
    `);
    const { ids, versions } = result as { ids: string[]; versions: string[] };
    expect(versions).toEqual(ids);
    expect(result).toMatchObject({
      first: {
        name: 'TestSecret',
        value: 'one',
        properties: {
          vaultUrl: `https://${VAULT}.vault.azure.net`,
          tags: { a: 'b' },
          contentType: 'text/plain',
          enabled: true,
          recoveryLevel: 'Recoverable+Purgeable',
          recoverableDays: 90,
        },
      },
      latest: { value: 'two' },
      earlier: 'one',
      updated: false,
      disabled: { status: 403, code: 'Forbidden', text: 'Operation get is not allowed on a disabled secret.' },
      deleted: { name: 'TestSecret', recoveryId: `https://${VAULT}.vault.azure.net/deletedsecrets/TestSecret` },
      taken: { status: 409, code: 'Conflict' },
      recovered: 'TestSecret',
      back: 'two',
      gone: { status: 404, code: 'SecretNotFound' },
    });
  });

  it('follows the links of a list over several pages', async () => {
    const names = await withClient(`
      for (let i = 0; i < 7; i += 1) await client.setSecret('page-' + i, String(i));
      const pages = [];
      for await (const page of client.listPropertiesOfSecrets().byPage({ maxPageSize: 3 })) {
        pages.push(page.map((secret) => secret.name));
      }
      return pages;
    `);
    expect(names).toEqual([['page-0', 'page-1', 'page-2'], ['page-3', 'page-4', 'page-5'], ['page-6']]);
  });

  it('is refused when its application is not in the access policies', async () => {
    const stranger = lab.cloud.directory.createApplication({ displayName: 'stranger' });
    const refused = await withClient(`await client.getSecret('page-0');`, {
      CLIENT: stranger.clientId,
      SECRET: stranger.secret.expose(),
    });
    expect(refused).toMatchObject({ status: 403, code: 'Forbidden' });
    expect((refused as { text: string }).text).toContain(
      `The user, group or application 'appid=${stranger.clientId};oid=${stranger.objectId};iss=https://sts.windows.net/${env['TENANT'] ?? ''}/' does not have secrets get permission on key vault '${VAULT};location=eastus'.`,
    );
    const records = lab.cloud.audit.records().filter(({ service }) => service === 'keyvault');
    expect(records.slice(-2)).toMatchObject([
      { operation: 'Authentication', status: 401, result: 'Unauthorized' },
      {
        operation: 'SecretGet',
        status: 403,
        result: 'Forbidden/ForbiddenByPolicy',
        identity: { objectId: stranger.objectId },
      },
    ]);
  });

  it('cannot reach a vault that does not exist', async () => {
    const refused = await withClient(`await client.getSecret('x');`, { VAULT: 'kv-nobody-made' });
    expect(refused).toMatchObject({ status: 502 });
    const asked = lab.cloud.audit
      .records()
      .filter(({ service, host }) => service === 'keyvault' && host.startsWith('kv-nobody'));
    expect(asked).toEqual([]);
  });
});

describe('@azure/keyvault-keys, unmodified, through the gateway', () => {
  it('creates, imports, reads, lists, updates, backs up, deletes and purges keys', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = privateKey.export({ format: 'jwk' });
    const result = await withClients(
      ['keys'],
      `
      const rsa = await keys.createRsaKey('K', { keySize: 2048, tags: { a: 'b' } });
      const ec = await keys.createEcKey('ec', { curve: 'P-256K' });
      const fromBase64 = (text) => Buffer.from(text, 'base64url');
      const { x, y, d } = JSON.parse(process.env.JWK);
      const imported = await keys.importKey('mine', { kty: 'EC', crv: 'P-256', x: fromBase64(x), y: fromBase64(y), d: fromBase64(d), keyOps: ['sign'] });
      const updated = await keys.updateKeyProperties('K', { enabled: false });
      const read = await keys.getKey('K', { version: rsa.properties.version });
      const rotated = await keys.rotateKey('ec');
      const versions = [];
      for await (const version of keys.listPropertiesOfKeyVersions('ec')) versions.push(version.version);
      const names = [];
      for await (const key of keys.listPropertiesOfKeys()) names.push(key.name);
      const backup = await keys.backupKey('mine');
      const deleted = await (await keys.beginDeleteKey('mine', { intervalInMs: 1 })).pollUntilDone();
      await keys.purgeDeletedKey('mine');
      const restored = await keys.restoreKeyBackup(backup);
      await (await keys.beginDeleteKey('mine', { intervalInMs: 1 })).pollUntilDone();
      const recovered = await (await keys.beginRecoverDeletedKey('mine', { intervalInMs: 1 })).pollUntilDone();
      return {
        rsa: { type: rsa.keyType, bits: rsa.key.n.length * 8, operations: rsa.keyOperations, tags: rsa.properties.tags },
        curve: ec.key.crv, imported: Buffer.from(imported.key.x).toString('base64url'), updated: updated.properties.enabled,
        read: read.properties.enabled, versions: versions.length, isNewer: versions.includes(rotated.properties.version),
        names, deleted: deleted.properties.recoveryId, restored: restored.keyOperations, recovered: recovered.name,
        lost: await attempt(() => keys.getKey('lost')), hardware: await attempt(() => keys.createRsaKey('h', { hsm: true })),
      };
    `,
      { JWK: JSON.stringify(jwk) },
    );
    expect(result).toMatchObject({
      rsa: {
        type: 'RSA',
        bits: 2048,
        operations: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
        tags: { a: 'b' },
      },
      curve: 'P-256K',
      imported: jwk.x,
      updated: false,
      read: false,
      versions: 2,
      isNewer: true,
      names: ['ec', 'K', 'mine'],
      deleted: `https://${VAULT}.vault.azure.net/deletedkeys/mine`,
      restored: ['sign'],
      recovered: 'mine',
      lost: { status: 404, code: 'KeyNotFound' },
      hardware: { status: 400, code: 'BadParameter' },
    });
  });
});

describe('@azure/keyvault-certificates, unmodified, through the gateway', () => {
  it('has a certificate made, reads it as secret and key, imports it elsewhere, and deletes it', async () => {
    const result = (await withClients(
      ['certificates', 'client', 'keys'],
      `
      const policy = { issuerName: 'Self', subject: 'CN=example.com', subjectAlternativeNames: { dnsNames: ['example.com'] }, keyType: 'EC', keyCurveName: 'P-384' };
      const poller = await certificates.beginCreateCertificate('Cert', policy, { tags: { a: 'b' }, intervalInMs: 1 });
      const made = await poller.pollUntilDone();
      const operation = (await certificates.getCertificateOperation('Cert')).getOperationState().certificateOperation;
      const secret = await client.getSecret('Cert');
      const key = await keys.getKey('Cert');
      const imported = await certificates.importCertificate('Copy', Buffer.from(secret.value, 'base64'));
      const updated = await certificates.updateCertificateProperties('Copy', imported.properties.version, { enabled: false });
      await certificates.updateCertificatePolicy('Cert', { issuerName: 'Self', subject: 'CN=other', validityInMonths: 3 });
      const policyNow = await certificates.getCertificatePolicy('Cert');
      const versions = [];
      for await (const version of certificates.listPropertiesOfCertificateVersions('Cert')) versions.push(version.version);
      const names = [];
      for await (const certificate of certificates.listPropertiesOfCertificates()) names.push(certificate.name);
      const refused = await attempt(() => client.setSecret('Cert', 'v'));
      const deleted = await (await certificates.beginDeleteCertificate('Copy', { intervalInMs: 1 })).pollUntilDone();
      await (await certificates.beginRecoverDeletedCertificate('Copy', { intervalInMs: 1 })).pollUntilDone();
      await (await certificates.beginDeleteCertificate('Copy', { intervalInMs: 1 })).pollUntilDone();
      await certificates.purgeDeletedCertificate('Copy');
      await certificates.beginCreateCertificate('Waits', { issuerName: 'Unknown', subject: 'CN=w' }, { intervalInMs: 1 });
      const pending = await certificates.getCertificateOperation('Waits', { intervalInMs: 1 });
      await certificates.deleteCertificateOperation('Waits');
      return {
        status: operation.status, thumbprint: Buffer.from(made.properties.x509Thumbprint).toString('hex'),
        cer: Buffer.from(made.cer).toString('base64'), kid: made.keyId, sid: made.secretId, tags: made.properties.tags,
        keyProps: [made.policy.keyType, made.policy.keyCurveName, made.policy.exportable],
        managed: [secret.properties.managed, key.properties.managed], contentType: secret.properties.contentType,
        secretKey: secret.properties.certificateKeyId, curve: key.key.crv,
        same: Buffer.from(imported.cer).equals(Buffer.from(made.cer)), updated: updated.properties.enabled,
        subject: policyNow.subject, months: policyNow.validityInMonths, versions: versions.length, names, refused,
        deleted: deleted.recoveryId, pending: pending.getOperationState().certificateOperation.status,
        lost: await attempt(() => certificates.getCertificate('Copy')),
        noOperation: await attempt(() => certificates.getCertificateOperation('Waits')),
      };
    `,
    )) as { cer: string; thumbprint: string; kid: string };
    expect(result).toMatchObject({ status: 'completed', cer: expect.any(String) });
    const certificate = new X509Certificate(Buffer.from(result.cer, 'base64'));
    expect(certificate.subjectAltName).toBe('DNS:example.com');
    expect(certificate.fingerprint.replaceAll(':', '').toLowerCase()).toBe(result.thumbprint);
    expect(result).toMatchObject({
      status: 'completed',
      kid: expect.stringMatching(new RegExp(`^https://${VAULT}\\.vault\\.azure\\.net/keys/Cert/[0-9a-f]{32}$`)),
      sid: result.kid.replace('/keys/', '/secrets/'),
      tags: { a: 'b' },
      keyProps: ['EC', 'P-384', true],
      managed: [true, true],
      contentType: 'application/x-pkcs12',
      secretKey: result.kid,
      curve: 'P-384',
      same: true,
      updated: false,
      subject: 'CN=other',
      months: 3,
      versions: 1,
      names: ['Cert', 'Copy'],
      refused: { status: 403, code: 'Forbidden' },
      deleted: `https://${VAULT}.vault.azure.net/deletedcertificates/Copy`,
      pending: 'inProgress',
      lost: { status: 404, code: 'CertificateNotFound' },
      noOperation: { status: 404, code: 'CertificateNotFound' },
    });
  });
});
