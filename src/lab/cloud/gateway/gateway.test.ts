import { once } from 'node:events';
import { createServer, request as httpRequest, type RequestListener } from 'node:http';
import { connect, createServer as createNetServer, type AddressInfo, type Server } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Agent, ProxyAgent, request } from 'undici';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDisposeStack, systemClock, systemRandom, type DisposeStack } from '#base';
import { createCertificateAuthority, type CertificateAuthority } from '#crypto';
import { createMemoryLog } from '../../../base/testing/index.ts';
import { createAuditLog, type WritableAuditLog } from '../audit-log.ts';
import type { CloudService } from '../service.ts';
import { startGateway, type Gateway, type GatewayOptions } from './gateway.ts';

let authority: CertificateAuthority;
let stack: DisposeStack = createDisposeStack();
let audit: WritableAuditLog;
let log = createMemoryLog();

beforeAll(async () => {
  authority = await createCertificateAuthority('test', { clock: systemClock, random: systemRandom });
});

afterEach(async () => {
  await stack[Symbol.asyncDispose]();
  stack = createDisposeStack();
});

function vault(fetch: CloudService['fetch']): CloudService {
  return { name: 'keyvault', serves: (host) => host.endsWith('.vault.azure.net'), fetch };
}

const echo = vault(async (message) =>
  Response.json({ method: message.method, url: message.url, body: await message.text() }, { status: 201 }),
);

async function start(options: Partial<GatewayOptions> = {}): Promise<Gateway> {
  log = createMemoryLog();
  audit = createAuditLog({ clock: systemClock });
  return stack.use(
    await startGateway({ services: [echo], authority, audit, clock: systemClock, log, graceMs: 200, ...options }),
  );
}

function client(gateway: Gateway): ProxyAgent {
  const agent = new ProxyAgent({ uri: gateway.proxyUrl, requestTls: { ca: authority.pair.certPem } });
  stack.defer(() => agent.destroy());
  return agent;
}

/** The answer to a CONNECT, as text, when the gateway ends the connection after it. */
function refusedConnect(gateway: Gateway, target: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(gateway.port, '127.0.0.1', () => {
      socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
    });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('end', () => resolve(text)).on('error', reject);
  });
}

