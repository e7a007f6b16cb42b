import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KeyferryError, Secret, systemClock, systemRandom } from '#base';
import { createCertificateAuthority } from '#crypto';
import { startHttpServer, type HttpServer } from '#http';
import type { AzureRequest, TokenSource } from './access.ts';
import { createAzureClients } from './azure-clients.ts';
import { parseCloudEnvironment, type Cloud } from './clouds.ts';
import type { Credential } from './credential.ts';

// The official libraries against one local HTTPS server that stands for Entra ID and a vault.

const ASSERTION = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwb2QifQ.c2lnbmF0dXJl';
const ACCESS_TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJhcHBpZCI6ImNsaWVudCJ9.YWNjZXNz';

interface Seen {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly form: URLSearchParams;
}

type Answer = (response: ServerResponse, seen: Seen) => void;

const json = (status: number, body: object, headers: Record<string, string> = {}): Answer => {
  return (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};

let server: HttpServer;
let cloud: Cloud;
let seen: Seen[];
let counted: AzureRequest[];
let token: Answer;
let vault: Answer;

let agent: Agent;

const toThisMachine: LookupFunction = (_name, how, done) =>
  how.all === true ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);

beforeAll(async () => {
  const options = { clock: systemClock, random: systemRandom };
  const authority = await createCertificateAuthority('test', options);
  const leaf = await authority.issueServer({ dnsNames: ['login.test', 'kv.vault.test'] });
  server = await startHttpServer({
    tls: { key: leaf.keyPem, cert: leaf.certPem },
    listener: (request, response) => void answer(request, response),
  });
  // Finds the test's names on this machine, and trusts the test's authority.
  agent = new Agent({
    keepAlive: true,
    ca: authority.pair.certPem,
    lookup: toThisMachine,
  });
  cloud = parseCloudEnvironment(
    JSON.stringify({
      activeDirectoryEndpoint: `https://login.test:${server.port}/`,
      keyVaultDNSSuffix: `vault.test:${server.port}`,
      resourceIdentifiers: { keyVault: `https://vault.test:${server.port}` },
    }),
    'test',
  );
});

afterAll(async () => {
  agent.destroy();
  await server[Symbol.asyncDispose]();
});

beforeEach(() => {
  seen = [];
  counted = [];
  token = json(200, { token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599, access_token: ACCESS_TOKEN });
  vault = json(200, {
    value: 'the value',
    id: `https://kv.vault.test:${server.port}/secrets/one/0123456789abcdef0123456789abcdef`,
    contentType: 'text/plain',
    attributes: { enabled: true, created: 1, updated: 1 },
  });
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const record: Seen = {
    method: request.method ?? '',
    host: request.headers.host?.split(':')[0] ?? '',
    path: request.url?.split('?')[0] ?? '',
    headers: request.headers,
    form: new URLSearchParams(await text(request)),
  };
  seen.push(record);
  if (record.host === 'kv.vault.test') vault(response, record);
  else if (record.path.endsWith('/openid-configuration')) {
    const tenant = `https://login.test:${server.port}/tenant`;
    json(200, {
      issuer: `${tenant}/v2.0`,
      token_endpoint: `${tenant}/oauth2/v2.0/token`,
      authorization_endpoint: `${tenant}/oauth2/v2.0/authorize`,
      jwks_uri: `${tenant}/keys`,
    })(response, record);
  } else token(response, record);
}

const signal = new AbortController().signal;
const clients = (timeoutMs = 10_000) =>
  createAzureClients({
    clock: systemClock,
    userAgent: 'keyferry/test',
    timeoutMs,
    agent,
    onRequest: (request) => void counted.push(request),
  });
const workload = (assertion = ASSERTION): Credential => ({
  mode: 'workload-identity',
  tenantId: 'tenant',
  clientId: 'client',
  assertion: new Secret(assertion),
});
const scope = () => `${cloud.vaultResource}/.default`;
const getToken = (credential = workload(), timeoutMs?: number) =>
  clients(timeoutMs).tokenSource(cloud, credential).token(scope(), { signal });
type Tokens = Pick<TokenSource, 'token'>;
const reader = (tokens?: Tokens, where = cloud, timeoutMs?: number) =>
  clients(timeoutMs).vaultReader({
    cloud: where,
    vaultUrl: `https://kv.${cloud.vaultDnsSuffix}`,
    tokens: tokens ?? {
      token: () => Promise.resolve({ token: new Secret(ACCESS_TOKEN), expiresAtMs: systemClock.now() + 60_000 }),
    },
  });

async function failure(work: Promise<unknown>): Promise<KeyferryError> {
  const error: unknown = await work.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof KeyferryError)) throw error;
  const everything = inspect(error, { depth: 10, showHidden: true });
  expect(everything).not.toContain('eyJ');
  expect(everything).not.toContain('the value');
  return error;
}

