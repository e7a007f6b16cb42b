import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#base';
import { startHttpServer, type HttpServer } from '#http';
import { createAzureClients } from './azure-clients.ts';
import { findCloud, type Cloud } from './clouds.ts';
import type { Credential } from './credential.ts';

// One plain HTTP server stands for the node's metadata service and for NMI. The answers' forms: Azure documentation, "How to use
// managed identities for Azure resources on a VM to acquire an access token", and aad-pod-identity's NMI.

const { signal } = new AbortController();
const EXPIRES_ON = Math.floor(systemClock.now() / 1000) + 86_399;
const TOKEN = { access_token: 'eyJ.token.x', expires_on: String(EXPIRES_ON), resource: 'r', token_type: 'Bearer' };

let server: HttpServer;
let answer: (response: ServerResponse) => void;
let seen: IncomingMessage[];
let counted: string[];

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

beforeAll(async () => {
  server = await startHttpServer({
    listener: (request, response) => {
      seen.push(request);
      answer(response);
    },
  });
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  seen = [];
  counted = [];
  answer = json(200, TOKEN);
});

function getToken(credential: Credential, { timeoutMs = 5_000, url = `http://127.0.0.1:${server.port}` } = {}) {
  const clients = createAzureClients({
    clock: systemClock,
    userAgent: 'test',
    timeoutMs,
    onRequest: ({ service, status }) => counted.push(`${service} ${status}`),
    nodeServices: { metadata: url, podIdentity: url },
  });
  const source = clients.tokenSource(findCloud('AzurePublicCloud') as Cloud, credential);
  expect(source.service).toBe(url);
  return source.token('https://vault.azure.net/.default', { signal });
}

const node: Credential = { mode: 'managed-identity', tenantId: 't', assigned: undefined };
const assigned = (clientId: string): Credential => ({ ...node, assigned: { kind: 'client-id', clientId } });
const pod: Credential = { mode: 'pod-identity', tenantId: 't', pod: { namespace: 'team', name: 'web', uid: 'u' } };

