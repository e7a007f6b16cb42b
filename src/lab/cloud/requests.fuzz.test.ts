// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { array, constantFrom, oneof, option, record, tuple, type Arbitrary } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { createMemoryStore } from '#lab/store';
import { createFakeClock, createFakeRandom } from '../../base/testing/index.ts';
import { expectQuick, fuzz } from '../../base/testing/fuzz.ts';
import { hostileJson, hostileText, mutatedText, textOfPieces } from '../../base/testing/hostile.ts';
import { createArmLab, SUBSCRIPTION } from './arm/testing/index.ts';
import { createTestEntra } from './entra/testing/test-entra.ts';
import { createGraph } from './graph/index.ts';
import { createImds } from './imds/index.ts';
import {
  bearer,
  createFakeAudit,
  createFakeDirectory,
  createFakeTokens,
  SUBSCRIPTION_ID,
  USER,
} from './rest/testing/index.ts';
import type { CloudService } from './service.ts';
import { createVaultScene } from './vault/testing/vault-scene.ts';

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly body: string | undefined;
  readonly type: string;
}

/** Requests whose paths, queries and bodies are put together from what the service knows, and from what it does not. */
function requests(known: {
  readonly paths: readonly string[];
  readonly queries: readonly string[];
  readonly values: readonly string[];
  readonly names: readonly string[];
  readonly types?: readonly string[];
}): Arbitrary<Sent> {
  const value = oneof({ arbitrary: constantFrom(...known.values), weight: 3 }, hostileText(16));
  const json = hostileJson(known.names, value).map((body) => JSON.stringify(body));
  const body = oneof(
    { arbitrary: json, weight: 5 },
    mutatedText(['{"value":"x","properties":{"a":1}}']),
    hostileText(30),
  );
  const types = known.types ?? ['application/json', 'application/json; charset=utf-8', 'text/plain', ''];
  return record({
    method: constantFrom('GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'),
    path: oneof(
      { arbitrary: constantFrom(...known.paths), weight: 6 },
      mutatedText(known.paths),
      textOfPieces([...known.paths, '/', '%2f', '..', '%'], 4),
    ),
    query: array(tuple(oneof({ arbitrary: constantFrom(...known.queries), weight: 5 }, hostileText(6)), value), {
      maxLength: 4,
    }),
    body: option(body, { nil: undefined }),
    type: oneof({ arbitrary: constantFrom(...types), weight: 6 }, constantFrom('application/json;charset=utf-7')),
  });
}

/** Sends it; undefined where it is no request that HTTP could carry. Fails for a 500. */
async function send(service: CloudService, host: string, sent: Sent, headers: Readonly<Record<string, string>>) {
  const path = sent.path.startsWith('/') ? sent.path : `/${sent.path}`;
  const query = new URLSearchParams(sent.query.map(([name, value]): [string, string] => [name, value])).toString();
  const url = `https://${host}${path.replace(/[#?\s]/g, '')}?${query}`;
  if (!URL.canParse(url) || new URL(url).host !== host) return undefined;
  const carriesBody = sent.method !== 'GET' && sent.method !== 'HEAD' && sent.body !== undefined;
  const request = new Request(url, {
    method: sent.method,
    headers: { ...headers, ...(sent.type === '' ? {} : { 'content-type': sent.type }) },
    ...(carriesBody ? { body: sent.body } : {}),
  });
  const response = await service.fetch(request);
  const text = await response.text();
  if (response.status >= 500) throw new Error(`${response.status} to ${sent.method} ${url}: ${text}`);
  return { status: response.status, text };
}

