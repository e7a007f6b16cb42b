import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { KeyferryError, Secret, systemClock } from '#base';
import { readBody, startHttpServer } from '#http';
import { createKubeClient, type KubeClient } from './client.ts';
import type { KubeConfig } from './config.ts';
import { isReason } from './errors.ts';
import { RESOURCES } from './resources.ts';

const CLASSES = { group: 'secrets-store.csi.x-k8s.io', version: 'v1', resource: 'secretproviderclasses' };

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** Runs `use` with a client of a server that answers each request by `answer`. */
async function withApi(
  answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
  use: (client: KubeClient, seen: Seen[]) => Promise<void>,
  token: KubeConfig['token'] = () => Promise.resolve(new Secret('a-token')),
): Promise<void> {
  const seen: Seen[] = [];
  await using server = await startHttpServer({
    listener: (request, response) => {
      void (async () => {
        const body = (await readBody(request, 1e6)).toString('utf8');
        seen.push({
          method: request.method ?? '',
          url: request.url ?? '',
          headers: request.headers,
          body: body === '' ? undefined : JSON.parse(body),
        });
        await answer(request, response);
      })();
    },
    graceMs: 0,
  });
  const config = {
    server: `http://127.0.0.1:${server.port}/proxied`,
    namespace: 'default',
    token,
  };
  using client = createKubeClient({ config, clock: systemClock, userAgent: 'tests' });
  await use(client, seen);
}

const ok = (_request: IncomingMessage, response: ServerResponse) => void response.end('{"metadata":{"name":"x"}}');
const pod = { namespace: 'shop', name: 'web 1' };

describe('a client', () => {
  it.each<[string, (client: KubeClient) => Promise<unknown>, Partial<Seen>]>([
    ['get', (c) => c.get(RESOURCES.pods, pod), { method: 'GET', url: '/proxied/api/v1/namespaces/shop/pods/web%201' }],
    [
      'get of a cluster-scoped object',
      (c) => c.get(RESOURCES.nodes, { name: 'n' }),
      { url: '/proxied/api/v1/nodes/n' },
    ],
    [
      'list',
      (c) => c.list(CLASSES, { namespace: 'shop', labelSelector: 'a=b' }),
      { url: '/proxied/apis/secrets-store.csi.x-k8s.io/v1/namespaces/shop/secretproviderclasses?labelSelector=a%3Db' },
    ],
    ['list everywhere', (c) => c.list(RESOURCES.pods), { url: '/proxied/api/v1/pods' }],
    [
      'create',
      (c) => c.create(RESOURCES.pods, 'shop', { metadata: { name: 'x' } }),
      { method: 'POST', url: '/proxied/api/v1/namespaces/shop/pods', body: { metadata: { name: 'x' } } },
    ],
    [
      'update of a subresource',
      (c) => c.update(RESOURCES.pods, pod, { a: 1 }, { subresource: 'status' }),
      { method: 'PUT', url: '/proxied/api/v1/namespaces/shop/pods/web%201/status', body: { a: 1 } },
    ],
    [
      'apply',
      (c) => c.patch(RESOURCES.pods, pod, { type: 'apply', body: {}, fieldManager: 'me', force: true }),
      { method: 'PATCH', url: '/proxied/api/v1/namespaces/shop/pods/web%201?fieldManager=me&force=true' },
    ],
    [
      'delete',
      (c) => c.delete(RESOURCES.pods, pod, { gracePeriodSeconds: 0 }),
      { method: 'DELETE', body: { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 } },
    ],
  ])('sends %s', async (_what, call, expected) => {
    await withApi(ok, async (client, seen) => {
      await call(client);
      expect(seen[0]).toMatchObject(expected);
      expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer a-token', 'user-agent': 'tests' });
    });
  });

  it.each([
    ['json', 'application/json-patch+json'],
    ['merge', 'application/merge-patch+json'],
    ['strategic', 'application/strategic-merge-patch+json'],
    ['apply', 'application/apply-patch+yaml'],
  ] as const)('sends a %s patch as %s', async (type, contentType) => {
    await withApi(ok, async (client, seen) => {
      await client.patch(RESOURCES.pods, pod, { type, body: [] });
      expect(seen[0]?.headers['content-type']).toBe(contentType);
    });
  });

  it('asks for a token and keeps it wrapped', async () => {
    const answer = (_request: IncomingMessage, response: ServerResponse) =>
      void response.writeHead(201).end('{"status":{"token":"jwt","expirationTimestamp":"2026-01-01T00:00:00Z"}}');
    await withApi(answer, async (client, seen) => {
      const token = await client.createToken({ namespace: 'shop', name: 'sa' }, { audiences: ['api://x'] });
      expect(token.token.expose()).toBe('jwt');
      expect(JSON.stringify(token)).not.toContain('jwt');
      expect(seen[0]).toMatchObject({
        url: '/proxied/api/v1/namespaces/shop/serviceaccounts/sa/token',
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: ['api://x'] } },
      });
    });
  });

  it.each([
    [404, 'NotFound', 'not-found'],
    [403, 'Forbidden', 'permission-denied'],
    [401, 'Unauthorized', 'unauthenticated'],
    [409, 'Conflict', 'aborted'],
    [409, 'AlreadyExists', 'already-exists'],
    [422, 'Invalid', 'invalid-input'],
    [429, 'TooManyRequests', 'resource-exhausted'],
    [503, 'ServiceUnavailable', 'unavailable'],
    [500, 'InternalError', 'unknown'],
  ])('turns a Status %i %s into %s, with its message', async (code, reason, expected) => {
    const answer = (_request: IncomingMessage, response: ServerResponse) =>
      void response
        .writeHead(code, { 'retry-after': '2' })
        .end(JSON.stringify({ kind: 'Status', code, reason, message: 'why' }));
    await withApi(answer, async (client) => {
      const failure = await client.get(RESOURCES.pods, pod).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: expected, upstreamCode: reason, retryAfterMs: 2000 });
      expect((failure as Error).message).toBe('getting pods shop/web 1: why');
    });
  });

  it('says the HTTP status where a proxy answers with a page', async () => {
    const answer = (_request: IncomingMessage, response: ServerResponse) => void response.writeHead(502).end('<html>');
    await withApi(answer, async (client) => {
      await expect(client.get(RESOURCES.pods, pod)).rejects.toThrow('the API server answered 502');
    });
  });

  it('says that the server does not answer', async () => {
    using client = createKubeClient({ config: { server: 'http://127.0.0.1:1', namespace: 'x' }, clock: systemClock });
    await expect(client.get(RESOURCES.pods, pod)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('gives up a call at its deadline', async () => {
    await withApi(
      () => undefined,
      async (client) => {
        await expect(client.get(RESOURCES.pods, pod, { timeoutMs: 20 })).rejects.toMatchObject({
          code: 'deadline-exceeded',
        });
      },
    );
  });

  it('tries again, once, when the server had closed a connection that was kept', async () => {
    let requests = 0;
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      requests += 1;
      if (requests === 2) request.socket.resetAndDestroy();
      else response.end('{}');
    };
    await withApi(answer, async (client) => {
      await client.get(RESOURCES.pods, pod);
      await client.get(RESOURCES.pods, pod);
      expect(requests).toBe(3);
    });
  });
});

