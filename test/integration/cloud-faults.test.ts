import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ProxyAgent, request } from 'undici';
import { systemClock } from '#base';
import { createFaultTable } from '#lab/faults';
import { startCloudLab, type CloudLab } from './support/cloud-lab.ts';

// How each service of the emulated Azure fails on purpose: in its own words, as recorded answers have them.

const faults = createFaultTable({ clock: systemClock });
let lab: CloudLab;
let agent: ProxyAgent;

beforeAll(async () => {
  lab = await startCloudLab(undefined, faults);
  agent = new ProxyAgent({ uri: lab.cloud.gateway.proxyUrl, requestTls: { ca: lab.cloud.caPem } });
  await lab.put('', { location: 'eastus' });
  await lab.put('/providers/Microsoft.KeyVault/vaults/kv-faults', {
    location: 'eastus',
    properties: {
      tenantId: lab.cloud.directory.tenant.tenantId,
      sku: { family: 'A', name: 'standard' },
      accessPolicies: [],
    },
  });
});
afterEach(() => void faults.clear());
afterAll(async () => {
  await agent?.destroy();
  await faults[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

const GUID = '11111111-1111-4111-8111-111111111111';
const TOKEN_PATH = `/${GUID}/oauth2/v2.0/token`;
const VAULTS_PATH = `/subscriptions/${GUID}/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv?api-version=2023-07-01`;
const says = (text: RegExp): unknown => expect.stringMatching(text);

it.each([
  [
    'kv-faults.vault.azure.net',
    '/secrets/db?api-version=7.4',
    429,
    {
      error: {
        code: 'Throttled',
        message: says(/too many requests were received. Reason: VaultRequestTypeLimitReached$/),
      },
    },
  ],
  [
    'kv-faults.vault.azure.net',
    '/secrets/db?api-version=7.4',
    503,
    { error: { code: 'ServiceUnavailable', message: says(/unavailable/) } },
  ],
  [
    'login.microsoftonline.com',
    TOKEN_PATH,
    429,
    { error: 'temporarily_unavailable', error_codes: [90055], error_description: says(/^AADSTS90055: .* Trace ID: /) },
  ],
  [
    'login.microsoftonline.com',
    TOKEN_PATH,
    503,
    {
      error: 'temporarily_unavailable',
      error_codes: [90033],
      error_description: says(/^AADSTS90033: A transient error has occurred\. Please try again\. Trace ID: /),
    },
  ],
  ['login.microsoftonline.com', TOKEN_PATH, 500, { error_codes: [90033] }],
  [
    'management.azure.com',
    VAULTS_PATH,
    429,
    {
      error: {
        code: 'SubscriptionRequestsThrottled',
        message: `Number of requests for subscription '${GUID}' and operation 'GET/SUBSCRIPTIONS/RESOURCEGROUPS/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS' exceeded the backend storage limit. Please try again after '7' seconds.`,
      },
    },
  ],
  ['management.azure.com', VAULTS_PATH, 503, { error: { code: 'ServiceUnavailable' } }],
  [
    'graph.microsoft.com',
    '/v1.0/me',
    429,
    {
      error: {
        code: 'TooManyRequests',
        message: says(/^Too many requests from Identifier:.*Please try again later\.$/),
        innerError: { 'request-id': says(/^[0-9a-f-]{36}$/) },
      },
    },
  ],
  ['graph.microsoft.com', '/v1.0/me', 503, { error: { code: 'ServiceUnavailable' } }],
])('%s%s answers %d in its own words, with Retry-After', async (host, path, status, body) => {
  faults.add({ host, effect: { kind: 'status', status, retryAfterSeconds: 7 } });
  const answer = await request(`https://${host}${path}`, { dispatcher: agent });
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([status, '7']);
  expect(await answer.body.json()).toMatchObject(body);
});

it.each([
  [429, { error: 'too_many_requests' }],
  [500, { error: 'unknown', error_description: says(/^Failed to retrieve token/) }],
])('instance metadata answers %d in its own words', async (status, body) => {
  faults.add({ host: '169.254.169.254', effect: { kind: 'status', status } });
  const answer = await request(`${lab.cloud.gateway.proxyUrl}/metadata/identity/oauth2/token`);
  expect(answer.statusCode).toBe(status);
  expect(await answer.body.json()).toMatchObject(body);
});

it('meets Entra ID’s own look at an issuer’s documents', async () => {
  const spec = await lab.makeCluster();
  const identity = await lab.put<{ properties: { clientId: string } }>(
    '/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader',
    { location: 'eastus' },
  );
  const subject = 'system:serviceaccount:default:reader';
  await lab.put('/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader/federatedIdentityCredentials/fed', {
    properties: { issuer: spec.issuerUrl, subject, audiences: ['api://AzureADTokenExchange'] },
  });
  const exchange = async () => {
    const answer = await request(
      `https://login.microsoftonline.com/${lab.cloud.directory.tenant.tenantId}/oauth2/v2.0/token`,
      {
        method: 'POST',
        dispatcher: agent,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: identity.properties.clientId,
          scope: 'https://vault.azure.net/.default',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: await lab.clusters.sign(spec, { sub: subject, aud: 'api://AzureADTokenExchange' }),
        }).toString(),
      },
    );
    return { status: answer.statusCode, body: (await answer.body.json()) as Record<string, unknown> };
  };
  const fault = faults.add({ host: '*.oic.prod-aks.azure.com', effect: { kind: 'reset' } });
  const refused = await exchange();
  expect(refused.status).toBe(400);
  expect(refused.body['error_description']).toMatch(/^AADSTS\d+: /);
  expect(lab.cloud.audit.records().some((record) => record.service === 'issuer' && record.fault === fault.id)).toBe(
    true,
  );
  faults.clear();
  expect((await exchange()).status).toBe(200);
});
