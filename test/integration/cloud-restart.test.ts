import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '#base';
import { renderAzureConfig } from '#lab/session';
import { createMemoryStore } from '#lab/store';
import { startCloudLab } from './support/cloud-lab.ts';

const AZ = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';

/** Reads the handed-out token cache as az does, with Microsoft's own library, and gets a token from it. */
const silentToken = `
  import { PublicClientApplication } from '@azure/msal-node';
  import { EnvHttpProxyAgent, setGlobalDispatcher } from 'undici';
  setGlobalDispatcher(new EnvHttpProxyAgent());
  const authority = 'https://login.microsoftonline.com/' + process.env.TENANT;
  const app = new PublicClientApplication({ auth: { clientId: '${AZ}', authority } });
  app.getTokenCache().deserialize(process.env.CACHE);
  const [account] = await app.getTokenCache().getAllAccounts();
  const scopes = ['https://management.core.windows.net//.default'];
  const { accessToken } = await app.acquireTokenSilent({ account, scopes });
  process.stdout.write(accessToken);
`;

describe('the emulated Azure, started again on the same store', () => {
  it('is the same tenant behind the same authority, with all that was made in it', async () => {
    const store = createMemoryStore();
    await using first = await startCloudLab(store);
    const { tenant, subscription } = first.cloud.directory;
    await first.makeCluster();
    await first.put('/providers/Microsoft.KeyVault/vaults/kv-restart', {
      location: 'eastus',
      properties: {
        tenantId: tenant.tenantId,
        sku: { family: 'A', name: 'standard' },
        enableRbacAuthorization: false,
        accessPolicies: [
          {
            tenantId: tenant.tenantId,
            objectId: first.cloud.directory.user.objectId,
            permissions: { secrets: ['set', 'get'], certificates: ['create', 'get'] },
          },
        ],
      },
    });
    const secretUrl = 'https://kv-restart.vault.azure.net/secrets/db';
    await first.put(secretUrl, { value: 'kept' });
    const certificateUrl = 'https://kv-restart.vault.azure.net/certificates/web';
    const policy = { issuer: { name: 'Self' }, key_props: { kty: 'EC' }, x509_props: { subject: 'CN=web' } };
    await first.call('POST', `${certificateUrl}/create?api-version=7.4`, { policy });
    const { body: certificate } = await first.call('GET', `${certificateUrl}?api-version=7.4`);
    const specs = first.cloud.clusters();
    expect(specs).toHaveLength(1);
    const { 'msal_token_cache.json': cache = '' } = renderAzureConfig({
      directory: first.cloud.directory,
      refreshToken: first.cloud.signInUser(),
      clock: systemClock,
      random: systemRandom,
    });
    await first[Symbol.asyncDispose]();

    await using again = await startCloudLab(store);
    expect(again.cloud.directory.tenant).toEqual(tenant);
    expect(again.cloud.caPem).toBe(first.cloud.caPem);
    expect(again.cloud.clusters()).toEqual(specs);
    expect(again.cloud.status()).toMatchObject({
      tenantId: tenant.tenantId,
      subscriptionId: subscription.subscriptionId,
      vaults: [{ name: 'kv-restart', resourceGroup: 'rg', secrets: 1, certificates: 1 }],
      clusters: [{ name: 'aks', resourceGroup: 'rg' }],
    });
    expect((await again.call('GET', `${secretUrl}?api-version=7.4`)).body).toMatchObject({ value: 'kept' });
    expect(certificate).toMatchObject({ sid: expect.stringContaining('/secrets/web/') });
    expect((await again.call('GET', `${certificateUrl}?api-version=7.4`)).body).toEqual(certificate);
    const token = await again.runNode(silentToken, { TENANT: tenant.tenantId, CACHE: cache });
    expect(decodeJwt(token)).toMatchObject({
      aud: 'https://management.core.windows.net/',
      oid: again.cloud.directory.user.objectId,
      appid: AZ,
    });
  });
});

describe('the gateway of the emulated Azure', () => {
  it('knows no vault that was not made', async () => {
    await using lab = await startCloudLab();
    await expect(lab.call('GET', 'https://nobody.vault.azure.net/secrets?api-version=7.4')).rejects.toMatchObject({
      message: expect.stringMatching(/502/) as string,
    });
  });
});