describe('a token of a managed identity', () => {
  it.each<[string, Credential, Record<string, string>]>([
    ['the system-assigned one', node, {}],
    ['one by its client id', assigned('a&b'), { client_id: 'a&b' }],
    [
      'one by its resource id',
      { ...node, assigned: { kind: 'resource-id', resourceId: '/subscriptions/s' } },
      { msi_res_id: '/subscriptions/s' },
    ],
  ])('%s, is one request with the header of the metadata service', async (_which, credential, more) => {
    const { token, expiresAtMs } = await getToken(credential);
    expect(token.expose()).toBe('eyJ.token.x');
    expect(expiresAtMs).toBe(EXPIRES_ON * 1000);
    const url = new URL(seen[0]?.url ?? '', 'http://x');
    expect(url.pathname).toBe('/metadata/identity/oauth2/token');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      'api-version': '2018-02-01',
      resource: 'https://vault.azure.net',
      ...more,
    });
    expect(seen[0]?.headers).toMatchObject({ metadata: 'true' });
    expect(seen[0]?.headers).not.toHaveProperty('x-forwarded-for');
    expect(counted).toEqual(['imds 200']);
  });

  it.each([
    ['a number', { ...TOKEN, expires_on: EXPIRES_ON }, () => EXPIRES_ON * 1000],
    ['seconds from now', { access_token: 'x', expires_in: '100' }, (nowMs: number) => nowMs + 100_000],
    ['nothing', { access_token: 'x' }, (nowMs: number) => nowMs + 60_000],
    ['no time', { access_token: 'x', expires_on: 'soon', expires_in: -1 }, (nowMs: number) => nowMs + 60_000],
  ])('that says %s of its end has an end', async (_what, body, expected) => {
    answer = json(200, body);
    const before = expected(systemClock.now());
    const { expiresAtMs } = await getToken(node);
    expect(expiresAtMs).toBeGreaterThanOrEqual(before);
    expect(expiresAtMs).toBeLessThanOrEqual(expected(systemClock.now()));
  });

  it.each([
    [
      'an identity that is not assigned',
      json(400, { error: 'invalid_request', error_description: 'Identity not found' }),
      {
        code: 'unauthenticated',
        upstreamCode: 'invalid_request',
        hint: expect.stringMatching(/az vmss identity assign/),
        text: /Identity not found/,
      },
    ],
    [
      'several identities and no name',
      json(400, {
        error: 'invalid_request',
        error_description:
          'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request',
      }),
      {
        code: 'unauthenticated',
        hint: expect.stringMatching(/userAssignedIdentityID/),
        text: /Multiple user assigned/,
      },
    ],
    [
      'a throttle',
      json(429, { error: 'too_many_requests' }, { 'retry-after': '2' }),
      { code: 'resource-exhausted', retryAfterMs: 2_000, text: /too_many_requests/ },
    ],
    ['an update', json(410, { error: 'gone' }), { code: 'unavailable', retryAfterMs: 3_000, text: /gone/ }],
    [
      'an endpoint that is being updated',
      json(404, { error: 'not found' }),
      { code: 'unavailable', text: /not found/ },
    ],
    [
      'its own trouble',
      json(500, { error: 'unknown', error_description: 'Failed to retrieve token' }),
      { code: 'unavailable', text: /Failed to retrieve token/ },
    ],
    [
      'no token in the answer',
      json(200, { token_type: 'Bearer' }),
      { code: 'unauthenticated', text: /no access_token/ },
    ],
    [
      'an answer that is a token and no JSON',
      (response: ServerResponse): void => void response.end('eyJhbGciOiJSUzI1NiJ9.secret'),
      { code: 'unauthenticated', text: /no access_token/ },
    ],
    [
      'a closed connection',
      (response: ServerResponse): void => void response.socket?.destroy(),
      { code: 'unavailable', hint: expect.stringMatching(/virtual machines of Azure/), text: /socket hang up/ },
    ],
    [
      'silence',
      () => undefined,
      {
        code: 'deadline-exceeded',
        hint: expect.stringMatching(/virtual machines of Azure/),
        text: /no answer within 300 ms/,
      },
    ],
  ] as const)('is refused by %s as one request and one error', async (_what, refusal, { text, ...expected }) => {
    answer = refusal;
    // Only silence is waited for to its end: a busy machine answers late.
    const timeoutMs = expected.code === 'deadline-exceeded' ? 300 : 30_000;
    const error: unknown = await getToken(assigned('the-client'), { timeoutMs }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ ...expected, message: expect.stringMatching(text) });
    expect(error).toMatchObject({
      message: expect.stringMatching(/^getting a token for the node's user-assigned identity the-client from http:/),
    });
    expect(JSON.stringify(error) + String(error)).not.toContain('secret');
    expect(seen).toHaveLength(1);
  });

  it('is asked for where nobody is', async () => {
    await expect(getToken(node, { url: 'http://127.0.0.1:9' })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/system-assigned identity .*ECONNREFUSED/),
      hint: expect.stringContaining('metadata service'),
    });
    expect(counted).toContain('imds undefined');
  });

  it('is no longer waited for when its mount is given up', async () => {
    answer = () => controller.abort(new Error('the pod is gone'));
    const controller = new AbortController();
    const clients = createAzureClients({
      clock: systemClock,
      userAgent: 'test',
      nodeServices: { metadata: `http://127.0.0.1:${server.port}` },
    });
    const source = clients.tokenSource(findCloud('AzurePublicCloud') as Cloud, node);
    await expect(source.token('r/.default', { signal: controller.signal })).rejects.toThrow('the pod is gone');
  });
});

describe('a token of pod identity', () => {
  it('is asked for in the name of the pod', async () => {
    answer = json(200, { token: { ...TOKEN, expires_on: EXPIRES_ON }, clientid: 'c' });
    const { token, expiresAtMs } = await getToken(pod);
    expect(token.expose()).toBe('eyJ.token.x');
    expect(expiresAtMs).toBe(EXPIRES_ON * 1000);
    expect(seen[0]?.url).toBe('/host/token/?resource=https%3A%2F%2Fvault.azure.net');
    expect(seen[0]?.headers).toMatchObject({ podname: 'web', podns: 'team' });
    expect(counted).toEqual(['pod-identity 200']);
  });

  it.each([
    [
      'a refusal in plain text',
      (response: ServerResponse): void =>
        void response.writeHead(403).end('no AzureAssignedIdentity found for pod:team/web in assigned state\n'),
      /no AzureAssignedIdentity found for pod:team\/web in assigned state$/,
    ],
    [
      'half an answer',
      json(200, { token: TOKEN }),
      /nmi did not return expected values in response: token and clientid$/,
    ],
  ])('is refused by %s', async (_what, refusal, text) => {
    answer = refusal;
    await expect(getToken(pod)).rejects.toMatchObject({
      code: 'unauthenticated',
      message: expect.stringMatching(text),
      hint: expect.stringContaining('aadpodidbinding'),
    });
  });

  it('that nobody gives out says that it is gone', async () => {
    await expect(getToken(pod, { url: 'http://127.0.0.1:9' })).rejects.toMatchObject({
      code: 'unavailable',
      hint: expect.stringContaining('use workload identity'),
    });
  });
});
