import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterSpec } from '#lab/cloud';
import { startCloudLab, type CloudLab } from './support/cloud-lab.ts';

const AUDIENCE = 'api://AzureADTokenExchange';
const SUBJECT = 'system:serviceaccount:default:workload';

let lab: CloudLab;
let spec: ClusterSpec;
let clientId: string;
let tenantId: string;

beforeAll(async () => {
  lab = await startCloudLab();
  ({ tenantId } = lab.cloud.directory.tenant);
  spec = await lab.makeCluster();
  const identity = '/providers/Microsoft.ManagedIdentity/userAssignedIdentities/workload';
  const made = await lab.put<{ properties: { clientId: string } }>(identity, { location: 'eastus' });
  ({ clientId } = made.properties);
  await lab.put(`${identity}/federatedIdentityCredentials/fic`, {
    properties: { issuer: spec.issuerUrl, subject: SUBJECT, audiences: [AUDIENCE] },
  });
});

afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

/** Prints the token of a credential, or the error as the SDK gives it. */
const getToken = (credential: string) => `
  import { ClientAssertionCredential, ClientSecretCredential, WorkloadIdentityCredential } from '@azure/identity';
  const { TENANT, CLIENT, SECRET, ASSERTION } = process.env;
  const credential = ${credential};
  try {
    process.stdout.write((await credential.getToken('https://vault.azure.net/.default')).token);
  } catch (error) {
    process.stdout.write(error.name + ': ' + error.message);
  }
`;

describe('@azure/identity, unmodified, through the gateway', () => {
  it('gets a token with ClientSecretCredential', async () => {
    const app = lab.cloud.directory.createApplication({ displayName: 'ci' });
    const token = await lab.runNode(getToken('new ClientSecretCredential(TENANT, CLIENT, SECRET)'), {
      TENANT: tenantId,
      CLIENT: app.clientId,
      SECRET: app.secret.expose(),
    });
    expect(decodeJwt(token)).toMatchObject({ appid: app.clientId, oid: app.objectId, aud: 'https://vault.azure.net' });
  });

  it('gets a token with ClientAssertionCredential for a token of the cluster', async () => {
    const token = await lab.runNode(getToken('new ClientAssertionCredential(TENANT, CLIENT, async () => ASSERTION)'), {
      TENANT: tenantId,
      CLIENT: clientId,
      ASSERTION: await lab.clusters.sign(spec, { sub: SUBJECT, aud: [AUDIENCE] }),
    });
    expect(decodeJwt(token)).toMatchObject({ appid: clientId, appidacr: '2', tid: tenantId });
  });

  it('gets a token with WorkloadIdentityCredential and nothing but the environment of the webhook', async () => {
    const file = join(lab.folder, 'token');
    await writeFile(file, await lab.clusters.sign(spec, { sub: SUBJECT, aud: [AUDIENCE] }));
    const token = await lab.runNode(getToken('new WorkloadIdentityCredential()'), {
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: clientId,
      AZURE_FEDERATED_TOKEN_FILE: file,
      AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.com/',
    });
    expect(decodeJwt(token)['xms_mirid']).toMatch(/\/resourcegroups\/rg\/.*\/userAssignedIdentities\/workload$/);
    const issuerReads = lab.cloud.audit.records().filter(({ service }) => service === 'issuer');
    expect(issuerReads.map(({ path }) => path.split('/').slice(3).join('/'))).toEqual([
      '.well-known/openid-configuration',
      'openid/v1/jwks',
    ]);
  });

  it('hands the AADSTS code and text on when the subject is off by one letter', async () => {
    const text = await lab.runNode(getToken('new ClientAssertionCredential(TENANT, CLIENT, async () => ASSERTION)'), {
      TENANT: tenantId,
      CLIENT: clientId,
      ASSERTION: await lab.clusters.sign(spec, { sub: `${SUBJECT}s`, aud: [AUDIENCE] }),
    });
    expect(text).toContain(`AADSTS700213: No matching federated identity record found for presented assertion subject`);
    expect(text).toContain(`'${SUBJECT}s'`);
  });
});