const challenge = (resource: string) =>
  json(
    401,
    { error: { code: 'Unauthorized', message: 'Request is missing a Bearer or PoP token.' } },
    { 'www-authenticate': `Bearer authorization="https://login.test/tenant", resource="${resource}"` },
  );

describe('a token', () => {
  it('is one POST with the assertion, after the metadata of a cloud that is not Microsoft’s', async () => {
    const { token: found, expiresAtMs } = await getToken();
    expect(found.expose()).toBe(ACCESS_TOKEN);
    expect(expiresAtMs - systemClock.now()).toBeGreaterThan(3_500_000);
    expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /tenant/v2.0/.well-known/openid-configuration',
      'POST /tenant/oauth2/v2.0/token',
    ]);
    const form = seen[1]?.form;
    expect(form?.get('client_assertion')).toBe(ASSERTION);
    expect(form?.get('client_id')).toBe('client');
    expect(form?.get('grant_type')).toBe('client_credentials');
    expect(form?.get('scope')).toContain(scope());
    expect(seen[1]?.headers['user-agent']).toContain('keyferry/test');
    expect(counted.map(({ service, status }) => `${service} ${status}`)).toEqual(['entra 200', 'entra 200']);
  });

  it('is never taken from what another assertion of the same client was given', async () => {
    const azure = clients();
    await azure.tokenSource(cloud, workload('first')).token(scope(), { signal });
    await azure.tokenSource(cloud, workload('second')).token(scope(), { signal });
    const assertions = seen.filter(({ method }) => method === 'POST').map(({ form }) => form.get('client_assertion'));
    expect(assertions).toEqual(['first', 'second']);
  });

  it('tells the id that Entra ID’s sign-in log has of the exchange', async () => {
    const ids: string[] = [];
    await clients()
      .tokenSource(cloud, workload())
      .token(scope(), { signal, onSent: (id) => ids.push(id) });
    const id = seen.find(({ method }) => method === 'POST')?.form.get('client-request-id');
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(ids.at(-1)).toBe(id);
  });

  it('is asked for anew at each call: who keeps tokens is not decided here', async () => {
    const source = clients().tokenSource(cloud, workload());
    await source.token(scope(), { signal });
    await source.token(scope(), { signal });
    expect(seen.filter(({ method }) => method === 'POST')).toHaveLength(2);
  });

  it('of a service principal is asked for with its secret', async () => {
    await getToken({
      mode: 'service-principal',
      tenantId: 'tenant',
      clientId: 'client',
      clientSecret: new Secret('pw'),
    });
    expect(seen[1]?.form.get('client_secret')).toBe('pw');
  });

  it.each([
    [
      'a refusal',
      json(401, {
        error: 'invalid_client',
        error_description: `AADSTS700213: No matching federated identity record found for presented assertion subject 'system:serviceaccount:a:b'. https://learn.microsoft.com/x Trace ID: 1-a Correlation ID: 2-b Timestamp: 2026-01-02 03:04:05Z`,
        error_codes: [700213],
      }),
      {
        code: 'unauthenticated',
        upstreamCode: 'AADSTS700213',
        message: expect.stringMatching(
          /^getting a token for client client in tenant tenant: AADSTS700213: No matching .*'system:serviceaccount:a:b'\. https:\/\/learn\.microsoft\.com\/x$/,
        ),
        upstreamRequestId: '1-a',
        hint: expect.stringContaining('subject'),
      },
    ],
    [
      'a refusal in the older form, with line breaks',
      json(400, {
        error: 'invalid_grant',
        error_description:
          'AADSTS70021: No match.\r\nTrace ID: 1-a\r\nCorrelation ID: 2-b\r\nTimestamp: 2026-01-02 03:04:05Z',
      }),
      { message: expect.stringMatching(/: AADSTS70021: No match\.$/), upstreamRequestId: '1-a' },
    ],
    [
      'a wrong request',
      json(400, { error: 'invalid_tenant', error_description: 'AADSTS90002: Tenant x not found.' }),
      { code: 'unauthenticated', upstreamCode: 'AADSTS90002' },
    ],
    [
      'a refusal without a description',
      json(400, { error: 'invalid_request' }),
      { code: 'unauthenticated', upstreamCode: 'invalid_request', message: expect.stringContaining('invalid_request') },
    ],
    [
      'throttling',
      json(
        429,
        { error: 'temporarily_unavailable', error_description: 'AADSTS90055: too many' },
        { 'retry-after': '9' },
      ),
      { code: 'resource-exhausted', upstreamCode: 'AADSTS90055', retryAfterMs: 9_000 },
    ],
    [
      'a page of a proxy',
      (response: ServerResponse) =>
        void response.writeHead(503, { 'content-type': 'text/html' }).end('<html>busy</html>'),
      { code: 'unavailable', message: expect.stringContaining('HTTP 503') },
    ],
    [
      'an echo of the assertion',
      json(400, { error: 'invalid_request', error_description: `AADSTS50027: bad token ${ASSERTION}` }),
      { upstreamCode: 'AADSTS50027', message: expect.stringContaining('bad token [redacted]') },
    ],
  ] as const)(
    'that is refused by %s is one request and one error with the original text',
    async (_name, refusal, expected) => {
      token = refusal;
      expect(await failure(getToken())).toMatchObject(expected);
      expect(seen.filter(({ method }) => method === 'POST')).toHaveLength(1);
    },
  );

  it('that does not come ends with a deadline that names what was attempted', async () => {
    token = () => undefined;
    expect(await failure(getToken(workload(), 300))).toMatchObject({
      code: 'deadline-exceeded',
      message: expect.stringContaining('getting a token for client client in tenant tenant: no answer within 300 ms'),
    });
  });

  it('that nobody waits for any longer is given up, down to its connection', async () => {
    const controller = new AbortController();
    const closed = new Promise<void>((resolve) => {
      token = (response) => {
        response.once('close', resolve);
        controller.abort(new KeyferryError('aborted', 'the caller gave up'));
      };
    });
    const work = clients().tokenSource(cloud, workload()).token(scope(), { signal: controller.signal });
    expect(await failure(work)).toMatchObject({ code: 'aborted', message: 'the caller gave up' });
    await closed;
  });
});

