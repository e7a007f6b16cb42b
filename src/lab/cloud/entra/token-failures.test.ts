import { SignJWT } from 'jose';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryStore } from '#lab/store';
import { secretDigest } from '../client-secret.ts';
import { AADSTS, type AadstsCode } from './aadsts.ts';
import { openSigningKey } from './signing-key.ts';
import {
  AUDIENCE,
  CLIENT,
  createTokenScene,
  ISSUER,
  otherKey,
  SECRETLESS_FREE,
  SUBJECT,
  without,
  type Answer,
  type TokenScene,
} from './testing/token-scene.ts';

let scene: TokenScene;
// One store for all tests: it keeps the signing key, which takes time to make.
const store = createMemoryStore();

beforeAll(async () => {
  await openSigningKey(store);
});

beforeEach(async () => {
  scene = await createTokenScene(store);
});

/** Tested with what they are about: certificate-assertion.test.ts, browser-sign-in.test.ts, test/integration/cloud-faults.test.ts. */
const ELSEWHERE = new Set(
  [
    [700021, 700023, 1000502, 5002723, 7000112, 7000229],
    [50011, 50034, 54005, 70008, 500112, 501481, 700054, 900971, 7000218, 9002325],
    [90033, 90055],
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
  (...claimed: Parameters<TokenScene['federated']>) =>
  () =>
    scene.federated(...claimed);

const failures: Failure[] = [
  {
    when: 'the tenant is a GUID that nobody has',
    ask: () => scene.post(scene.secretForm(), '/00000000-1111-4222-8333-444444444444/oauth2/v2.0/token'),
    code: 90002,
    status: 400,
    error: 'invalid_tenant',
    text: /Tenant '00000000-1111-4222-8333-444444444444' not found/,
  },
  {
    when: 'the tenant is a domain that nobody has',
    ask: () => scene.post(scene.secretForm(), '/contoso.onmicrosoft.com/oauth2/v2.0/token'),
    code: 90002,
    status: 400,
    error: 'invalid_tenant',
    text: /Tenant 'contoso\.onmicrosoft\.com' not found/,
  },
  {
    when: 'the tenant is no name at all',
    ask: () => scene.post(scene.secretForm(), '/nonsense/oauth2/v2.0/token'),
    code: 900023,
    status: 400,
    error: 'invalid_request',
    text: /'nonsense' is neither a valid DNS name, nor a valid external domain/,
  },
  {
    when: 'an application asks the organizations endpoint',
    ask: () => scene.post(scene.secretForm(), '/organizations/oauth2/v2.0/token'),
    code: 50059,
    status: 400,
    error: 'invalid_request',
    text: /No tenant-identifying information/,
  },
  {
    when: 'the method is GET',
    ask: () => scene.send(new Request(`https://login.microsoftonline.com/${scene.tenantId}/oauth2/v2.0/token`)),
    code: 900561,
    status: 400,
    error: 'invalid_request',
    text: /only accepts POST requests\. Received a GET request/,
  },
  ...['grant_type', 'client_id', 'scope'].map((name) => ({
    when: `${name} is missing`,
    ask: () => scene.post(without(scene.secretForm(), name)),
    code: 900144 as const,
    status: 400,
    error: 'invalid_request',
    text: new RegExp(`must contain the following parameter: '${name}'`),
  })),
  {
    when: 'the grant type is unknown',
    ask: () => scene.post(scene.secretForm({ grant_type: 'constructor' })),
    code: 70003,
    status: 400,
    error: 'unsupported_grant_type',
    text: /unsupported grant type 'constructor'/,
  },
  {
    when: 'the scope lacks /.default',
    ask: () => scene.post(scene.secretForm({ scope: 'https://vault.azure.net' })),
    code: 1002012,
    status: 400,
    error: 'invalid_scope',
    text: /value for scope https:\/\/vault\.azure\.net is not valid/,
  },
  {
    when: 'the application does not exist',
    ask: () => scene.post(scene.secretForm({ client_id: 'b1a4c7de-0000-4000-8000-00000000ffff' })),
    code: 700016,
    status: 400,
    error: 'unauthorized_client',
    text: /identifier 'b1a4c7de-0000-4000-8000-00000000ffff' was not found in the directory/,
  },
  {
    when: 'the identity has been deleted',
    ask: () => {
      scene.directory.remove('b1a4c7de-0000-4000-8000-0000000000aa');
      return scene.federated();
    },
    code: 700016,
    status: 400,
    error: 'unauthorized_client',
    text: /was not found in the directory/,
  },
  {
    when: 'the client id is all zeros',
    ask: () => scene.post(scene.secretForm({ client_id: '00000000-0000-0000-0000-000000000000' })),
    code: 700038,
    status: 400,
    error: 'unauthorized_client',
    text: /is not a valid application identifier/,
  },
  {
    when: 'there is no credential',
    ask: () => scene.post(without(scene.secretForm(), 'client_secret')),
    code: 7000216,
    status: 401,
    error: 'invalid_client',
    text: /'client_assertion', 'client_secret' or 'request' is required/,
  },
  {
    when: 'the secret is wrong',
    ask: () => scene.post(scene.secretForm({ client_secret: 'wrong' })),
    code: 7000215,
    status: 401,
    error: 'invalid_client',
    text: /Invalid client secret provided/,
  },
  {
    when: 'a managed identity is given a secret',
    ask: () => scene.post(scene.secretForm({ client_id: CLIENT })),
    code: 7000215,
    status: 401,
    error: 'invalid_client',
    text: /Invalid client secret provided/,
  },
  {
    when: 'the secret has expired',
    ask: () => {
      const application = scene.directory.applicationByClientId(scene.app.clientId);
      if (application === undefined) throw new Error('no application');
      const expired = { keyId: 'k', sha256: secretDigest(scene.app.secret), expiresAtMs: scene.clock.now() };
      scene.directory.putApplication({ ...application, secrets: [expired] });
      return scene.post(scene.secretForm());
    },
    code: 7000222,
    status: 401,
    error: 'invalid_client',
    text: /are expired/,
  },
  {
    when: 'the assertion is no JWT',
    ask: () => scene.post(scene.assertionForm('not.a.token')),
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
      scene.post(
        scene.assertionForm(
          await new SignJWT(scene.claims())
            .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
            .sign(Buffer.alloc(32, 1)),
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
      return scene.post(scene.assertionForm(`${part({ alg: 'none', kid: 'key-1' })}.${part(scene.claims())}.`));
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
    ask: async () => federated({ iss: `https://sts.windows.net/${scene.tenantId}/` })(),
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
    text: /The client '[-0-9a-f]{36}'\([^)]+\) has no configured federated identity credentials\./,
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
      scene.issuer.documents.clear();
      return scene.federated();
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
      scene.issuer.documents.set(url, { issuer: ISSUER.slice(0, -1), jwks_uri: `${ISSUER}openid/v1/jwks` });
      return scene.federated();
    },
    code: 50166,
    status: 400,
    error: 'invalid_request',
    text: /Request to External OIDC endpoint failed\./,
  },
  {
    when: "the issuer's keys are not a set of keys",
    ask: () => {
      scene.issuer.documents.set(`${ISSUER}openid/v1/jwks`, { keys: 'none' });
      return scene.federated();
    },
    code: 900612,
    status: 400,
    error: 'invalid_request',
    text: /Failed to parse provider signing keys\./,
  },
  {
    when: 'the key is not published',
    ask: async () => scene.post(scene.assertionForm(await scene.issuer.sign(scene.claims(), { kid: 'key-2' }))),
    code: 7000272,
    status: 401,
    error: 'invalid_client',
    text: /identifier key-2 used to sign the federated credential could not be found in the metadata of identity provider https:\/\/eastus\S+\. Please validate/,
  },
  {
    when: 'another key signed under a published id',
    ask: async () => scene.post(scene.assertionForm(await scene.issuer.sign(scene.claims(), {}, otherKey))),
    code: 700027,
    status: 401,
    error: 'invalid_client',
    text: /Client assertion contains an invalid signature/,
  },
  {
    when: 'the assertion has expired',
    ask: federated((all) => ({ ...all, exp: scene.nowSec() - 301 })),
    code: 700024,
    status: 401,
    error: 'invalid_client',
    text: /not within its valid time range\. Current time: 2026-01-01T00:00:00\.0000000Z, assertion valid from 2026-01-01T00:00:00\.0000000Z, expiry time of assertion 2025-12-31T23:54:59\.0000000Z/,
  },
  {
    when: 'the assertion is not valid yet',
    ask: federated((all) => ({ ...all, nbf: scene.nowSec() + 301 })),
    code: 700024,
    status: 401,
    error: 'invalid_client',
    text: /not within its valid time range/,
  },
  {
    when: 'the resource is unknown',
    ask: () => scene.post(scene.secretForm({ scope: 'https://unknown.example.com/.default' })),
    code: 500011,
    status: 400,
    error: 'invalid_resource',
    text: /The resource principal named https:\/\/unknown\.example\.com was not found in the tenant/,
  },
  {
    when: 'a user asks for two resources at once',
    ask: () =>
      scene.post({
        grant_type: 'refresh_token',
        client_id: 'az',
        refresh_token: scene.grant('refresh').expose(),
        scope: 'https://vault.azure.net/.default https://management.azure.com/.default',
      }),
    code: 70011,
    status: 400,
    error: 'invalid_scope',
    text: /'scope' is not valid/,
  },
  {
    when: 'a refresh token is made up',
    ask: () =>
      scene.post({ grant_type: 'refresh_token', client_id: 'az', refresh_token: 'refresh.x.y.z', scope: 'openid' }),
    code: 9002313,
    status: 400,
    error: 'invalid_grant',
    text: /Request is malformed or invalid/,
  },
  {
    when: 'a device code is used as a refresh token',
    ask: () =>
      scene.post({
        grant_type: 'refresh_token',
        client_id: 'az',
        refresh_token: scene.grant('device').expose(),
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
      scene.send(
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
    const answer = await scene.send(
      new Request(`https://login.microsoftonline.com/${scene.tenantId}/oauth2/v2.0/token`, {
        method: 'POST',
        headers: { 'client-request-id': id },
      }),
    );
    expect(answer.body['correlation_id']).toBe(id);
    expect(answer.headers.get('client-request-id')).toBe(id);
  });

  it('names no secret and no assertion', async () => {
    const assertion = await scene.issuer.sign(scene.claims({ sub: 'other' }));
    const answers = [
      await scene.post(scene.assertionForm(assertion)),
      await scene.post(scene.secretForm({ client_secret: 'hunter2' })),
    ];
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
      ask: () => scene.post(scene.secretForm({ grant_type: 'x' }), '/x/oauth2/v2.0/token'),
    },
    {
      first: 'scope',
      next: 'application',
      code: 1002012,
      ask: () => scene.post(scene.secretForm({ scope: 'x', client_id: 'x' })),
    },
    {
      first: 'application',
      next: 'assertion',
      code: 700016,
      ask: () => scene.post(scene.assertionForm('not.a.token', { client_id: 'x' })),
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
      ask: async () =>
        scene.post(scene.assertionForm(await scene.issuer.sign(scene.claims({ aud: 'other' }), {}, otherKey))),
    },
    {
      first: 'signature',
      next: 'times',
      code: 700027,
      ask: async () => scene.post(scene.assertionForm(await scene.issuer.sign(scene.claims({ exp: 1 }), {}, otherKey))),
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
