import { decodeJwt, decodeProtectedHeader, SignJWT, type JWTPayload } from 'jose';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { createMemoryStore } from '#lab/store';
import { createFakeClock, createFakeRandom, type FakeClock } from '../../../base/testing/index.ts';
import { createAuditLog, type WritableAuditLog } from '../audit-log.ts';
import { secretDigest } from '../client-secret.ts';
import { openDirectory, type LabDirectory } from '../directory-store.ts';
import { AADSTS, type AadstsCode } from './aadsts.ts';
import { openEntra, type Entra } from './entra.ts';
import { openSigningKey } from './signing-key.ts';
import { createTestIssuer, newRsaKey, type TestIssuer } from './testing/federation.ts';

const CLIENT = 'b1a4c7de-0000-4000-8000-000000000001';
const SECRETLESS_FREE = 'b1a4c7de-0000-4000-8000-000000000002';
const ISSUER = 'https://eastus.oic.prod-aks.azure.com/tenant/guid/';
const SUBJECT = 'system:serviceaccount:default:workload';
const AUDIENCE = 'api://AzureADTokenExchange';
const MIRID = '/subscriptions/s/resourceGroups/Rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Id';
const key = newRsaKey();
const otherKey = newRsaKey();

let clock: FakeClock;
let directory: LabDirectory;
let audit: WritableAuditLog;
let entra: Entra;
let issuer: TestIssuer;
let tenantId: string;
let app: { clientId: string; secret: string };
// One store for all tests: it keeps the signing key, which takes time to make.
const store = createMemoryStore();

beforeAll(async () => {
  await openSigningKey(store);
});

beforeEach(async () => {
  clock = createFakeClock();
  const random = createFakeRandom();
  directory = openDirectory(store, random);
  audit = createAuditLog({ clock });
  issuer = await createTestIssuer(ISSUER, key);
  entra = openEntra({ store, clock, random, log: silentLog, directory, audit, fetchJson: issuer.fetchJson });
  tenantId = directory.tenant.tenantId;
  const made = directory.createApplication({ displayName: 'app' });
  app = { clientId: made.clientId, secret: made.secret.expose() };
  directory.put({
    type: 'ManagedIdentity',
    objectId: 'b1a4c7de-0000-4000-8000-0000000000aa',
    clientId: CLIENT,
    displayName: 'workload-identity',
    armId: MIRID,
    secrets: [],
    federatedCredentials: [{ name: 'fic', issuer: ISSUER, subject: SUBJECT, audiences: [AUDIENCE] }],
  });
  directory.put({
    type: 'ManagedIdentity',
    objectId: 'b1a4c7de-0000-4000-8000-0000000000bb',
    clientId: SECRETLESS_FREE,
    displayName: 'no-credentials',
    secrets: [],
    federatedCredentials: [],
  });
});

const grant = (kind: 'refresh' | 'device') =>
  entra.grants.issue(kind, { userObjectId: directory.user.objectId, scope: '' });