describe('Key Vault', () => {
  const scene = createVaultScene();
  const known = requests({
    paths: [
      '/secrets',
      '/secrets/one',
      '/secrets/one/versions',
      '/secrets/one/0123',
      '/secrets/one/backup',
      '/secrets/restore',
      '/deletedsecrets',
      '/deletedsecrets/one',
      '/deletedsecrets/one/recover',
      '/keys/a',
      '/keys/a/create',
      '/keys/a/rotate',
      '/deletedkeys/a/recover',
      '/certificates/a',
      '/certificates/a/create',
      '/certificates/a/import',
      '/certificates/a/policy',
      '/certificates/a/pending',
      '/certificates/a/pending/merge',
      '/certificates/issuers',
      '/',
    ],
    queries: ['api-version', 'maxresults', '$skiptoken', 'API-VERSION'],
    values: [
      '7.4',
      '7.5-preview',
      '1',
      '25',
      '26',
      '-1',
      '1e1',
      Buffer.from('{"NextMarker":"a"}').toString('base64url'),
      'a2V5ZmVycnktYmFja3VwLTEK',
    ],
    names: [
      'value',
      'contentType',
      'tags',
      'attributes',
      'enabled',
      'nbf',
      'exp',
      'key',
      'kty',
      'crv',
      'policy',
      'x5c',
    ],
  });
  const headers = { authorization: bearer({ aud: 'https://vault.azure.net' }) };

  fuzz('answers every request without a 500', known, { inputs: 160, seed: 731 }, async (sent) => {
    const query = [['api-version', '7.4'], ...sent.query] as const;
    await send(scene.service, 'kv1.vault.azure.net', { ...sent, query }, headers);
  });

  fuzz(
    'gives back every secret as it was set',
    tuple(hostileText(200), constantFrom('one', 'two')),
    { inputs: 30, seed: 732 },
    async ([value, name]) => {
      const text = Buffer.from(value).toString();
      expect((await scene.setSecret(name, text)).status).toBe(200);
      expect((await scene.send('GET', `/secrets/${name}`)).body.value).toBe(text);
    },
  );

  it('says 413 or 400 of a value beyond 25 KiB, and of a body beyond its limit', async () => {
    expect((await scene.setSecret('one', 'x'.repeat(25 * 1024 + 1))).status).toBe(400);
    expect((await scene.setSecret('one', 'x'.repeat(5 * 1024 * 1024))).status).toBe(413);
  });

  it('says 400 of a body that is nested a hundred thousand deep', async () => {
    const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
    const sent = {
      method: 'PUT',
      path: '/secrets/one',
      query: [['api-version', '7.4']] as const,
      body: deep,
      type: 'application/json',
    };
    expect((await expectQuick(() => send(scene.service, 'kv1.vault.azure.net', sent, headers)))?.status).toBe(400);
  });
});

describe('ARM', () => {
  const group = `${SUBSCRIPTION}/resourceGroups/rg`;
  const providers = `${group}/providers`;
  const lab = createArmLab();
  const known = requests({
    paths: [
      SUBSCRIPTION,
      group,
      `${SUBSCRIPTION}/resources`,
      `${group}/resources`,
      `${SUBSCRIPTION}/tagNames`,
      `${providers}/Microsoft.KeyVault/vaults/kv-one`,
      `${providers}/Microsoft.KeyVault/vaults/kv-one/accessPolicies/add`,
      `${providers}/Microsoft.ManagedIdentity/userAssignedIdentities/id`,
      `${providers}/Microsoft.ManagedIdentity/userAssignedIdentities/id/federatedIdentityCredentials/f`,
      `${providers}/Microsoft.ContainerService/managedClusters/aks`,
      `${providers}/Microsoft.ContainerService/managedClusters/aks/agentPools/p`,
      `${providers}/Microsoft.Authorization/roleAssignments/11111111-1111-1111-1111-111111111111`,
      `${providers}/Microsoft.Authorization/roleDefinitions`,
      `${group}/providers/Microsoft.Resources/tags/default`,
      `${SUBSCRIPTION}/providers/Microsoft.KeyVault/deletedVaults`,
      `${SUBSCRIPTION}/providers/Microsoft.KeyVault/checkNameAvailability`,
      '/providers/Microsoft.Authorization/roleDefinitions',
      '/tenants',
    ],
    queries: ['api-version', '$filter', '$top', '$skiptoken', '$expand', 'includeEkuCertificates'],
    values: [
      'eastus',
      'standard',
      'A',
      'SystemAssigned',
      'rg',
      "name eq 'a'",
      "tagName eq 'a' and tagValue eq 'b'",
      'atScope()',
      'all',
      '10',
      SUBSCRIPTION_ID,
      USER.objectId,
      'https://issuer/',
      '10.0.0.0/8',
      'Allow',
    ],
    names: [
      'location',
      'properties',
      'tags',
      'identity',
      'type',
      'sku',
      'family',
      'name',
      'tenantId',
      'accessPolicies',
      'objectId',
      'permissions',
      'secrets',
      'networkAcls',
      'ipRules',
      'value',
      'issuer',
      'subject',
      'audiences',
      'roleDefinitionId',
      'principalId',
      'agentPoolProfiles',
      'count',
      'oidcIssuerProfile',
      'addonProfiles',
      'enabled',
      'operation',
      'userAssignedIdentities',
      'etag',
    ],
  });
  const headers = { authorization: bearer({ aud: 'https://management.azure.com/' }) };
  const location = { location: 'eastus' };

  fuzz('answers every request without a 500', known, { inputs: 210, seed: 733 }, async (sent) => {
    await lab.send('PUT', group, location);
    const query = [['api-version', '2024-01-01'], ...sent.query] as const;
    await send(lab.arm, 'management.azure.com', { ...sent, query }, headers);
  });

  fuzz(
    'keeps every tag that Azure allows, whatever JavaScript makes of its name',
    constantFrom('__proto__', 'constructor', 'toString', 'a.b', 'length'),
    { inputs: 10, seed: 734 },
    async (name) => {
      const body = `{"location":"eastus","tags":{${JSON.stringify(name)}:"x"}}`;
      await lab.send('PUT', group, body);
      expect(Object.entries((await lab.send('GET', group)).body['tags'] ?? {})).toEqual([[name, 'x']]);
    },
  );

  it('reads filters in linear time', async () => {
    const filters = [
      `name eq '${"''".repeat(7000)}`,
      'x and '.repeat(2500),
      `${' '.repeat(15_000)}x`,
      `x${"' and '".repeat(2000)}`,
    ];
    for (const filter of filters) {
      for (const path of [
        `${SUBSCRIPTION}/resources`,
        SUBSCRIPTION,
        `${providers}/Microsoft.Authorization/roleAssignments`,
      ]) {
        const sent = {
          method: 'GET',
          path,
          query: [
            ['api-version', '2024-01-01'],
            ['$filter', filter],
          ] as const,
          body: undefined,
          type: '',
        };
        expect((await expectQuick(() => send(lab.arm, 'management.azure.com', sent, headers)))?.status).toBeLessThan(
          500,
        );
      }
    }
  });
});

