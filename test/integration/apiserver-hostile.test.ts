import { Agent, request } from 'node:https';
import { parse as parseYaml } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiServer } from '../../src/lab/cluster/apiserver/index.ts';
import { startTestApiServer } from './support/api-server.ts';

// Requests that no good client sends: each gets a refusal that is a Status, and nothing is half done.

const NS = '/api/v1/namespaces/default';
const MAPS = `${NS}/configmaps`;
const MAP = `${MAPS}/m`;
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const TOKEN = `${NS}/serviceaccounts/default/token`;
const JSON_PATCH = 'application/json-patch+json';
const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const APPLY = 'application/apply-patch+yaml';

const deep = (levels: number) => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);
const named = (more: string) => `{"metadata":{"name":"hostile"},${more}}`;
const crd = (pattern: string) =>
  JSON.stringify({
    metadata: { name: 'as.b.c' },
    spec: {
      group: 'b.c',
      scope: 'Namespaced',
      names: { plural: 'as', kind: 'A' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'string', pattern } } } },
        },
      ],
    },
  });

interface Answer {
  readonly code: number;
  readonly body: { readonly kind?: string; readonly message?: string; readonly metadata?: Record<string, unknown> };
}

describe('the API server under hostile requests', () => {
  let server: ApiServer;
  let agent: Agent;

  const send = (method: string, path: string, body = '', contentType = 'application/json') =>
    new Promise<Answer>((resolve, reject) => {
      const headers = body === '' ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(body) };
      const call = request({ host: '127.0.0.1', port: server.port, agent, method, path, headers, timeout: 3000 });
      call.on('response', (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on('end', () => {
          resolve({ code: response.statusCode ?? 0, body: JSON.parse(text) as Answer['body'] });
        });
      });
      call.on('timeout', () => call.destroy(new Error('no answer')));
      call.on('error', reject);
      call.end(body);
    });

  beforeAll(async () => {
    server = await startTestApiServer();
    const kubeconfig = await server.issueKubeconfig({ user: 'admin', groups: ['system:masters'], clusterName: 'lab' });
    const [entry] = (parseYaml(kubeconfig) as { users: { user: Record<string, string> }[] }).users;
    const pem = (name: string) => Buffer.from(entry?.user[name] ?? '', 'base64');
    agent = new Agent({
      ca: server.caPem,
      cert: pem('client-certificate-data'),
      key: pem('client-key-data'),
      keepAlive: true,
      maxSockets: 1,
    });
    await send('POST', MAPS, '{"metadata":{"name":"m"},"data":{"a":"1"}}');
    await send(
      'POST',
      DEPLOYMENTS,
      '{"metadata":{"name":"d"},"spec":{"replicas":3,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}',
    );
  });
  afterAll(async () => {
    agent?.destroy();
    await server?.[Symbol.asyncDispose]();
  });

  test.each<[string, number, string, string, string?, string?]>([
    ['objects in objects', 400, 'POST', MAPS, named(`"data":${deep(20_000)}`)],
    ['a deep merge patch', 400, 'PATCH', MAP, deep(20_000), MERGE],
    ['a deep strategic patch', 400, 'PATCH', MAP, deep(20_000), STRATEGIC],
    ['a deep applied object', 400, 'PATCH', `${MAP}?fieldManager=x`, deep(20_000), APPLY],
    ['a body of another type', 415, 'POST', MAPS, named('"data":{}'), 'text/plain'],
    ['a list for an object', 400, 'POST', MAPS, '[]'],
    ['null for a rule', 422, 'POST', `${RBAC}/clusterroles`, named('"rules":[null]')],
    ['null for an owner', 422, 'POST', MAPS, '{"metadata":{"name":"hostile","ownerReferences":[null]}}'],
    [
      'a number that is none',
      400,
      'POST',
      `${NS}/pods`,
      named('"spec":{"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"abc"}}}]}'),
    ],
    ['a pattern that is no regular expression', 422, 'POST', CRDS, crd('(((')],
    ['a move from nowhere', 400, 'PATCH', MAP, '[{"op":"move","path":"/data/x","from":5}]', JSON_PATCH],
    ['a copy from nowhere', 400, 'PATCH', MAP, '[{"op":"copy","path":"/data/x"}]', JSON_PATCH],
    ['a move into itself', 422, 'PATCH', MAP, '[{"op":"move","from":"/data","path":"/data/x"}]', JSON_PATCH],
    ['a way into a prototype', 422, 'PATCH', MAP, '[{"op":"add","path":"/__proto__/polluted","value":1}]', JSON_PATCH],
    [
      'a way into a constructor',
      422,
      'PATCH',
      MAP,
      '[{"op":"add","path":"/constructor/prototype/polluted","value":1}]',
      JSON_PATCH,
    ],
    [
      'containers that are a number',
      400,
      'PATCH',
      `${DEPLOYMENTS}/d`,
      '{"spec":{"template":{"spec":{"containers":5}}}}',
      STRATEGIC,
    ],
    [
      'a container that is a number',
      400,
      'PATCH',
      `${DEPLOYMENTS}/d`,
      '{"spec":{"template":{"spec":{"containers":[5]}}}}',
      STRATEGIC,
    ],
    ['a scale that is no object', 400, 'PUT', `${DEPLOYMENTS}/d/scale`, '5'],
    ['a scale whose spec is a number', 400, 'PATCH', `${DEPLOYMENTS}/d/scale`, '{"spec":5}', MERGE],
    ['a token for a text of seconds', 400, 'POST', TOKEN, '{"spec":{"expirationSeconds":"x"}}'],
    ['a token bound to a prototype', 400, 'POST', TOKEN, '{"spec":{"boundObjectRef":{"kind":"__proto__","name":"n"}}}'],
    ['a grace period that is no number', 400, 'DELETE', `${MAP}?gracePeriodSeconds=x`],
    ['an unknown propagation policy', 422, 'DELETE', MAP, '{"propagationPolicy":"Bogus"}'],
    ['preconditions of a wrong type', 400, 'DELETE', MAP, '{"preconditions":{"uid":5}}'],
    ['a continuation of null', 400, 'GET', `${MAPS}?continue=bnVsbA`],
    ['a watch from a version that is none', 400, 'GET', `${MAPS}?watch=1&resourceVersion=x`],
    ['a selector of parentheses', 400, 'GET', `${MAPS}?labelSelector=${'('.repeat(5000)}`],
    ['a field selector for a prototype', 400, 'GET', `${MAPS}?fieldSelector=__proto__%3Dx`],
    ['an unknown subresource', 404, 'GET', `${MAP}/nope`],
    ['a prototype for a resource', 404, 'GET', `${NS}/__proto__`],
    ['an escaped slash for a way out', 404, 'GET', `${NS}/..%2fkube-system/configmaps`],
    ['a method without a verb', 405, 'TRACE', MAPS],
  ])('%s: %d', async (_what, code, method, path, body, contentType) => {
    const answer = await send(method, path, body, contentType);
    expect(answer).toMatchObject({ code, body: { kind: 'Status', status: 'Failure', code } });
    expect(answer.body.message).not.toContain('Internal error');
    expect((await send('GET', `${MAPS}/hostile`)).code).toBe(404);
    expect((await send('GET', MAP)).body).toMatchObject({ data: { a: '1' } });
    expect((await send('GET', `${DEPLOYMENTS}/d`)).body).toMatchObject({ spec: { replicas: 3 } });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('a body that is too large is refused, and the next request is answered', async () => {
    // the connection may break while the client still writes; one that reads first sees the refusal
    const outcome = await send('POST', MAPS, 'x'.repeat(4_000_000)).then(
      ({ code }) => code,
      () => 413,
    );
    expect(outcome).toBe(413);
    expect((await send('GET', MAP)).code).toBe(200);
  });

  test('names of prototypes are names like any other', async () => {
    const body = '{"metadata":{"name":"constructor"},"data":{"constructor":"c","toString":"t","hasOwnProperty":"h"}}';
    expect((await send('POST', MAPS, body)).code).toBe(201);
    expect((await send('GET', `${MAPS}/constructor`)).body).toMatchObject({
      data: { constructor: 'c', toString: 't', hasOwnProperty: 'h' },
    });
    expect((await send('GET', `${MAPS}/toString`)).code).toBe(404);
  });

  test('patterns that Go accepts and a strict JavaScript expression does not are patterns', async () => {
    expect((await send('POST', CRDS, crd('^[a-z\\-]+$'))).code).toBe(201);
    const resource = (spec: string) => JSON.stringify({ metadata: { name: 'x' }, spec });
    expect((await send('POST', '/apis/b.c/v1/namespaces/default/as', resource('A'))).code).toBe(422);
    expect((await send('POST', '/apis/b.c/v1/namespaces/default/as', resource('a-b'))).code).toBe(201);
  });
});