function listen(server: Server): Promise<number> {
  stack.defer(() => void server.close());
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

describe('the gateway', () => {
  it('ends TLS for the lab’s hosts and hands on whole requests', async () => {
    const gateway = await start();
    const answer = await request('https://kv.vault.azure.net//secrets/A?api%2Dversion=7.4', {
      method: 'PUT',
      body: '{"value":"x"}',
      dispatcher: client(gateway),
    });
    expect(answer.statusCode).toBe(201);
    expect(await answer.body.json()).toEqual({
      method: 'PUT',
      url: 'https://kv.vault.azure.net//secrets/A?api%2Dversion=7.4',
      body: '{"value":"x"}',
    });
  });

  it('keeps a connection for many requests', async () => {
    const gateway = await start();
    const raw = connect(gateway.port, '127.0.0.1');
    raw.write('CONNECT kv.vault.azure.net:443 HTTP/1.1\r\n\r\n');
    await once(raw, 'data');
    const socket = connectTls({ socket: raw, servername: 'kv.vault.azure.net', ca: authority.pair.certPem });
    stack.defer(() => void socket.destroy());
    for (const path of ['/a', '/b']) {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: kv.vault.azure.net\r\n\r\n`);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(answer.toString()).toMatch(/^HTTP\/1\.1 201 .*keep-alive/s);
    }
    expect(audit.records().map(({ path }) => path)).toEqual(['/a', '/b']);
  });

  it('makes one audit record a request, without its query', async () => {
    const gateway = await start({
      services: [
        vault(async (message) => {
          audit.note(message, { operation: 'SecretGet', identity: { objectId: 'o' } });
          return new Response(null, { status: 404, headers: { 'x-ms-request-id': 'id-1' } });
        }),
      ],
    });
    const answer = await request('https://kv.vault.azure.net/secrets/a?token=x', {
      dispatcher: client(gateway),
      headers: { 'user-agent': 'az/2' },
    });
    await answer.body.dump();
    const [record, ...more] = audit.records();
    expect(more).toEqual([]);
    expect(record).toMatchObject({
      service: 'keyvault',
      operation: 'SecretGet',
      method: 'GET',
      host: 'kv.vault.azure.net',
      path: '/secrets/a',
      status: 404,
      result: 'HTTP 404',
      identity: { objectId: 'o' },
      userAgent: 'az/2',
      requestId: 'id-1',
    });
  });

  it('answers a HEAD without a body', async () => {
    const gateway = await start({ services: [vault(async () => new Response('body', { status: 200 }))] });
    const answer = await request('https://kv.vault.azure.net/a', { method: 'HEAD', dispatcher: client(gateway) });
    expect(answer.statusCode).toBe(200);
    expect(await answer.body.text()).toBe('');
  });

  it('refuses a body that is too large', async () => {
    const gateway = await start({ bodyLimitBytes: 10 });
    const answer = await request('https://kv.vault.azure.net/a', {
      method: 'POST',
      body: '12345678901',
      dispatcher: client(gateway),
    });
    expect(answer.statusCode).toBe(413);
    expect(audit.records().map(({ status, path }) => [status, path])).toEqual([[413, '/a']]);
  });

  it('turns a failing service into a 500 that names no inner text', async () => {
    const gateway = await start({ services: [vault(() => Promise.reject(new Error('inner text')))] });
    const answer = await request('https://kv.vault.azure.net/a', { dispatcher: client(gateway) });
    expect(answer.statusCode).toBe(500);
    expect(await answer.body.text()).not.toContain('inner text');
    expect(log.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields['error'])).toEqual([
      'inner text',
    ]);
    expect(audit.records().map(({ status }) => status)).toEqual([500]);
  });

  it('refuses a request for another host inside a tunnel', async () => {
    const gateway = await start();
    const answer = await request('https://kv.vault.azure.net/a', {
      dispatcher: client(gateway),
      headers: { host: 'example.com' },
    });
    expect(answer.statusCode).toBe(421);
    expect(audit.records()).toEqual([]);
  });

  /** What a TLS client gets for `text`, once the gateway has closed the connection. */
  async function exchange(gateway: Gateway, text: string): Promise<string> {
    const raw = connect(gateway.port, '127.0.0.1');
    raw.write('CONNECT kv.vault.azure.net:443 HTTP/1.1\r\n\r\n');
    await once(raw, 'data');
    const socket = connectTls({ socket: raw, servername: 'kv.vault.azure.net', ca: authority.pair.certPem });
    stack.defer(() => void socket.destroy());
    socket.write(text);
    let answer = '';
    socket
      .on('error', () => undefined)
      .on('data', (chunk: Buffer) => {
        answer += chunk.toString();
      });
    await once(socket, 'close');
    return answer;
  }

  it.each(['*', 'https://example.com/a', 'https://kv.vault.azure.net/a', 'x://@example.com'])(
    'refuses the request target %s, which no client of a vault sends',
    async (target) => {
      const seen: string[] = [];
      const gateway = await start({
        services: [
          vault(async ({ url }) => {
            seen.push(url);
            return new Response();
          }),
        ],
      });
      const answer = await exchange(gateway, `OPTIONS ${target} HTTP/1.1\r\nHost: kv.vault.azure.net\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 400 .*the request target is not a path/s);
      expect(seen).toEqual([]);
      expect(audit.records().map(({ status }) => status)).toEqual([400]);
    },
  );

  // One reader of the bytes stands before the services, and it takes nothing that two could read in two ways.
  it.each([
    ['two lengths', 'Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'],
    ['a length and chunks', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['an encoding that ends in no chunks', 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
    ['a length that is none', 'Content-Length: +3\r\n\r\nabc'],
    ['a blank before a colon', 'Content-Length : 3\r\n\r\nabc'],
    ['a folded header', 'Content-Length: 3\r\n X: y\r\n\r\nabc'],
    ['a chunk whose size is none', 'Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n'],
  ])('smuggles no request past itself by %s', async (_what, rest) => {
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: kv.vault.azure.net\r\n\r\n';
    const answer = await exchange(await start(), `PUT /a HTTP/1.1\r\nHost: kv.vault.azure.net\r\n${rest}${smuggled}`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).not.toContain('smuggled');
    expect(audit.records().filter(({ status }) => status < 300)).toEqual([]);
  });

  it('refuses a request that names two hosts', async () => {
    const hosts = 'Host: kv.vault.azure.net\r\nHost: other.vault.azure.net\r\n';
    expect(await exchange(await start(), `GET /a HTTP/1.1\r\n${hosts}\r\n`)).toMatch(
      /^HTTP\/1\.1 400 .*more than one host/s,
    );
    expect(audit.records().map(({ status }) => status)).toEqual([400]);
  });

  it.each([
    ['CONNECT 127.0.0.1:22', ''],
    ['GET /a', 'Connection: Upgrade, close\r\nUpgrade: websocket\r\n'],
    ['PRI *', ''],
  ])('opens no second tunnel inside of one: %s', async (line, headers) => {
    const gateway = await start({ idleTimeoutMs: 500 });
    const answer = await exchange(gateway, `${line} HTTP/1.1\r\nHost: kv.vault.azure.net\r\n${headers}\r\n`);
    expect(answer).not.toMatch(/^HTTP\/1\.1 (?:101|200) /);
  });

  it.each([
    ['in its head', 'GET /a HTTP/1.1\r\nHost: kv.va'],
    ['in its body', 'PUT /a HTTP/1.1\r\nHost: kv.vault.azure.net\r\nContent-Length: 10\r\n\r\n{'],
  ])('hangs up on a request that stops %s', async (_where, text) => {
    await expect(exchange(await start({ idleTimeoutMs: 500 }), text)).resolves.not.toContain('201');
  });

  it('refuses headers that do not come to an end, however steadily they come', async () => {
    const gateway = await start({ headersTimeoutMs: 50 });
    const text = 'GET /a HTTP/1.1\r\nHost: kv.vault.azure.net\r\nX-Slow: ';
    await expect(exchange(gateway, text)).resolves.toMatch(/^HTTP\/1\.1 408 /);
  });

  it('hangs up on a tunnel in which nobody speaks TLS', async () => {
    const gateway = await start({ handshakeTimeoutMs: 50 });
    const socket = connect(gateway.port, '127.0.0.1');
    stack.defer(() => void socket.destroy());
    socket.write('CONNECT kv.vault.azure.net:443 HTTP/1.1\r\n\r\n');
    socket.resume();
    await once(socket, 'close');
    expect(log.lines.map(({ message }) => message)).toContain('a client broke off the TLS handshake');
  });

  it('has no certificate for a name that it does not serve', async () => {
    const gateway = await start();
    const raw = connect(gateway.port, '127.0.0.1');
    raw.write('CONNECT kv.vault.azure.net:443 HTTP/1.1\r\n\r\n');
    await once(raw, 'data');
    const socket = connectTls({ socket: raw, servername: 'example.com', ca: authority.pair.certPem });
    stack.defer(() => void socket.destroy());
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error).toBeInstanceOf(Error);
    expect(socket.authorized).toBe(false);
  });

  const refusals: [string, number, RegExp][] = [
    ['example.com:443', 502, /example\.com is not part of the lab; start it with --allow-internet/],
    ['localhost:443', 403, /localhost is this machine; set NO_PROXY/],
    ['127.0.0.1:6443', 403, /127\.0\.0\.1 is this machine/],
    ['kv.vault.azure.net:80', 403, /only leads to port 443, not 80/],
    ['nonsense', 400, /'nonsense' is not host:port/],
  ];
  it.each(refusals)('refuses a tunnel to %s with %i', async (target, status, text) => {
    const answer = await refusedConnect(await start(), target);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head.split('\r\n')[0]).toMatch(text);
    expect(body).toMatch(text);
  });

  it('refuses a tunnel to a served host that does not exist, as DNS would', async () => {
    const gateway = await start({
      missingHost: (host) => (host.startsWith('no-') ? `no vault at ${host}` : undefined),
    });
    expect(await refusedConnect(gateway, 'no-such.vault.azure.net:443')).toMatch(
      /^HTTP\/1\.1 502 .*no vault at no-such\.vault\.azure\.net/,
    );
  });

  it('refuses plain http through the proxy', async () => {
    const gateway = await start();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      httpRequest({ host: '127.0.0.1', port: gateway.port, path: 'http://example.com/' }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(502);
  });

  it('gives requests to its own port to the control interface', async () => {
    const control: RequestListener = (_message, response) => {
      response.end('control');
    };
    const answers = await Promise.all(
      [await start({ control }), await start()].map(async (gateway) => {
        const { statusCode, body } = await request(`${gateway.proxyUrl}/lab/status`, { dispatcher: new Agent() });
        return [statusCode, await body.text()];
      }),
    );
    expect(answers[0]).toEqual([200, 'control']);
    expect(answers[1]?.[0]).toBe(404);
  });

  it('takes another port when the wished one is taken', async () => {
    const port = await listen(createNetServer());
    const gateway = await start({ port });
    expect(gateway.port).not.toBe(port);
    expect(log.lines.map(({ level }) => level)).toContain('warn');
  });

  it('ends with idle and broken connections open, after the requests under way', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let arrived: () => void = () => undefined;
    const underWay = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const gateway = await start({
      graceMs: 10_000,
      services: [
        vault(async () => {
          arrived();
          await held;
          return new Response('done');
        }),
      ],
    });
    const half = connect(gateway.port, '127.0.0.1', () => {
      half.write('CONNECT kv.vault.azure.net:443 HTTP/1.1\r\n\r\n');
    });
    half.on('error', () => undefined);
    const answer = request('https://kv.vault.azure.net/slow', { dispatcher: client(gateway) });
    await underWay;
    const ended = gateway[Symbol.asyncDispose]();
    release();
    expect(await (await answer).body.text()).toBe('done');
    await ended;
  });
});

describe('a tunnel that is asked for while the gateway ends', () => {
  it('does not keep it from ending', async () => {
    const gateway = await start();
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write('CONNECT kv.vault.azure.net:443 HTTP/1.1\r\n');
    await once(socket, 'connect');
    const ended = gateway[Symbol.asyncDispose]();
    socket.on('error', () => undefined).write('\r\n');
    await expect(ended).resolves.toBeUndefined();
  });
});

describe('with the internet allowed', () => {
  it('hands a tunnel to another host on to the proxy that was set before', async () => {
    const seen: string[] = [];
    const outer = createServer();
    outer.on('connect', (message, socket) => {
      seen.push(`${message.url} ${message.headers['proxy-authorization']}`);
      socket.write('HTTP/1.1 200 OK\r\nX-Outer: 1\r\n\r\nhello');
      socket.pipe(socket);
    });
    const upstreamProxy = `http://me:pa%20ss@127.0.0.1:${await listen(outer)}`;
    const gateway = await start({ allowInternet: true, upstreamProxy });
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(gateway.port, '127.0.0.1', () => {
        socket.write('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\nearly');
      });
      let received = '';
      socket.on('error', reject).on('data', (chunk) => {
        received += chunk.toString();
        if (!received.endsWith('early')) return;
        socket.destroy();
        resolve(received);
      });
    });
    expect(text).toBe('HTTP/1.1 200 Connection established\r\n\r\nhelloearly');
    expect(seen).toEqual([`example.com:443 Basic ${Buffer.from('me:pa ss').toString('base64')}`]);
  });

  it('still serves the lab’s own hosts itself', async () => {
    const gateway = await start({ allowInternet: true, upstreamProxy: 'http://127.0.0.1:9' });
    const answer = await request('https://kv.vault.azure.net/a', { dispatcher: client(gateway) });
    expect(answer.statusCode).toBe(201);
  });

  it('says so when the outer proxy refuses', async () => {
    const outer = createServer();
    outer.on('connect', (_message, socket) => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'));
    const gateway = await start({ allowInternet: true, upstreamProxy: `http://127.0.0.1:${await listen(outer)}` });
    expect(await refusedConnect(gateway, 'example.com:443')).toMatch(/^HTTP\/1\.1 502 .*refused a tunnel.*407/);
  });

  it('does not lead to this machine', async () => {
    const gateway = await start({ allowInternet: true });
    expect(await refusedConnect(gateway, '127.0.0.1:443')).toMatch(/^HTTP\/1\.1 403 /);
  });
});
