import { createServer, request, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createDisposeStack, silentLog } from '#base';
import { createFakeClock } from '../../../base/testing/index.ts';
import { createAuditLog } from '../audit-log.ts';
import { startMetadataListener, type PlainHttpOptions } from './plain-http.ts';

let stack = createDisposeStack();

afterEach(async () => {
  await stack[Symbol.asyncDispose]();
  stack = createDisposeStack();
});

async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  stack.defer(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return (server.address() as AddressInfo).port;
}

async function start(more: Partial<PlainHttpOptions> = {}) {
  const clock = createFakeClock();
  const audit = createAuditLog({ clock });
  const { port } = stack.use(
    await startMetadataListener({
      clock,
      audit,
      log: silentLog,
      metadata: {
        host: '169.254.169.254',
        service: {
          name: 'imds',
          serves: (host) => host === '169.254.169.254',
          fetch: (asked) => {
            const { pathname, search } = new URL(asked.url);
            return Promise.resolve(new Response(`metadata ${pathname}${search} ${asked.headers.get('metadata')}`));
          },
        },
      },
      ...more,
    }),
  );
  return { port, audit };
}

/** Sends `target` as it is: a path, or the absolute form that proxies get. */
const send = (port: number, target: string, headers: Record<string, string> = {}) =>
  new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path: target, headers, agent: false }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      answer.on('end', () => resolve({ status: answer.statusCode, body }));
    });
    outgoing.on('error', reject).end();
  });

describe('instance metadata', () => {
  it.each([
    ['for programs that are told the port', '/metadata/identity/oauth2/token?resource=x'],
    ['for those that know its address only', 'http://169.254.169.254/metadata/identity/oauth2/token?resource=x'],
    ['with the port written out', 'http://169.254.169.254:80/metadata/identity/oauth2/token?resource=x'],
  ])('is served %s, with one audit record', async (_how, target) => {
    const { port, audit } = await start();
    expect(await send(port, target, { metadata: 'true' })).toEqual({
      status: 200,
      body: 'metadata /metadata/identity/oauth2/token?resource=x true',
    });
    expect(audit.records()).toMatchObject([
      { service: 'imds', host: '169.254.169.254', path: '/metadata/identity/oauth2/token', status: 200 },
    ]);
  });

  it.each(['127.0.0.1', '127.0.0.1:8080', 'localhost:1', '[::1]:1', '169.254.169.254'])(
    'is served to a program that calls it %s',
    async (host) => {
      const { port } = await start();
      expect((await send(port, '/metadata/x', { metadata: 'true', host })).status).toBe(200);
    },
  );

  it.each([
    'rebound.example',
    'rebound.example:80',
    '127.0.0.1.rebound.example',
    'localhost.example',
    '10.0.0.1',
    'a b',
  ])('is not served under a name that somebody made to lead here: %s', async (host) => {
    const { port, audit } = await start();
    for (const path of ['/metadata/identity/oauth2/token?resource=x', '/host/token/?resource=x']) {
      const headers = { metadata: 'true', podname: 'p', podns: 'n', host };
      expect((await send(port, path, headers)).status, path).toBe(403);
    }
    expect(audit.records()).toEqual([]);
  });

  it.each(['/', '/metadatas', '/lab/status'])('leaves %s to the lab', async (path) => {
    const { port } = await start({ control: (_message, response) => response.end('control') });
    expect((await send(port, path)).body).toBe('control');
  });
});

describe('another host', () => {
  it.each<[string, number, RegExp]>([
    ['http://example.com/', 502, /http:\/\/example\.com is not part of the lab; start it with --allow-internet/],
    ['http://login.microsoftonline.com/', 502, /not part of the lab/],
    ['http://169.254.169.254:8080/metadata', 403, /an address of this machine, or for it alone/],
    ['http://127.0.0.1:22/', 403, /is this machine/],
    ['http://localhost/', 403, /is this machine/],
    ['http://[::1]:80/', 403, /is this machine/],
    ['http://2130706433/', 403, /is this machine/],
    ['https://example.com/', 400, /no http:\/\/ address/],
  ])('%s is refused with %i', async (target, status, reason) => {
    const { port } = await start();
    const answer = await send(port, target);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatch(reason);
  });

  it('is never this machine, even with --allow-internet', async () => {
    const own = await listen((_message, response) => response.end('a service of this machine'));
    const { port } = await start({ allowInternet: true });
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]']) {
      const answer = await send(port, `http://${host}:${own}/`);
      expect([answer.status, answer.body]).toEqual([403, expect.not.stringContaining('a service')]);
    }
  });

  it('is reached through the proxy that there was before, with --allow-internet', async () => {
    const seen: string[] = [];
    const outer = await listen((message, response) => {
      seen.push(
        ['host', 'proxy-authorization', 'x-mine', 'x-hop'].reduce(
          (line, name) => `${line} ${String(message.headers[name])}`,
          message.url ?? '',
        ),
      );
      response.writeHead(201).end('from outside');
    });
    const { port } = await start({ allowInternet: true, upstreamProxy: `http://me:pa%20ss@127.0.0.1:${outer}` });
    const answer = await send(port, 'http://example.com:8080/a?b=c', {
      'x-mine': 'kept',
      'x-hop': 'of this hop',
      connection: 'close, X-Hop',
      host: 'elsewhere.example',
      'proxy-authorization': 'mine',
    });
    expect(answer).toEqual({ status: 201, body: 'from outside' });
    const login = `Basic ${Buffer.from('me:pa ss').toString('base64')}`;
    expect(seen).toEqual([`http://example.com:8080/a?b=c example.com:8080 ${login} kept undefined`]);
  });

  it('that cannot be reached is a 502 that says so', async () => {
    const { port } = await start({ allowInternet: true, upstreamProxy: 'http://127.0.0.1:9' });
    const answer = await send(port, 'http://example.com/');
    expect([answer.status, answer.body]).toEqual([502, expect.stringContaining('cannot reach http://example.com')]);
  });
});
