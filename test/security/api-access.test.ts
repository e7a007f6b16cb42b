// What a pod's process may ask of the API server with its service account token, and what it gets with a token that it
// made itself. Over the socket, as a process in a pod would.
import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { Agent, request } from 'node:https';
import { decodeJwt, decodeProtectedHeader, exportJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiServer } from '../../src/lab/cluster/apiserver/index.ts';
import { startTestApiServer } from '../integration/support/api-server.ts';

const API = { group: '', version: 'v1' } as const;
const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1' } as const;
const ACCOUNT = { namespace: 'default', name: 'default' };

interface Answer {
  readonly code: number;
  readonly text: string;
}

let server: ApiServer;
let agent: Agent;
let token: string;

const send = (
  method: string,
  path: string,
  {
    bearer = token,
    headers = {},
    body = '',
  }: { bearer?: string; headers?: Record<string, string>; body?: string } = {},
) =>
  new Promise<Answer>((resolve, reject) => {
    const type = body === '' ? {} : { 'content-type': 'application/json' };
    const authorization: Record<string, string> = bearer === '' ? {} : { authorization: `Bearer ${bearer}` };
    const all = { ...type, ...authorization, ...headers };
    const call = request({ host: '127.0.0.1', port: server.port, agent, method, path, headers: all }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      answer.on('end', () => resolve({ code: answer.statusCode ?? 0, text }));
    });
    // `kubectl exec` and its like leave HTTP; none may come so far.
    call.on('upgrade', (_answer, socket) => {
      socket.destroy();
      resolve({ code: 101, text: 'upgraded' });
    });
    call.on('error', reject).end(body);
  });

beforeAll(async () => {
  server = await startTestApiServer();
  agent = new Agent({ ca: server.caPem });
  const { access } = server;
  await access.create({ ...API, resource: 'namespaces' }, undefined, { metadata: { name: 'other' } });
  for (const namespace of ['default', 'other']) {
    await access.create({ ...API, resource: 'secrets' }, namespace, {
      metadata: { name: 'taken' },
      stringData: { value: `Zx9-of-${namespace}` },
    });
    await access
      .create({ ...API, resource: 'pods' }, namespace, {
        metadata: { name: 'p' },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      })
      .catch(() => undefined);
  }
  // All that the owner of a namespace may give away there.
  await access.create({ ...RBAC, resource: 'rolebindings' }, 'default', {
    metadata: { name: 'edits' },
    roleRef: { apiGroup: RBAC.group, kind: 'ClusterRole', name: 'edit' },
    subjects: [{ kind: 'ServiceAccount', ...ACCOUNT }],
  });
  token = (await access.createToken(ACCOUNT, { audiences: [] })).token.expose();
});
afterAll(async () => {
  agent?.destroy();
  await server?.[Symbol.asyncDispose]();
});