describe('Microsoft Graph', () => {
  const graph = createGraph({
    clock: createFakeClock(),
    directory: createFakeDirectory(),
    random: createFakeRandom(),
    log: silentLog,
    tokens: createFakeTokens(),
    audit: createFakeAudit(),
  });
  const id = USER.objectId;
  const known = requests({
    paths: [
      '/v1.0/me',
      '/v1.0/applications',
      '/v1.0/servicePrincipals',
      '/v1.0/groups',
      `/v1.0/users/${id}`,
      '/v1.0/users',
      `/v1.0/applications(appId='${id}')`,
      `/v1.0/applications/${id}/addPassword`,
      `/v1.0/applications/${id}/federatedIdentityCredentials`,
      `/v1.0/groups/${id}/members/$ref`,
      '/v1.0/directoryObjects/getByIds',
      '/beta/me',
      `/v1.0/directoryObjects/${id}`,
    ],
    queries: ['$filter', '$top', '$skiptoken', '$select', '$orderby', '$count', '$search', '$expand'],
    values: [
      "displayName eq 'a'",
      "startswith(displayName,'a')",
      "servicePrincipalNames/any(c:c eq 'x')",
      'displayName',
      '1',
      '999',
      '1000',
      id,
      'bGFiMQ',
      'a',
      'https://x/',
    ],
    names: [
      'displayName',
      'appId',
      'passwordCredential',
      'issuer',
      'subject',
      'audiences',
      'name',
      'identifierUris',
      'ids',
      'types',
      '@odata.id',
      'passwordCredentials',
      'keyCredentials',
      'web',
      'redirectUris',
      'endDateTime',
      'startDateTime',
      'mailNickname',
      'securityEnabled',
      'mailEnabled',
      'appRoles',
      'requiredResourceAccess',
      'keyId',
      'tags',
    ],
  });
  const headers = { authorization: bearer({ aud: 'https://graph.microsoft.com' }) };

  fuzz('answers every request without a 500', known, { inputs: 210, seed: 735 }, async (sent) => {
    await send(graph, 'graph.microsoft.com', sent, headers);
  });

  it('says 400 of an application that is nested a hundred thousand deep', async () => {
    const body = `{"displayName":"a","web":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_001)}`;
    const sent = { method: 'POST', path: '/v1.0/applications', query: [], body, type: 'application/json' };
    expect((await expectQuick(() => send(graph, 'graph.microsoft.com', sent, headers)))?.status).toBe(400);
  });
});

