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
          permissions: { secrets: ['get', 'list', 'set', 'delete', 'recover', 'purge'] },
        },
      ],
    },
  });
  env = { TENANT: tenantId, CLIENT: app.clientId, SECRET: app.secret.expose(), VAULT };
});

afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

/** Runs `body`, which has a `client`, in a process of its own; answers what it returned, or the error's facts. */
async function withClient(body: string, more: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const printed = await lab.runNode(
    `
    import { ClientSecretCredential } from '@azure/identity';
    import { SecretClient } from '@azure/keyvault-secrets';
    const { TENANT, CLIENT, SECRET, VAULT } = process.env;
    const client = new SecretClient(
      'https://' + VAULT + '.vault.azure.net',
      new ClientSecretCredential(TENANT, CLIENT, SECRET),
      { retryOptions: { maxRetries: 0 } },
    );
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