/** Verb, resource (or path) and namespace that a review asks about, and the request that does it. */
const BEYOND: readonly (readonly [verb: string, what: string, namespace: string, method: string, path: string])[] = [
  ['get', 'secrets', 'other', 'GET', '/api/v1/namespaces/other/secrets/taken'],
  ['list', 'secrets', 'other', 'GET', '/api/v1/namespaces/other/secrets'],
  ['watch', 'secrets', 'other', 'GET', '/api/v1/namespaces/other/secrets?watch=true&timeoutSeconds=1'],
  ['list', 'secrets', '', 'GET', '/api/v1/secrets'],
  ['list', 'secrets', '', 'GET', '/api/v1/secrets?fieldSelector=metadata.namespace%3Ddefault'],
  ['create', 'secrets', 'other', 'POST', '/api/v1/namespaces/other/secrets'],
  ['update', 'secrets', 'other', 'PUT', '/api/v1/namespaces/other/secrets/taken'],
  ['patch', 'secrets', 'other', 'PATCH', '/api/v1/namespaces/other/secrets/taken'],
  ['delete', 'secrets', 'other', 'DELETE', '/api/v1/namespaces/other/secrets/taken'],
  ['create', 'serviceaccounts/token', 'other', 'POST', '/api/v1/namespaces/other/serviceaccounts/default/token'],
  ['create', 'pods', 'other', 'POST', '/api/v1/namespaces/other/pods'],
  ['create', 'pods/exec', 'other', 'POST', '/api/v1/namespaces/other/pods/p/exec?command=id&stdout=true'],
  ['get', 'pods/log', 'other', 'GET', '/api/v1/namespaces/other/pods/p/log'],
  ['create', 'pods/ephemeralcontainers', 'other', 'PATCH', '/api/v1/namespaces/other/pods/p/ephemeralcontainers'],
  [
    'create',
    'rolebindings.rbac.authorization.k8s.io',
    'default',
    'POST',
    `/apis/${RBAC.group}/v1/namespaces/default/rolebindings`,
  ],
  ['create', 'clusterrolebindings.rbac.authorization.k8s.io', '', 'POST', `/apis/${RBAC.group}/v1/clusterrolebindings`],
  ['create', 'tokenreviews.authentication.k8s.io', '', 'POST', '/apis/authentication.k8s.io/v1/tokenreviews'],
  [
    'create',
    'subjectaccessreviews.authorization.k8s.io',
    '',
    'POST',
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
  ],
  ['get', 'nodes', '', 'GET', '/api/v1/nodes/n'],
  ['get', 'nodes/proxy', '', 'GET', '/api/v1/nodes/n/proxy'],
  ['get', '/metrics', '', 'GET', '/metrics'],
  ['get', '/logs/x', '', 'GET', '/logs/x'],
  ['get', '/debug/pprof/heap', '', 'GET', '/debug/pprof/heap'],
  ['get', '/configz', '', 'GET', '/configz'],
];

/** SelfSubjectAccessReview's answer for the token. */
async function mayI(verb: string, what: string, namespace: string): Promise<boolean> {
  const [full = '', ...group] = what.split('.');
  const [resource, subresource] = full.split('/');
  const asked = what.startsWith('/')
    ? { nonResourceAttributes: { verb, path: what } }
    : { resourceAttributes: { verb, resource, subresource, namespace, group: group.join('.') } };
  const { text } = await send('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    body: JSON.stringify({ spec: asked }),
  });
  return (JSON.parse(text) as { status: { allowed: boolean } }).status.allowed;
}