const nowSec = () => Math.floor(clock.now() / 1000);
const claims = (more: JWTPayload = {}): JWTPayload => ({
  iss: ISSUER,
  sub: SUBJECT,
  aud: [AUDIENCE],
  iat: nowSec(),
  nbf: nowSec(),
  exp: nowSec() + 3600,
  ...more,
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

async function post(
  form: Record<string, string>,
  path = `/${tenantId}/oauth2/v2.0/token`,
  { host = 'login.microsoftonline.com', authorization }: { host?: string; authorization?: string } = {},
): Promise<Answer> {
  const request = new Request(`https://${host}${path}`, { method: 'POST', body: new URLSearchParams(form) });
  if (authorization !== undefined) request.headers.set('authorization', authorization);
  return send(request);
}

async function send(request: Request): Promise<Answer> {
  const response = await entra.service.fetch(request);
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

const assertionForm = (assertion: string, more: Record<string, string> = {}) => ({
  grant_type: 'client_credentials',
  client_id: CLIENT,
  scope: 'https://vault.azure.net/.default',
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: assertion,
  ...more,
});
const secretForm = (more: Record<string, string> = {}) => ({
  grant_type: 'client_credentials',
  client_id: app.clientId,
  client_secret: app.secret,
  scope: 'https://vault.azure.net/.default',
  ...more,
});
const without = (form: Record<string, string>, name: string) =>
  Object.fromEntries(Object.entries(form).filter(([field]) => field !== name));

/** Tested with what they are about: certificate-assertion.test.ts and browser-sign-in.test.ts. */
const ELSEWHERE = new Set(
  [
    [700021, 700023, 1000502, 5002723, 7000112, 7000229],
    [50011, 50034, 54005, 70008, 500112, 501481, 700054, 900971, 7000218, 9002325],
  ].flat(),
);

/** Codes and statuses are those of Entra ID; the texts' parts are what people search for. */
interface Failure {
  readonly when: string;
  readonly ask: () => Promise<Answer>;
  readonly code: AadstsCode;
  readonly status: number;
  readonly error: string;
  readonly text: RegExp;
}

const federated =
  (change: JWTPayload | ((c: JWTPayload) => JWTPayload) = {}, more: Record<string, string> = {}) =>
  async () =>
    post(assertionForm(await issuer.sign(typeof change === 'function' ? change(claims()) : claims(change)), more));

const failures: Failure[] = [
  {
    when: 'the tenant is a GUID that nobody has',
    ask: () => post(secretForm(), '/00000000-1111-4222-8333-444444444444/oauth2/v2.0/token'),
    code: 90002,
    status: 400,
    error: 'invalid_tenant',
    text: /Tenant '00000000-1111-4222-8333-444444444444' not found/,
  },
  {
    when: 'the tenant is a domain that nobody has',
    ask: () => post(secretForm(), '/contoso.onmicrosoft.com/oauth2/v2.0/token'),
    code: 90002,
    status: 400,
    error: 'invalid_tenant',
    text: /Tenant 'contoso\.onmicrosoft\.com' not found/,
  },
  {
    when: 'the tenant is no name at all',
    ask: () => post(secretForm(), '/nonsense/oauth2/v2.0/token'),
    code: 900023,
    status: 400,
    error: 'invalid_request',
    text: /'nonsense' is neither a valid DNS name, nor a valid external domain/,
  },
  {
    when: 'an application asks the organizations endpoint',
    ask: () => post(secretForm(), '/organizations/oauth2/v2.0/token'),
    code: 50059,
    status: 400,
    error: 'invalid_request',
    text: /No tenant-identifying information/,
  },
  {
    when: 'the method is GET',
    ask: () => send(new Request(`https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`)),
    code: 900561,
    status: 400,
    error: 'invalid_request',
    text: /only accepts POST requests\. Received a GET request/,
  },
  ...['grant_type', 'client_id', 'scope'].map((name) => ({
    when: `${name} is missing`,
    ask: () => post(without(secretForm(), name)),
    code: 900144 as const,
    status: 400,
    error: 'invalid_request',
    text: new RegExp(`must contain the following parameter: '${name}'`),
  })),
  {
    when: 'the grant type is unknown',
    ask: () => post(secretForm({ grant_type: 'constructor' })),
    code: 70003,
    status: 400,
    error: 'unsupported_grant_type',
    text: /unsupported grant type 'constructor'/,
  },
  {
    when: 'the scope lacks /.default',
    ask: () => post(secretForm({ scope: 'https://vault.azure.net' })),
    code: 1002012,
    status: 400,
    error: 'invalid_scope',
    text: /value for scope https:\/\/vault\.azure\.net is not valid/,
  },
  {
    when: 'the application does not exist',
    ask: () => post(secretForm({ client_id: 'b1a4c7de-0000-4000-8000-00000000ffff' })),
    code: 700016,
    status: 400,
    error: 'unauthorized_client',
    text: /identifier 'b1a4c7de-0000-4000-8000-00000000ffff' was not found in the directory/,
  },
  {
    when: 'the identity has been deleted',
    ask: () => {
      directory.remove('b1a4c7de-0000-4000-8000-0000000000aa');
      return federated()();
    },
    code: 700016,
    status: 400,
    error: 'unauthorized_client',
    text: /was not found in the directory/,
  },
  {
    when: 'the client id is all zeros',
    ask: () => post(secretForm({ client_id: '00000000-0000-0000-0000-000000000000' })),
    code: 700038,
    status: 400,
    error: 'unauthorized_client',
    text: /is not a valid application identifier/,
  },
  {
    when: 'there is no credential',
    ask: () => post(without(secretForm(), 'client_secret')),
    code: 7000216,
    status: 401,
    error: 'invalid_client',
    text: /'client_assertion', 'client_secret' or 'request' is required/,
  },
  {
    when: 'the secret is wrong',
    ask: () => post(secretForm({ client_secret: 'wrong' })),
    code: 7000215,
    status: 401,
    error: 'invalid_client',
    text: /Invalid client secret provided/,
  },
  {
    when: 'a managed identity is given a secret',
    ask: () => post(secretForm({ client_id: CLIENT })),
    code: 7000215,
    status: 401,
    error: 'invalid_client',
    text: /Invalid client secret provided/,
  },
  {
    when: 'the secret has expired',
    ask: () => {
      const application = directory.applicationByClientId(app.clientId);
      if (application === undefined) throw new Error('no application');
      const expired = { keyId: 'k', sha256: secretDigest(app.secret), expiresAtMs: clock.now() };
      directory.putApplication({ ...application, secrets: [expired] });
      return post(secretForm());
    },
    code: 7000222,
    status: 401,
    error: 'invalid_client',
    text: /are expired/,
  },
  {
    when: 'the assertion is no JWT',
    ask: () => post(assertionForm('not.a.token')),
    code: 50027,
    status: 400,
    error: 'invalid_request',
    text: /JWT token is invalid or malformed/,
  },
  {
    when: 'the assertion never expires',
    ask: federated((all) => without(all as Record<string, string>, 'exp')),
    code: 50027,
    status: 400,
    error: 'invalid_request',
    text: /JWT token is invalid or malformed/,
  },
  {
    when: 'the assertion is signed with HMAC',
    ask: async () =>
      post(
        assertionForm(
          await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid: 'key-1' }).sign(Buffer.alloc(32, 1)),
        ),
      ),
    code: 5002738,
    status: 400,
    error: 'invalid_request',
    text: /'HS256' is not a supported signature algorithm/,
  },
  {
    when: 'the assertion is not signed',
    ask: () => {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      return post(assertionForm(`${part({ alg: 'none', kid: 'key-1' })}.${part(claims())}.`));
    },
    code: 5002738,
    status: 400,
    error: 'invalid_request',
    text: /'none' is not a supported signature algorithm/,
  },
  {
    when: 'the client signed the assertion itself',
    ask: federated({ iss: CLIENT, sub: CLIENT }),
    code: 700027,
    status: 401,
    error: 'invalid_client',
    text: /The key was not found/,
  },
  {
    when: 'Entra ID itself issued the assertion',
    ask: async () => federated({ iss: `https://sts.windows.net/${tenantId}/` })(),
    code: 700222,
    status: 400,
    error: 'invalid_client',
    text: /may not be used for federated identity credential flows/,
  },
  {
    when: 'the application has no federated credential',
    ask: federated({}, { client_id: SECRETLESS_FREE }),
    code: 70025,
    status: 401,
    error: 'invalid_client',
    text: /Client application has no configured federated identity credentials\./,
  },
  {
    when: "the issuer lacks its last slash, as it often does in people's set-ups",
    ask: federated({ iss: ISSUER.slice(0, -1) }),
    code: 700211,
    status: 401,
    error: 'invalid_client',
    text: /presented assertion issuer 'https:\/\/eastus\.oic\.prod-aks\.azure\.com\/tenant\/guid'/,
  },
  {
    when: 'the subject is another service account',
    ask: federated({ sub: 'system:serviceaccount:default:other' }),
    code: 700213,
    status: 401,
    error: 'invalid_client',
    text: /presented assertion subject 'system:serviceaccount:default:other'/,
  },
  {
    when: 'the subject differs in case only',
    ask: federated({ sub: SUBJECT.toUpperCase() }),
    code: 7002138,
    status: 401,
    error: 'invalid_client',
    text: /case-insensitive comparison, but not with case-sensitive comparison/,
  },
  {
    when: 'the audience is another one',
    ask: federated({ aud: 'api://AKSIdentityBinding' }),
    code: 700212,
    status: 401,
    error: 'invalid_client',
    text: /presented assertion audience 'api:\/\/AKSIdentityBinding'/,
  },
  {
    when: 'the audience differs in case only',
    ask: federated({ aud: AUDIENCE.toLowerCase() }),
    code: 700212,
    status: 401,
    error: 'invalid_client',
    text: /presented assertion audience/,
  },
  {
    when: 'the issuer cannot be reached',
    ask: () => {
      issuer.documents.clear();
      return federated()();
    },
    code: 50166,
    status: 400,
    error: 'invalid_request',
    text: /Request to External OIDC endpoint failed\./,
  },
  {
    when: "the issuer's document names another issuer",
    ask: () => {
      const url = `${ISSUER}.well-known/openid-configuration`;
      issuer.documents.set(url, { issuer: ISSUER.slice(0, -1), jwks_uri: `${ISSUER}openid/v1/jwks` });
      return federated()();
    },
    code: 50166,
    status: 400,
    error: 'invalid_request',
    text: /Request to External OIDC endpoint failed\./,
  },
  {
    when: 'the key is not published',
    ask: async () => post(assertionForm(await issuer.sign(claims(), { kid: 'key-2' }))),
    code: 7000272,
    status: 401,
    error: 'invalid_client',
    text: /identifier 'key-2' used to sign the federated credential could not be found/,
  },
  {
    when: 'another key signed under a published id',
    ask: async () => post(assertionForm(await issuer.sign(claims(), {}, otherKey))),
    code: 700027,
    status: 401,
    error: 'invalid_client',
    text: /Client assertion contains an invalid signature/,
  },
  {
    when: 'the assertion has expired',
    ask: federated((all) => ({ ...all, exp: nowSec() - 301 })),
    code: 700024,
    status: 401,
    error: 'invalid_client',
    text: /not within its valid time range\. Current time: 2026-01-01 00:00:00Z, assertion valid from 2026-01-01 00:00:00Z, expiry time of assertion 2025-12-31 23:54:59Z/,
  },
  {
    when: 'the assertion is not valid yet',
    ask: federated((all) => ({ ...all, nbf: nowSec() + 301 })),
    code: 700024,
    status: 401,
    error: 'invalid_client',
    text: /not within its valid time range/,
  },
  {
    when: 'the resource is unknown',
    ask: () => post(secretForm({ scope: 'https://unknown.example.com/.default' })),
    code: 500011,
    status: 400,
    error: 'invalid_resource',
    text: /The resource principal named https:\/\/unknown\.example\.com was not found in the tenant/,
  },
  {
    when: 'a user asks for two resources at once',
    ask: () =>
      post({
        grant_type: 'refresh_token',
        client_id: 'az',
        refresh_token: grant('refresh').expose(),
        scope: 'https://vault.azure.net/.default https://management.azure.com/.default',
      }),
    code: 70011,
    status: 400,
    error: 'invalid_scope',
    text: /'scope' is not valid/,
  },
  {
    when: 'a refresh token is made up',
    ask: () => post({ grant_type: 'refresh_token', client_id: 'az', refresh_token: 'refresh.x.y.z', scope: 'openid' }),
    code: 9002313,
    status: 400,
    error: 'invalid_grant',
    text: /Request is malformed or invalid/,
  },
  {
    when: 'a device code is used as a refresh token',
    ask: () =>
      post({
        grant_type: 'refresh_token',
        client_id: 'az',
        refresh_token: grant('device').expose(),
        scope: 'openid',
      }),
    code: 9002313,
    status: 400,
    error: 'invalid_grant',
    text: /Request is malformed or invalid/,
  },
  {
    when: 'instance discovery is asked about a host of no cloud',
    ask: () =>
      send(
        new Request(
          'https://login.microsoftonline.com/common/discovery/instance?api-version=1.1&authorization_endpoint=https://login.example.com/x/oauth2/v2.0/authorize',
        ),
      ),
    code: 50049,
    status: 400,
    error: 'invalid_instance',
    text: /Unknown or invalid instance/,
  },
];

describe('a failure of the token endpoint', () => {
  it.each(failures)('is AADSTS$code when $when', async ({ ask, code, status, error, text }) => {
    const answer = await ask();
    expect(answer.body).toMatchObject({ error, error_codes: [code] });
    expect(answer.status).toBe(status);
    const { error_description: description, trace_id: trace, correlation_id: correlation, timestamp } = answer.body;
    expect(description).toMatch(text);
    expect(description).toMatch(new RegExp(`^AADSTS${code}: `));
    expect(timestamp).toBe('2026-01-01 00:00:00Z');
    expect(description).toContain(` Trace ID: ${String(trace)} Correlation ID: ${String(correlation)} Timestamp: `);
    expect(answer.headers.get('x-ms-request-id')).toBe(trace);
  });

  it('is tested for every code of the table', () => {
    const tested = new Set(failures.map(({ code }) => code));
    const untested = Object.keys(AADSTS).filter(
      (code) => !ELSEWHERE.has(Number(code)) && !tested.has(Number(code) as AadstsCode),
    );
    expect(untested).toEqual([]);
  });

  it('echoes the client-request-id as the correlation id', async () => {
    const id = '11111111-2222-4333-8444-555555555555';
    const answer = await send(
      new Request(`https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`, {
        method: 'POST',
        headers: { 'client-request-id': id },
      }),
    );
    expect(answer.body['correlation_id']).toBe(id);
    expect(answer.headers.get('client-request-id')).toBe(id);
  });

  it('names no secret and no assertion', async () => {
    const assertion = await issuer.sign(claims({ sub: 'other' }));
    const answers = [await post(assertionForm(assertion)), await post(secretForm({ client_secret: 'hunter2' }))];
    expect(JSON.stringify(answers)).not.toContain(assertion.slice(-40));
    expect(JSON.stringify(answers)).not.toContain('hunter2');
  });
});

describe('the checks run in the order of Entra ID', () => {
  const order: { first: string; next: string; code: AadstsCode; ask: () => Promise<Answer> }[] = [
    {
      first: 'tenant',
      next: 'grant type',
      code: 900023,
      ask: () => post(secretForm({ grant_type: 'x' }), '/x/oauth2/v2.0/token'),
    },
    {
      first: 'scope',
      next: 'application',
      code: 1002012,
      ask: () => post(secretForm({ scope: 'x', client_id: 'x' })),
    },
    {
      first: 'application',
      next: 'assertion',
      code: 700016,
      ask: () => post(assertionForm('not.a.token', { client_id: 'x' })),
    },
    {
      first: 'issuer',
      next: 'subject',
      code: 700211,
      ask: federated({ iss: 'https://other/', sub: 'other', aud: 'other' }),
    },
    { first: 'subject', next: 'audience', code: 700213, ask: federated({ sub: 'other', aud: 'other' }) },
    {
      first: 'audience',
      next: 'signature',
      code: 700212,
      ask: async () => post(assertionForm(await issuer.sign(claims({ aud: 'other' }), {}, otherKey))),
    },
    {
      first: 'signature',
      next: 'times',
      code: 700027,
      ask: async () => post(assertionForm(await issuer.sign(claims({ exp: 1 }), {}, otherKey))),
    },
    {
      first: 'times',
      next: 'resource',
      code: 700024,
      ask: federated({ exp: 1 }, { scope: 'https://unknown.example.com/.default' }),
    },
  ];
  it.each(order)('$first before $next', async ({ ask, code }) => {
    expect((await ask()).body['error_codes']).toEqual([code]);
  });
});

describe('a federated exchange', () => {
  it('answers with the recorded fields, for a day', async () => {
    const answer = await federated()();
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body).sort()).toEqual([
      'access_token',
      'expires_in',
      'ext_expires_in',
      'refresh_in',
      'token_type',
    ]);
    expect(answer.body['expires_in']).toBe(86_399);
    expect(answer.headers.get('cache-control')).toBe('no-store, no-cache');
  });

  it('makes a v1.0 token of the managed identity', async () => {
    const { body } = await federated(
      {},
      {
        claims: '{"access_token":{"xms_cc":{"values":["cp1"]}}}',
      },
    )();
    const token = String(body['access_token']);
    const header = decodeProtectedHeader(token);
    expect(header).toMatchObject({ typ: 'JWT', alg: 'RS256', kid: header.kid, x5t: header.kid });
    expect(decodeJwt(token)).toMatchObject({
      aud: 'https://vault.azure.net',
      iss: `https://sts.windows.net/${tenantId}/`,
      appid: CLIENT,
      appidacr: '2',
      idp: `https://sts.windows.net/${tenantId}/`,
      idtyp: 'app',
      oid: 'b1a4c7de-0000-4000-8000-0000000000aa',
      sub: 'b1a4c7de-0000-4000-8000-0000000000aa',
      tid: tenantId,
      ver: '1.0',
      xms_mirid: '/subscriptions/s/resourcegroups/Rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Id',
      xms_cc: ['cp1'],
      iat: nowSec(),
      exp: nowSec() + 86_399,
    });
  });

  it('stands for an application as well as for a managed identity', async () => {
    const application = directory.applicationByClientId(app.clientId);
    if (application === undefined) throw new Error('no application');
    directory.putApplication({
      ...application,
      federatedCredentials: [{ name: 'fic', issuer: ISSUER, subject: SUBJECT, audiences: [AUDIENCE] }],
    });
    const answer = await post(assertionForm(await issuer.sign(claims()), { client_id: app.clientId }));
    expect(answer.status).toBe(200);
    expect(decodeJwt(String(answer.body['access_token']))).toMatchObject({
      appid: app.clientId,
      oid: directory.byClientId(app.clientId)?.objectId,
      appidacr: '2',
    });
  });

  it('begins to fail as soon as the credential is gone, and works again when it is back', async () => {
    const identity = directory.byClientId(CLIENT);
    if (identity === undefined) throw new Error('no identity');
    expect((await federated()()).status).toBe(200);
    directory.put({ ...identity, federatedCredentials: [] });
    expect((await federated()()).body['error_codes']).toEqual([70025]);
    directory.put(identity);
    expect((await federated()()).status).toBe(200);
  });

  it('is one audit fact with what the assertion claimed', async () => {
    const request = new Request(`https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`, {
      method: 'POST',
      body: new URLSearchParams(assertionForm(await issuer.sign(claims({ sub: 'other' })))),
    });
    await entra.service.fetch(request);
    audit.record(request, { service: 'entra', method: 'POST', host: 'h', path: '/', status: 401, durationMs: 1 });
    expect(audit.records().at(-1)).toMatchObject({
      operation: 'TokenIssue',
      result: 'AADSTS700213',
      identity: { clientId: CLIENT, name: 'workload-identity' },
      details: { issuer: ISSUER, subject: 'other', audience: AUDIENCE, resource: 'https://vault.azure.net' },
    });
  });
});

