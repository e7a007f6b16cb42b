import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { beforeEach, expect, it } from 'vitest';
import { createMemoryStore } from '#lab/store';
import type { ApiError } from '../../api-access.ts';
import { createServiceAccountTokens } from './service-account-tokens.ts';
import { openSigningKeys } from './signing-keys.ts';
import { createTestApi, TEST_ISSUER, type TestApi } from '../testing/test-api.ts';

const PODS = { group: '', version: 'v1', resource: 'pods' };
const ACCOUNTS = { group: '', version: 'v1', resource: 'serviceaccounts' };
const account = { namespace: 'default', name: 'default' };

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

const createPod = (more: { readonly finalizers?: string[] } = {}) =>
  api.access.create(PODS, 'default', {
    metadata: { name: 'p', ...more },
    spec: { nodeName: 'node-1', containers: [{ name: 'c', image: 'i' }] },
  });

const tokenFor = async (request: Parameters<typeof api.access.createToken>[1]) =>
  (await api.access.createToken(account, request)).token.expose();

it('are JWTs that anybody can check with the published keys', async () => {
  const { token, expirationTimestamp } = await api.access.createToken(account, {
    audiences: ['api://AzureADTokenExchange'],
    expirationSeconds: 3600,
  });
  expect(expirationTimestamp).toBe('2026-01-01T01:00:00Z');
  const keys = createLocalJWKSet((await api.tokens.jwks()) as unknown as JSONWebKeySet);
  const { payload, protectedHeader } = await jwtVerify(token.expose(), keys, {
    issuer: TEST_ISSUER,
    audience: 'api://AzureADTokenExchange',
    currentDate: new Date(api.clock.now()),
  });
  expect(protectedHeader.alg).toBe('RS256');
  expect(payload).toMatchObject({
    sub: 'system:serviceaccount:default:default',
    nbf: payload.iat,
    exp: (payload.iat ?? 0) + 3600,
  });
});

it('name the pod and its node', async () => {
  const pod = await createPod();
  const boundPod = { name: 'p', uid: pod.metadata.uid ?? '' };
  const token = await tokenFor({ audiences: ['a'], boundPod });
  expect(decodeJwt(token)['kubernetes.io']).toMatchObject({
    namespace: 'default',
    pod: boundPod,
    node: { name: 'node-1' },
    serviceaccount: { name: 'default' },
  });
  expect(decodeProtectedHeader(token).kid).toBe(((await api.tokens.jwks())['keys'] as { kid: string }[])[0]?.kid);
});

it('are accepted until they end, and only for their audience', async () => {
  const token = await tokenFor({ audiences: [], expirationSeconds: 600 });
  expect((await api.tokens.verify(token))?.user).toMatchObject({
    username: 'system:serviceaccount:default:default',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
  });
  expect(await api.tokens.verify(token, ['somebody-else'])).toBeUndefined();
  await api.clock.advance(601_000);
  expect(await api.tokens.verify(token)).toBeUndefined();
});

it.each([
  ['pod', PODS, 'p'],
  ['account', ACCOUNTS, 'default'],
])('are refused once their %s is gone', async (_what, resource, name) => {
  const pod = await createPod();
  const token = await tokenFor({
    audiences: [],
    boundPod: { name: 'p', uid: pod.metadata.uid ?? '' },
  });
  expect(await api.tokens.verify(token)).toBeDefined();
  await api.access.delete(resource, { namespace: 'default', name }, { gracePeriodSeconds: 0 });
  expect(await api.tokens.verify(token)).toBeUndefined();
});

it('are refused once the node that they are bound to is gone', async () => {
  const NODES = { group: '', version: 'v1', resource: 'nodes' } as const;
  await api.access.create(NODES, undefined, { metadata: { name: 'n' } });
  const boundObject = { kind: 'Node', name: 'n' };
  const token = (await api.tokens.issue(account, { audiences: [], boundObject })).token.expose();
  expect(await api.tokens.verify(token)).toBeDefined();
  await api.access.delete(NODES, { name: 'n' });
  expect(await api.tokens.verify(token)).toBeUndefined();
});

it('are refused a minute after their pod was to be gone, though a finalizer holds it', async () => {
  const pod = await createPod({ finalizers: ['example.com/held'] });
  const token = await tokenFor({ audiences: [], boundPod: { name: 'p', uid: pod.metadata.uid ?? '' } });
  await api.access.delete(PODS, { namespace: 'default', name: 'p' }, { gracePeriodSeconds: 0 });
  await api.clock.advance(59_000);
  expect(await api.tokens.verify(token)).toBeDefined();
  await api.clock.advance(3_000);
  expect(await api.tokens.verify(token)).toBeUndefined();
});

it('are refused when a letter of them is changed', async () => {
  const token = await tokenFor({ audiences: [] });
  const [head, body = '', signature] = token.split('.');
  const forged = Buffer.from(
    JSON.stringify({ ...decodeJwt(token), sub: 'system:serviceaccount:default:admin' }),
  ).toString('base64url');
  expect(await api.tokens.verify([head, forged, signature].join('.'))).toBeUndefined();
  expect(await api.tokens.verify([head, body, signature].join('.'))).toBeDefined();
});

it.each([
  ['a life of nine minutes', { audiences: [], expirationSeconds: 540 }, 422],
  ['a pod that is not there', { audiences: [], boundPod: { name: 'nobody', uid: '1' } }, 404],
  ['a pod of another uid', { audiences: [], boundPod: { name: 'p', uid: 'other' } }, 409],
])('are not issued for %s', async (_what, request, code) => {
  await createPod();
  const error: unknown = await api.access.createToken(account, request).catch((thrown: unknown) => thrown);
  expect((error as ApiError).body.code).toBe(code);
});

it('of a key that the cluster does not have are refused', async () => {
  const other = await openSigningKeys(createMemoryStore(), api.clock);
  const tokens = createServiceAccountTokens({
    storage: api.context.storage,
    keys: other,
    clock: api.clock,
    random: api.context.random,
    issuerUrl: TEST_ISSUER,
  });
  const { token } = await tokens.issue(account, { audiences: [] });
  expect(await tokens.verify(token.expose())).toBeDefined();
  expect(await api.tokens.verify(token.expose())).toBeUndefined();
});
