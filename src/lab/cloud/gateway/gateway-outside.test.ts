import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ProxyAgent, request } from 'undici';
import { createDisposeStack, silentLog, systemClock, systemRandom } from '#base';
import { createCertificateAuthority, type CertificateAuthority } from '#crypto';
import { createAuditLog } from '../audit-log.ts';
import { startGateway, type Gateway, type GatewayOptions } from './gateway.ts';

/** An address of this machine that is not the gateway's own: all of 127/8 is loopback. */
const OUTSIDE = '127.0.0.2';
let authority: CertificateAuthority;
let stack = createDisposeStack();

beforeAll(async () => {
  authority = await createCertificateAuthority('test', { clock: systemClock, random: systemRandom });
});
afterEach(async () => {
  await stack[Symbol.asyncDispose]();
  stack = createDisposeStack();
});

async function start(more: Partial<GatewayOptions> = {}): Promise<Gateway> {
  return stack.use(
    await startGateway({
      services: [
        {
          name: 'keyvault',
          serves: (host) => host === 'kv.vault.azure.net',
          fetch: () => Promise.resolve(new Response('a secret')),
        },
      ],
      authority,
      audit: createAuditLog({ clock: systemClock }),
      clock: systemClock,
      log: silentLog,
      graceMs: 10,
      outside: { host: OUTSIDE, port: 0 },
      control: (_message, response) => void response.end('control'),
      ...more,
    }),
  );
}

const outsideUrl = ({ outside }: Gateway) => `http://${outside?.host}:${outside?.port}`;

/** The first line of the answer to a CONNECT. */
async function connectLine({ outside }: Gateway, target: string): Promise<string> {
  const socket = connect(outside?.port ?? 0, outside?.host ?? '');
  stack.defer(() => void socket.destroy());
  socket.write(`CONNECT ${target} HTTP/1.1\r\n\r\n`);
  const [data] = (await once(socket, 'data')) as [Buffer];
  return data.toString().split('\r\n', 1)[0] ?? '';
}

describe('the address of a gateway for clients of other machines', () => {
  it('leads to the services of the lab', async () => {
    const gateway = await start();
    const dispatcher = new ProxyAgent({ uri: outsideUrl(gateway), requestTls: { ca: authority.pair.certPem } });
    stack.defer(() => dispatcher.destroy());
    expect(await (await request('https://kv.vault.azure.net/', { dispatcher })).body.text()).toBe('a secret');
  });

  it('leads to the control interface neither by itself nor as a proxy', async () => {
    const gateway = await start();
    const own = await request(`http://127.0.0.1:${gateway.port}/lab/status`);
    expect(await own.body.text()).toBe('control');
    const answer = await request(`${outsideUrl(gateway)}/lab/status`);
    expect(answer.statusCode).toBe(404);
    expect(await answer.body.text()).not.toContain('control');
    expect(await connectLine(gateway, `127.0.0.1:${gateway.port}`)).toContain('403');
  });

  it('is no way to other hosts, also where the gateway itself is one', async () => {
    const gateway = await start({ allowInternet: true });
    expect(await connectLine(gateway, 'example.com:443')).toContain('502');
  });

  it('is refused with what to do when it is taken, and the gateway does not start', async () => {
    const taken: Server = createServer();
    stack.defer(() => void taken.close());
    await new Promise<void>((resolve) => {
      taken.listen(0, OUTSIDE, resolve);
    });
    const { port } = taken.address() as { port: number };
    await expect(start({ outside: { host: OUTSIDE, port } })).rejects.toMatchObject({
      code: 'failed-precondition',
      message: `cannot listen on ${OUTSIDE}:${port}: the port is taken`,
      hint: expect.stringContaining('--listen'),
    });
  });

  it('is refused when it is none of this machine', async () => {
    // TEST-NET-2 of RFC 5737: nobody's.
    await expect(start({ outside: { host: '198.51.100.7', port: 0 } })).rejects.toThrow(
      'this machine has no such address',
    );
  });

  it('is closed with the gateway', async () => {
    const gateway = await start();
    await gateway[Symbol.asyncDispose]();
    await expect(request(outsideUrl(gateway))).rejects.toThrow('ECONNREFUSED');
  });
});