describe('a client secret', () => {
  const scopes = [
    ['https://vault.azure.net/.default', 'https://vault.azure.net'],
    ['https://management.core.windows.net//.default', 'https://management.core.windows.net/'],
    ['https://management.azure.com/.default openid profile offline_access', 'https://management.azure.com'],
    ['https://graph.microsoft.com/.default', 'https://graph.microsoft.com'],
    ['https://vault.usgovcloudapi.net/.default', 'https://vault.usgovcloudapi.net'],
    ['cfa8b339-82a2-471a-a3c9-0fc0be7a4093/.default', 'cfa8b339-82a2-471a-a3c9-0fc0be7a4093'],
  ];
  it.each(scopes)('with the scope %s buys a token for %s', async (scope, audience) => {
    const { status, body } = await post(secretForm({ scope }));
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'ext_expires_in', 'token_type']);
    expect(body['expires_in']).toBe(3599);
    expect(decodeJwt(String(body['access_token']))).toMatchObject({
      aud: audience,
      appidacr: '1',
      appid: app.clientId,
    });
  });

  it.each(['api://my-api', 'API://my-api/', 'the client id'])('buys a token for an application as %s', async (name) => {
    const { clientId } = directory.createApplication({ displayName: 'api' });
    const application = directory.applicationByClientId(clientId);
    if (application === undefined) throw new Error('no application');
    directory.putApplication({ ...application, identifierUris: ['api://my-api'] });
    const audience = name === 'the client id' ? clientId : name;
    const { status, body } = await post(secretForm({ scope: `${audience}/.default` }));
    expect([status, decodeJwt(String(body['access_token'])).aud]).toEqual([200, audience]);
  });

  it('buys a v2.0 token for an application that takes those, whatever it is asked for by', async () => {
    const { clientId } = directory.createApplication({ displayName: 'api' });
    const application = directory.applicationByClientId(clientId);
    if (application === undefined) throw new Error('no application');
    directory.putApplication({
      ...application,
      identifierUris: ['api://v2-api'],
      properties: { api: { requestedAccessTokenVersion: 2 } },
    });
    for (const [host, scope] of [
      ['login.microsoftonline.com', 'api://v2-api/.default'],
      ['login.microsoftonline.us', `${clientId}/.default`],
    ] as const) {
      const { body } = await post(secretForm({ scope }), undefined, { host });
      const claims = decodeJwt(String(body['access_token']));
      expect(claims).toMatchObject({
        aud: clientId,
        iss: `https://${host}/${tenantId}/v2.0`,
        azp: app.clientId,
        azpacr: '1',
        ver: '2.0',
      });
      expect(Object.keys(claims)).not.toEqual(expect.arrayContaining(['appid']));
    }
  });

  it.each([
    ['as it is', (text: string) => text],
    ['form-encoded', encodeURIComponent],
  ])('may come in the Authorization header, %s', async (_, encode) => {
    const form = without(without(secretForm(), 'client_id'), 'client_secret');
    const basic = (secret: string) =>
      `Basic ${Buffer.from(`${encode(app.clientId)}:${encode(secret)}`).toString('base64')}`;
    expect((await post(form, undefined, { authorization: basic(app.secret) })).status).toBe(200);
    const refused = await post(form, undefined, { authorization: basic('50% wrong+secret') });
    expect([refused.status, refused.body['error_codes']]).toEqual([401, [7000215]]);
  });

  it('is accepted by the hosts of regions, which name themselves in their documents', async () => {
    const host = 'westeurope.login.microsoft.com';
    expect(entra.service.serves(host)).toBe(true);
    expect((await post(secretForm(), undefined, { host })).status).toBe(200);
    const { body } = await send(new Request(`https://${host}/${tenantId}/v2.0/.well-known/openid-configuration`));
    expect(body).toMatchObject({
      issuer: `https://login.microsoftonline.com/${tenantId}/v2.0`,
      token_endpoint: `https://${host}/${tenantId}/oauth2/v2.0/token`,
    });
  });

  it('buys no token for an application without a service principal', async () => {
    const { clientId, objectId } = directory.createApplication({ displayName: 'api' });
    directory.remove(objectId);
    expect((await post(secretForm({ scope: `${clientId}/.default` }))).body['error_codes']).toEqual([500011]);
  });

  it('is accepted under the domain of the tenant and on every login host', async () => {
    const path = `/${directory.tenant.defaultDomain.toUpperCase()}/oauth2/v2.0/token`;
    expect((await post(secretForm(), path)).status).toBe(200);
    expect(entra.service.serves('login.windows.net')).toBe(true);
    expect(entra.service.serves('login.example.com')).toBe(false);
  });

  it('works at the v1.0 endpoint, which takes a resource and answers strings', async () => {
    const form = { ...without(secretForm(), 'scope'), resource: 'https://vault.azure.net' };
    const { status, body } = await post(form, `/${tenantId}/oauth2/token`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ resource: 'https://vault.azure.net', expires_on: String(nowSec() + 3599) });
  });
});