describe('a secret', () => {
  it('is one request when the resource of the vault is known', async () => {
    const secret = await reader().getSecret('one', undefined, { signal });
    expect(secret).toMatchObject({
      version: '0123456789abcdef0123456789abcdef',
      contentType: 'text/plain',
      keyId: undefined,
    });
    expect(secret.value.expose()).toBe('the value');
    expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /secrets/one/']);
    expect(seen[0]?.headers.authorization).toBe(`Bearer ${ACCESS_TOKEN}`);
    expect(seen[0]?.headers['user-agent']).toContain('keyferry/test');
    expect(counted.map(({ service, status }) => `${service} ${status}`)).toEqual(['keyvault 200']);
  });

  it.each([
    ['answered', () => undefined],
    ['refused', () => (vault = json(403, { error: { code: 'Forbidden', message: 'no' } }))],
    ['not answered', () => (vault = (response) => void response.socket?.destroy())],
    ['late', () => (vault = () => undefined)],
  ])('that is %s tells the id that the vault’s log has of the request', async (_how, prepare) => {
    prepare();
    const ids: string[] = [];
    await reader(undefined, cloud, 300)
      .getSecret('one', undefined, { signal, onSent: (id) => ids.push(id) })
      .catch(() => undefined);
    const id = seen[0]?.headers['x-ms-client-request-id'];
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(ids.at(-1)).toBe(id);
  });

  it('of a version is asked for by that version', async () => {
    await reader().getSecret('one', 'abc', { signal });
    expect(seen[0]?.path).toBe('/secrets/one/abc');
  });

  it('needs the vault’s challenge when only that tells the resource', async () => {
    const scopes: string[] = [];
    const good = vault;
    vault = (response, record) =>
      (record.headers.authorization === undefined ? challenge(scope().replace('/.default', '')) : good)(
        response,
        record,
      );
    const tokens: Tokens = {
      token: (asked) => {
        scopes.push(asked);
        return Promise.resolve({ token: new Secret(ACCESS_TOKEN), expiresAtMs: systemClock.now() + 60_000 });
      },
    };
    const secret = await reader(tokens, { ...cloud, vaultResource: undefined }).getSecret('one', undefined, { signal });
    expect(secret.value.expose()).toBe('the value');
    expect(scopes).toEqual([scope()]);
    expect(seen.map(({ headers }) => headers.authorization !== undefined)).toEqual([false, true]);
  });

  it('costs no token when the challenge names a stranger', async () => {
    let asked = 0;
    vault = challenge('https://graph.microsoft.com');
    const tokens: Tokens = {
      token: () => {
        asked += 1;
        return Promise.reject(new Error('nobody should ask'));
      },
    };
    const work = reader(tokens, { ...cloud, vaultResource: undefined }).getSecret('one', undefined, { signal });
    expect((await failure(work)).message).toContain('does not match the requested domain');
    expect(asked).toBe(0);
  });

  describe('of a vault whose resource nobody knows', () => {
    const unknown = () => ({ ...cloud, vaultResource: undefined });

    it('costs the challenge once, by a request without a token, and then one request an object', async () => {
      const good = vault;
      vault = (response, record) =>
        (record.headers.authorization === undefined ? challenge(scope().replace('/.default', '')) : good)(
          response,
          record,
        );
      const vaultReader = reader(undefined, unknown());
      expect(await vaultReader.challenge({ signal })).toBe(scope());
      await Promise.all([
        vaultReader.getSecret('one', undefined, { signal }),
        vaultReader.getSecret('two', undefined, { signal }),
      ]);
      expect(seen.map(({ headers }) => headers.authorization !== undefined)).toEqual([false, true, true]);
    });

    it.each([
      ['names a stranger', () => challenge('https://graph.microsoft.com'), /does not match the requested domain/],
      [
        'is none',
        () => json(200, { value: 'x', id: `https://kv.vault.test:${server.port}/secrets/x/1` }),
        /it is no Key Vault/,
      ],
      ['is the refusal of a proxy', () => json(403, { error: { code: 'Forbidden', message: 'no' } }), /Forbidden: no/],
    ])('is not read, and costs no token, when the challenge %s', async (_what, answered, text) => {
      let asked = 0;
      vault = answered();
      const tokens: Tokens = {
        token: () => {
          asked += 1;
          return Promise.reject(new Error('nobody should ask'));
        },
      };
      expect((await failure(reader(tokens, unknown()).challenge({ signal }))).message).toMatch(text);
      expect(asked).toBe(0);
    });
  });

  it.each([
    [
      'no permission',
      json(403, {
        error: { code: 'Forbidden', message: 'no get permission', innererror: { code: 'ForbiddenByPolicy' } },
      }),
      {
        code: 'permission-denied',
        upstreamCode: 'Forbidden/ForbiddenByPolicy',
        message: expect.stringMatching(/^reading from https:.*: Forbidden\/ForbiddenByPolicy: no get permission$/),
        hint: expect.stringContaining('access policies'),
      },
    ],
    [
      'not found',
      json(404, { error: { code: 'SecretNotFound', message: 'A secret with (name/id) one was not found' } }),
      { code: 'not-found', upstreamCode: 'SecretNotFound' },
    ],
    [
      'throttling in seconds',
      json(429, { error: { code: 'Throttled', message: 'too many' } }, { 'retry-after': '7' }),
      { code: 'resource-exhausted', upstreamCode: 'Throttled', retryAfterMs: 7_000 },
    ],
    [
      'a busy vault without a Retry-After',
      json(503, { error: { code: 'ServiceUnavailable', message: 'busy' } }),
      { code: 'unavailable', retryAfterMs: undefined },
    ],
    [
      'words of a proxy',
      (response: ServerResponse) => void response.writeHead(502, { 'content-type': 'text/plain' }).end('no such host'),
      {
        code: 'unavailable',
        message: expect.stringContaining('HTTP 502: no such host'),
        hint: expect.stringContaining('check keyvaultName'),
      },
    ],
    [
      'several lines, of which some are empty words',
      json(403, {
        error: {
          code: 'Forbidden',
          message:
            "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\nCaller: appid=a;oid=b;iss=c\r\nAction: 'get'\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\nDecisionReason: null \r\nVault: v;location=eastus\r\n",
          innererror: { code: 'ForbiddenByRbac' },
        },
      }),
      {
        message: expect.stringMatching(
          /: Forbidden\/ForbiddenByRbac: Caller is not authorized to perform action on resource\. Caller: appid=a;oid=b;iss=c; Action: 'get'; Vault: v;location=eastus$/,
        ),
        hint: expect.stringContaining('Key Vault Secrets User'),
      },
    ],
  ] as const)(
    'that is refused by %s is one request and one error with the original text',
    async (_name, refusal, expected) => {
      vault = refusal;
      expect(await failure(reader().getSecret('one', undefined, { signal }))).toMatchObject(expected);
      expect(seen).toHaveLength(1);
    },
  );

  it('whose identity is refused fails with the words of Entra ID', async () => {
    const refusal = new KeyferryError('unauthenticated', 'AADSTS700213: no', { upstreamCode: 'AADSTS700213' });
    const work = reader({ token: () => Promise.reject(refusal) }).getSecret('one', undefined, { signal });
    expect(await failure(work)).toBe(refusal);
    expect(seen).toHaveLength(0);
  });

  it('whose vault cannot be reached is unavailable', async () => {
    vault = (response) => void response.socket?.destroy();
    const error = await failure(reader().getSecret('one', undefined, { signal }));
    expect(error).toMatchObject({ code: 'unavailable', hint: expect.stringContaining('cannot reach the vault') });
    expect(counted).toEqual([
      { service: 'keyvault', status: undefined, durationMs: expect.any(Number), objectType: 'secret' },
    ]);
  });

  it('that does not come ends with a deadline that names what was attempted', async () => {
    vault = () => undefined;
    const error = await failure(reader(undefined, cloud, 300).getSecret('one', undefined, { signal }));
    expect(error).toMatchObject({
      code: 'deadline-exceeded',
      message: expect.stringContaining('no answer within 300 ms'),
      hint: expect.stringContaining('cannot reach the vault'),
    });
  });
});

describe('a server whose certificate is not trusted', () => {
  it.each(['Entra ID', 'a vault'] as const)('is told as that, of %s', async (which) => {
    const trusting = agent;
    agent = new Agent({ lookup: toThisMachine });
    try {
      const error = await failure(which === 'a vault' ? reader().getSecret('one', undefined, { signal }) : getToken());
      expect(error.hint).toMatch(/does not trust the certificate: .* caBundle \(NODE_EXTRA_CA_CERTS\)/);
    } finally {
      agent.destroy();
      agent = trusting;
    }
  });
});

describe('warming up', () => {
  it('makes no request, and counts none', async () => {
    const requests: AzureRequest[] = [];
    const clients = createAzureClients({
      clock: systemClock,
      userAgent: 'test',
      onRequest: (request) => requests.push(request),
      agent,
    });
    await clients.warmUp(new AbortController().signal);
    expect(requests).toEqual([]);
    expect(seen).toEqual([]);
  });
});