describe('a pod whose account may edit its own namespace', () => {
  it('reads the Secrets of that, and is told so', async () => {
    const answer = await send('GET', '/api/v1/namespaces/default/secrets/taken');
    expect(answer).toMatchObject({
      code: 200,
      text: expect.stringContaining(Buffer.from('Zx9-of-default').toString('base64')),
    });
    expect(await mayI('get', 'secrets', 'default')).toBe(true);
  });

  it.each(BEYOND)(
    'may not %s %s of namespace "%s" (%s %s), and is told so',
    async (verb, what, namespace, method, path) => {
      const body = method === 'GET' || method === 'DELETE' ? '' : '{"metadata":{"name":"mine"}}';
      const answer = await send(method, path, { body });
      expect(answer.code, answer.text).toBe(403);
      expect(await mayI(verb, what, namespace)).toBe(false);
    },
  );

  it('sees the namespace that it may edit, as kube-apiserver decides that there, and removes it no more than others', async () => {
    const answer = async (method: string, path: string) => (await send(method, path)).code;
    expect(await answer('GET', '/api/v1/namespaces/default')).toBe(200);
    expect(await answer('DELETE', '/api/v1/namespaces/default')).toBe(403);
    expect(await answer('GET', '/api/v1/namespaces/other')).toBe(403);
    expect(await answer('GET', '/api/v1/namespaces?fieldSelector=metadata.name%3Ddefault')).toBe(403);
    expect((await send('GET', '/api/v1/namespaces/other')).text).toContain('in the namespace \\"other\\"');
  });

  it('removes no object by the right on its status', async () => {
    const account = { namespace: 'other', name: 'statuses' };
    await server.access.create({ ...API, resource: 'serviceaccounts' }, 'other', { metadata: { name: account.name } });
    await server.access.create({ ...RBAC, resource: 'roles' }, 'other', {
      metadata: { name: 'statuses' },
      rules: [{ apiGroups: [''], resources: ['pods/status'], verbs: ['*'] }],
    });
    await server.access.create({ ...RBAC, resource: 'rolebindings' }, 'other', {
      metadata: { name: 'statuses' },
      roleRef: { apiGroup: RBAC.group, kind: 'Role', name: 'statuses' },
      subjects: [{ kind: 'ServiceAccount', ...account }],
    });
    await server.access.create({ ...API, resource: 'pods' }, 'other', {
      metadata: { name: 'kept' },
      spec: { serviceAccountName: account.name, containers: [{ name: 'c', image: 'i' }] },
    });
    const bearer = (await server.access.createToken(account, { audiences: [] })).token.expose();
    const status = '/api/v1/namespaces/other/pods/kept/status';
    expect((await send('DELETE', status, { bearer })).code).toBe(405);
    expect((await send('GET', status, { bearer })).code).toBe(200);
  });

  it.each(['//[', 'http://['])('is told that the request target %s is none', async (path) => {
    expect((await send('GET', path)).code).toBe(400);
  });

  it.each([
    '/api/v1/namespaces/default/../other/secrets/taken',
    '/api/v1/namespaces/default/%2e%2e/other/secrets/taken',
    '/api/v1/namespaces/default%2f..%2fother/secrets/taken',
    '/api/v1/namespaces/other/secrets/taken/',
    '/api/v1//namespaces/other/secrets/taken',
    '//api/v1/namespaces/other/secrets/taken',
    '/api/v1/namespaces/OTHER/secrets/taken',
    '/api/v1/watch/namespaces/other/secrets',
    '/api/v1/secrets/taken?namespace=other',
    '/healthz/../api/v1/namespaces/other/secrets/taken',
    '/openapi/v3/../../api/v1/namespaces/other/secrets/taken',
    'https://127.0.0.1/api/v1/namespaces/other/secrets/taken',
  ])('does not come to another namespace by the path %s', async (path) => {
    const answer = await send('GET', path);
    expect([403, 404], answer.text).toContain(answer.code);
    expect(answer.text).not.toContain(Buffer.from('Zx9-of-other').toString('base64'));
  });

  it.each<[string, Record<string, string>]>([
    ['somebody', { 'impersonate-user': 'admin' }],
    ['an account of another namespace', { 'impersonate-user': 'system:serviceaccount:other:default' }],
    [
      'its own account in the group of administrators',
      { 'impersonate-user': 'system:serviceaccount:default:default', 'impersonate-group': 'system:masters' },
    ],
    ['somebody with a uid', { 'impersonate-user': 'system:serviceaccount:default:default', 'impersonate-uid': '1' }],
    [
      'somebody with more than a name',
      { 'impersonate-user': 'system:serviceaccount:default:default', 'impersonate-extra-scopes': 'all' },
    ],
    ['the node', { 'impersonate-user': 'system:node:n', 'impersonate-group': 'system:nodes' }],
  ])('may not be %s', async (_who, headers) => {
    const answer = await send('GET', '/api/v1/namespaces/other/secrets/taken', { headers });
    expect(answer).toMatchObject({ code: 403, text: expect.stringContaining('cannot impersonate') });
  });

  it.each<[string, Record<string, string>]>([
    ['a group', { 'impersonate-group': 'system:masters' }],
    ['a uid', { 'impersonate-uid': 'x' }],
    ['what else is known of a user', { 'impersonate-extra-scopes': 'all' }],
  ])('may not take %s without a user', async (_what, headers) => {
    const answer = await send('GET', '/api/v1/namespaces/default/secrets/taken', { headers });
    expect(answer).toMatchObject({ code: 500, text: expect.stringContaining('without impersonating a user') });
  });
});