describe('a client whose token is refused', () => {
  it.each([
    ['again with a newer one, where there is one', 'newer', ['Bearer held', 'Bearer newer']],
    ['once where there is no other', 'held', ['Bearer held']],
  ])('asks %s', async (_what, inFile, asked) => {
    const token = (refused?: Secret<string>) => Promise.resolve(new Secret(refused === undefined ? 'held' : inFile));
    const answer = ({ headers }: IncomingMessage, response: ServerResponse) => {
      response.statusCode = headers.authorization === 'Bearer newer' ? 200 : 401;
      response.end('{"metadata":{"name":"x"}}');
    };
    const use = async (client: KubeClient, seen: Seen[]) => {
      await client.create(RESOURCES.pods, 'shop', { metadata: { name: 'x' } }).catch(() => undefined);
      expect(seen.map(({ headers }) => headers.authorization)).toEqual(asked);
      expect(seen.at(-1)?.body).toEqual({ metadata: { name: 'x' } });
    };
    await withApi(answer, use, token);
  });
});

describe('a watch', () => {
  const event = (type: string, name: string) => JSON.stringify({ type, object: { metadata: { name } } });
  const watch = async (client: KubeClient, signal = new AbortController().signal): Promise<string[]> => {
    const names: string[] = [];
    for await (const { type, object } of client.watch(RESOURCES.pods, { resourceVersion: '7', signal })) {
      names.push(`${type} ${object.metadata.name}`);
    }
    return names;
  };

  it('gives the events as they come, however the bytes are cut, until the server ends it', async () => {
    const text = `${event('ADDED', 'ä')}\n${event('MODIFIED', 'b')}\n${event('DELETED', 'half')}`;
    const answer = async (_request: IncomingMessage, response: ServerResponse) => {
      for (const byte of Buffer.from(text)) {
        response.write(Buffer.of(byte));
        await new Promise(setImmediate);
      }
      response.end();
    };
    await withApi(answer, async (client, seen) => {
      expect(await watch(client)).toEqual(['ADDED ä', 'MODIFIED b']);
      expect(seen[0]?.url).toBe('/proxied/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=7');
    });
  });

  it.each([
    [
      'as an event',
      (response: ServerResponse) =>
        response.end('{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n'),
    ],
    [
      'as an answer',
      (response: ServerResponse) => response.writeHead(410).end('{"kind":"Status","code":410,"reason":"Expired"}'),
    ],
  ])('throws that its version is too old, said %s', async (_how, reply) => {
    await withApi(
      (_request, response) => void reply(response),
      async (client) => {
        const failure = await watch(client).catch((error: unknown) => error);
        expect(isReason(failure, 'Expired')).toBe(true);
      },
    );
  });

  it('ends without an error when its signal aborts', async () => {
    const stop = new AbortController();
    const answer = (_request: IncomingMessage, response: ServerResponse) => {
      response.write(`${event('ADDED', 'a')}\n`);
      stop.abort();
    };
    await withApi(answer, async (client) => {
      await expect(watch(client, stop.signal)).resolves.toBeInstanceOf(Array);
    });
  });
});

describe('isReason', () => {
  it('is false for other errors', () => {
    expect(isReason(new Error('NotFound'), 'NotFound')).toBe(false);
    expect(isReason(new KeyferryError('not-found', 'x'), 'NotFound')).toBe(false);
  });
});