describe('the signed-in user', () => {
  it('trades a refresh token in for tokens of any resource', async () => {
    const refreshToken = grant('refresh').expose();
    const { status, body } = await post({
      grant_type: 'refresh_token',
      client_id: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
      refresh_token: refreshToken,
      scope: 'https://management.core.windows.net//.default offline_access openid profile',
    });
    expect(status).toBe(200);
    expect(decodeJwt(String(body['access_token']))).toMatchObject({
      aud: 'https://management.core.windows.net/',
      idtyp: 'user',
      oid: directory.user.objectId,
      upn: directory.user.userPrincipalName,
      scp: 'user_impersonation',
      appidacr: '0',
    });
    expect(decodeJwt(String(body['id_token']))).toMatchObject({
      aud: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
      preferred_username: directory.user.userPrincipalName,
    });
    const info = JSON.parse(Buffer.from(String(body['client_info']), 'base64url').toString()) as unknown;
    expect(info).toEqual({ uid: directory.user.objectId, utid: tenantId });
    expect(entra.grants.read('refresh', String(body['refresh_token']))?.userObjectId).toBe(directory.user.objectId);
    expect(body['scope']).toBe(
      'https://management.core.windows.net//user_impersonation https://management.core.windows.net//.default',
    );
  });

  it('gets the permission that it asks an application for, or with .default all that it offers', async () => {
    const { clientId } = directory.createApplication({ displayName: 'api' });
    const application = directory.applicationByClientId(clientId);
    if (application === undefined) throw new Error('no application');
    const oauth2PermissionScopes = ['read', 'write', 'gone'].map((value) => ({ value, isEnabled: value !== 'gone' }));
    directory.putApplication({
      ...application,
      identifierUris: ['api://scoped'],
      properties: { api: { oauth2PermissionScopes } },
    });
    const scopes = async (name: string) => {
      const { body } = await post({
        grant_type: 'refresh_token',
        client_id: 'az',
        refresh_token: grant('refresh').expose(),
        scope: `api://scoped/${name} openid`,
      });
      return [decodeJwt(String(body['access_token']))['scp'], body['scope']];
    };
    expect(await scopes('read')).toEqual(['read', 'api://scoped/read']);
    expect(await scopes('.default')).toEqual([
      'read write',
      'api://scoped/read api://scoped/write api://scoped/.default',
    ]);
  });

  it('is refused tokens through an application whose secret is wrong', async () => {
    const form = {
      ...secretForm({ scope: 'openid' }),
      grant_type: 'refresh_token',
      refresh_token: grant('refresh').expose(),
    };
    expect((await post(form)).status).toBe(200);
    const refused = await post({ ...form, client_secret: 'hunter2' });
    expect([refused.status, refused.body['error_codes']]).toEqual([401, [7000215]]);
  });

  it('gets a device code from the v1.0 endpoint too, and none without a client', async () => {
    const path = '/organizations/oauth2/devicecode';
    expect((await post({ client_id: 'az', resource: 'https://vault.azure.net' }, path)).status).toBe(200);
    expect((await post({ scope: 'openid' }, path)).body['error_codes']).toEqual([900144]);
  });

  it('signs in by device code without a question, for the scope that the code was asked for', async () => {
    const scope = 'https://management.core.windows.net//.default openid';
    const code = await post({ client_id: 'az', scope }, '/organizations/oauth2/v2.0/devicecode');
    const { status, body } = await post(
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        client_id: 'az',
        device_code: String(code.body['device_code']),
      },
      '/organizations/oauth2/v2.0/token',
    );
    expect(status).toBe(200);
    expect(decodeJwt(String(body['access_token']))).toMatchObject({
      oid: directory.user.objectId,
      aud: 'https://management.core.windows.net/',
    });
    expect(body['id_token']).toBeDefined();
  });
});