describe('a token that the cluster did not issue for the API server', () => {
  const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const publishedKey = async () => {
    const { keys } = JSON.parse((await send('GET', '/openid/v1/jwks')).text) as { keys: JsonWebKey[] };
    return createPublicKey({ key: keys[0] as JsonWebKey, format: 'jwk' });
  };
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const admin = () => ({ ...decodeJwt(token), sub: 'system:serviceaccount:other:default' });
  const header = () => decodeProtectedHeader(token) as { alg: string; kid: string };
  const signedByStranger = async (more: object) =>
    new SignJWT(admin()).setProtectedHeader({ ...header(), ...more }).sign(stranger.privateKey);

  const cases: Readonly<Record<string, () => Promise<string> | string>> = {
    'without a signature': () => `${b64({ ...header(), alg: 'none' })}.${b64(admin())}.`,
    'without a signature, called RS256': () => `${b64(header())}.${b64(admin())}.`,
    'signed with the public key as an HMAC secret': async () => {
      const input = `${b64({ ...header(), alg: 'HS256' })}.${b64(admin())}`;
      const pem = (await publishedKey()).export({ type: 'spki', format: 'pem' });
      return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
    },
    'signed by a stranger under the key id of the cluster': () => signedByStranger({}),
    'signed by a stranger under another key id': () => signedByStranger({ kid: 'mine' }),
    'that brings its own key': async () => signedByStranger({ jwk: await exportJWK(stranger.publicKey) }),
    'that says where its key is': () =>
      signedByStranger({ jku: 'https://127.0.0.1:1/jwks', x5u: 'https://127.0.0.1:1/' }),
    'with other claims under a true signature': () => {
      const [head, , signature] = token.split('.');
      return `${head}.${b64(admin())}.${signature}`;
    },
    'for Azure': async () =>
      (await server.access.createToken(ACCOUNT, { audiences: ['api://AzureADTokenExchange'] })).token.expose(),
    'of another account that is gone': async () => {
      const accounts = { ...API, resource: 'serviceaccounts' };
      const account = { namespace: 'default', name: 'gone' };
      await server.access.create(accounts, 'default', { metadata: { name: 'gone' } });
      const issued = (await server.access.createToken(account, { audiences: [] })).token.expose();
      await server.access.delete(accounts, account);
      // One of the same name is another account.
      await server.access.create(accounts, 'default', { metadata: { name: 'gone' } });
      return issued;
    },
    'that is a name and a password': () => Buffer.from('admin:admin').toString('base64'),
    'that is no token': () => 'null',
  };
  it.each(Object.entries(cases))('%s is 401, also where nobody has to be known', async (_what, make) => {
    const bearer = await make();
    for (const path of ['/api/v1/namespaces/other/secrets/taken', '/version', '/api']) {
      expect(await send('GET', path, { bearer })).toMatchObject({ code: 401 });
    }
  });

  it('absent is somebody unknown, who may see that the server lives and nothing else', async () => {
    const codes = await Promise.all(
      [
        '/healthz',
        '/version',
        '/api',
        '/apis',
        '/openapi/v2',
        '/api/v1/namespaces/default/secrets/taken',
        '/metrics',
      ].map(async (path) => [path, (await send('GET', path, { bearer: '' })).code] as const),
    );
    expect(Object.fromEntries(codes)).toEqual({
      '/healthz': 200,
      '/version': 200,
      '/api': 403,
      '/apis': 403,
      '/openapi/v2': 403,
      '/api/v1/namespaces/default/secrets/taken': 403,
      '/metrics': 403,
    });
  });
});