describe('Entra ID', () => {
  const { entra, tenantId } = createTestEntra(createMemoryStore());
  const unsigned = (claims: object) =>
    `${Buffer.from('{"alg":"RS256","kid":"k"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
  const FORM = [
    'grant_type',
    'client_id',
    'client_secret',
    'client_assertion',
    'client_assertion_type',
    'scope',
    'resource',
    'code',
    'refresh_token',
    'redirect_uri',
    'code_verifier',
    'claims',
    'device_code',
    'username',
    'password',
    'state',
    'response_type',
    'response_mode',
    'code_challenge',
    'code_challenge_method',
    'login_hint',
    'assertion',
    'requested_token_use',
  ];
  const VALUES = [
    'client_credentials',
    'authorization_code',
    'refresh_token',
    'password',
    'urn:ietf:params:oauth:grant-type:device_code',
    'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
    'https://vault.azure.net/.default',
    'openid profile offline_access',
    'http://localhost:8400',
    'http://localhost:%zz',
    'code',
    'form_post',
    'query',
    'fragment',
    'S256',
    '{"access_token":{"xms_cc":{"values":["cp1"]}}}',
    '{"access_token":null}',
    'null',
    unsigned({ iss: 'https://i/', sub: 's', aud: 'api://AzureADTokenExchange', exp: 9e15 }),
    unsigned({ iss: 'https://i/', sub: 's', aud: [], exp: 1e300 }),
  ];
  const known = requests({
    paths: [tenantId, 'common', 'organizations', 'consumers', 'contoso.com', '__proto__']
      .flatMap((tenant) =>
        [
          'oauth2/v2.0/token',
          'oauth2/token',
          'oauth2/v2.0/authorize',
          'oauth2/v2.0/devicecode',
          '.well-known/openid-configuration',
          'discovery/v2.0/keys',
          'discovery/instance',
          'oauth2/v2.0/logout',
        ].map((rest) => `/${tenant}/${rest}`),
      )
      .concat('/common/userrealm/a@b.c'),
    queries: [...FORM, 'authorization_endpoint', 'api-version'],
    values: VALUES,
    names: FORM,
  });
  const form = array(
    tuple(constantFrom(...FORM), oneof({ arbitrary: constantFrom(...VALUES), weight: 3 }, hostileText(10))),
    { maxLength: 8 },
  );

  fuzz(
    'answers every request without a 500',
    tuple(known, form, oneof(constantFrom('', 'Basic Og==', 'Basic !!', 'Bearer x'), hostileText(6))),
    { inputs: 210, seed: 736 },
    async ([sent, fields, authorization]) => {
      const body = sent.method === 'POST' ? new URLSearchParams(fields).toString() : sent.body;
      const printable = /^[\x20-\x7e]*$/.test(authorization) ? authorization : '';
      await send(
        entra.service,
        'login.microsoftonline.com',
        { ...sent, body, type: 'application/x-www-form-urlencoded' },
        { authorization: printable },
      );
    },
  );

  fuzz(
    'gives no token for an assertion that nobody signed',
    oneof(
      hostileText(),
      hostileJson(['iss', 'sub', 'aud', 'exp', 'nbf']).map((claims) => unsigned(claims as object)),
    ),
    { inputs: 90, seed: 737, examples: ['..', unsigned({ iss: 'https://[', sub: 's', aud: 'a', exp: 9e15 })] },
    async (assertion) => {
      const body = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: USER.objectId,
        scope: 'https://vault.azure.net/.default',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      });
      const sent = {
        method: 'POST',
        path: `/${tenantId}/oauth2/v2.0/token`,
        query: [],
        body: body.toString(),
        type: 'application/x-www-form-urlencoded',
      };
      const answer = await send(entra.service, 'login.microsoftonline.com', sent, {});
      expect(answer?.status).toBeGreaterThanOrEqual(400);
      expect(answer?.text).not.toContain('access_token');
    },
  );
});

describe('the instance metadata service', () => {
  const imds = createImds({
    clock: createFakeClock(),
    random: createFakeRandom(),
    directory: createFakeDirectory(),
    audit: createFakeAudit(),
    tokens: () => Promise.reject(new Error('nobody has an identity')),
    identities: () => ({ systemAssigned: undefined, userAssigned: [] }),
    node: () => ({ subscriptionId: 's', resourceGroup: 'mc', location: 'eastus', scaleSet: 'vmss', vmId: 'v' }),
  });
  const known = requests({
    paths: [
      '/metadata/identity/oauth2/token',
      '/metadata/instance',
      '/metadata/instance/compute/tagsList/0/name',
      '/metadata/instance/network/interface/0',
      '/metadata/versions',
      '/host/token/',
      '/metadata/instance/__proto__',
      '/metadata/instance/compute/constructor',
    ],
    queries: ['api-version', 'resource', 'client_id', 'object_id', 'msi_res_id', 'format', 'bypass_cache'],
    values: ['2018-02-01', '2021-12-13', '9999-99-99', 'https://vault.azure.net', 'text', 'json'],
    names: ['a'],
  });
  fuzz(
    'answers every request without a 500',
    tuple(known, hostileText(10), hostileText(10)),
    { inputs: 160, seed: 738 },
    async ([sent, name, namespace]) => {
      const printable = (text: string) => text.replace(/[^\x20-\x7e]/g, '');
      const headers = { metadata: 'true', podname: printable(name), podns: printable(namespace) };
      await send(imds, '169.254.169.254', { ...sent, query: [['api-version', '2021-02-01'], ...sent.query] }, headers);
    },
  );
});