describe('the discovery documents', () => {
  const get = (path: string) => send(new Request(`https://login.microsoftonline.com${path}`));

  it('name the endpoints of the tenant', async () => {
    const { body } = await get(`/${tenantId}/v2.0/.well-known/openid-configuration`);
    expect(body).toMatchObject({
      issuer: `https://login.microsoftonline.com/${tenantId}/v2.0`,
      token_endpoint: `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`,
      authorization_endpoint: `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/authorize`,
      jwks_uri: `https://login.microsoftonline.com/${tenantId}/discovery/v2.0/keys`,
    });
  });

  it('keep the placeholder for organizations', async () => {
    const { body } = await get('/organizations/v2.0/.well-known/openid-configuration');
    expect(body['issuer']).toBe('https://login.microsoftonline.com/{tenantid}/v2.0');
    expect(body['token_endpoint']).toBe('https://login.microsoftonline.com/organizations/oauth2/v2.0/token');
  });

  it.each([
    ['login.microsoftonline.com', 'sts.windows.net', 'microsoftonline.com', 'graph.microsoft.com'],
    ['login.microsoftonline.us', 'sts.windows.net', 'microsoftonline.us', 'graph.microsoft.us'],
    [
      'login.partner.microsoftonline.cn',
      'sts.chinacloudapi.cn',
      'partner.microsoftonline.cn',
      'microsoftgraph.chinacloudapi.cn',
    ],
  ])('at %s are those of its cloud', async (host, tokenIssuerHost, cloud_instance_name, msgraph_host) => {
    const at = (path: string) =>
      send(new Request(`https://${host}/${tenantId}${path}/.well-known/openid-configuration`));
    const [v1, v2] = [(await at('')).body, (await at('/v2.0')).body];
    expect(v1['issuer']).toBe(`https://${tokenIssuerHost}/${tenantId}/`);
    expect(v2['issuer']).toBe(`https://${host}/${tenantId}/v2.0`);
    expect(v2).toMatchObject({ cloud_instance_name, msgraph_host });
  });

  it('of consumers are those of the tenant of personal accounts, in which nobody can sign in', async () => {
    const { body } = await get('/consumers/v2.0/.well-known/openid-configuration');
    expect(body).toMatchObject({
      issuer: 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
      token_endpoint: 'https://login.microsoftonline.com/consumers/oauth2/v2.0/token',
    });
    for (const path of ['token', 'devicecode']) {
      const refused = await post(secretForm(), `/consumers/oauth2/v2.0/${path}`);
      expect([refused.status, refused.body['error_codes']]).toEqual([400, [700016]]);
    }
  });

  it('refuse a tenant that nobody has', async () => {
    const { status, body } = await get('/contoso.com/v2.0/.well-known/openid-configuration');
    expect([status, body['error_codes']]).toEqual([400, [90002]]);
  });

  it.each(['discovery/v2.0/keys', 'discovery/keys'])('publish the key of the tokens at %s', async (path) => {
    const { body } = await get(`/${tenantId}/${path}`);
    const token = String((await post(secretForm())).body['access_token']);
    expect((body['keys'] as { kid: string }[])[0]?.kid).toBe(decodeProtectedHeader(token).kid);
  });

  it('answer instance discovery with the hosts that are one cloud', async () => {
    const { body } = await get(
      '/common/discovery/instance?api-version=1.1&authorization_endpoint=https%3A%2F%2Flogin.microsoftonline.com%2Fabc%2Foauth2%2Fv2.0%2Fauthorize',
    );
    expect(body['tenant_discovery_endpoint']).toBe(
      'https://login.microsoftonline.com/abc/v2.0/.well-known/openid-configuration',
    );
    expect((body['metadata'] as { aliases: string[] }[])[0]?.aliases).toContain('login.windows.net');
  });
});
