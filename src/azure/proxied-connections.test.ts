import { createServer } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock, systemRandom } from '#base';
import { createCertificateAuthority } from '#crypto';
import { startHttpServer, type HttpServer } from '#http';
import { proxiedConnections } from './proxied-connections.ts';

let server: HttpServer;
let ca: string;
let tunnels = 0;
const proxy = createServer().on('connect', (_request, client: Socket) => {
  tunnels += 1;
  const upstream = connect(server.port, '127.0.0.1', () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    client.pipe(upstream).pipe(client);
  });
  upstream.on('error', () => client.destroy());
  client.on('error', () => upstream.destroy());
});

beforeAll(async () => {
  const authority = await createCertificateAuthority('test', { clock: systemClock, random: systemRandom });
  const leaf = await authority.issueServer({ dnsNames: ['one.test', 'two.test'] });
  ca = authority.pair.certPem;
  server = await startHttpServer({
    tls: { key: leaf.keyPem, cert: leaf.certPem },
    listener: (request, response) => response.end(`${request.headers.host}`),
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, '127.0.0.1', resolve);
  });
});
afterAll(async () => {
  proxy.close();
  proxy.closeAllConnections();
  await server[Symbol.asyncDispose]();
});

/** One request as a client of the library makes it: each client comes with an agent of its own. */
async function ask(host: string): Promise<string> {
  const made = { agent: new HttpsProxyAgent(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`) };
  let body = '';
  const send = async (sent: { readonly agent?: unknown }) => {
    body = await new Promise<string>((resolve, reject) => {
      const outgoing = httpsRequest({ host, port: 443, ca, agent: sent.agent as never }, (answer) => {
        text(answer).then(resolve, reject);
      });
      outgoing.on('error', reject).end();
    });
    return {};
  };
  await proxiedConnections.policy.sendRequest(made as never, send as never);
  return body;
}

it('serves many clients by one tunnel to each host', async () => {
  for (let round = 0; round < 3; round += 1) {
    expect(await ask('one.test')).toBe('one.test');
    expect(await ask('two.test')).toBe('two.test');
  }
  expect(tunnels).toBe(2);
});

it('leaves requests that go through no proxy as they are', async () => {
  const request = { agent: undefined };
  await proxiedConnections.policy.sendRequest(request as never, (sent) => {
    expect(sent.agent).toBeUndefined();
    return Promise.resolve({} as never);
  });
});
