import { EventEmitter, once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, it } from 'vitest';
import { systemClock, systemRandom } from '#base';
import { createCertificateAuthority } from '#crypto';
import { createConnectionReset } from './connection-reset.ts';

/** What the client of a server that resets every request notices. */
async function resetBy(server: Server, open: (port: number) => Socket): Promise<string | undefined> {
  const reset = createConnectionReset(server);
  server.on('request', (request) => reset(request.socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = open((server.address() as AddressInfo).port);
  try {
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    return error.code;
  } finally {
    socket.destroy();
    server.close();
  }
}

it('resets the connection of a plain request', async () => {
  await expect(resetBy(createServer(), (port) => connect(port, '127.0.0.1'))).resolves.toBe('ECONNRESET');
});

it('resets the connection beneath TLS', async () => {
  const authority = await createCertificateAuthority('test', { clock: systemClock, random: systemRandom });
  const { keyPem, certPem } = await authority.issueServer({ dnsNames: ['localhost'] });
  const server = createTlsServer({ key: keyPem, cert: certPem });
  const open = (port: number) =>
    connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.pair.certPem });
  await expect(resetBy(server, open)).resolves.toBe('ECONNRESET');
});

it('resets the connection that is there now, also when an earlier one of the same client port closes late', () => {
  const server = new EventEmitter();
  const reset = createConnectionReset(server as Server);
  const opened = ['first', 'second'].map(() => {
    const socket = Object.assign(new EventEmitter(), {
      remoteAddress: '127.0.0.1',
      remotePort: 40_000,
      resets: 0,
      resetAndDestroy: () => void (socket.resets += 1),
    });
    server.emit('connection', socket);
    return socket;
  });
  opened[0]?.emit('close');
  const { remoteAddress, remotePort } = opened[1] ?? {};
  reset({ remoteAddress, remotePort, destroy: () => undefined } as unknown as Socket);
  expect(opened.map(({ resets }) => resets)).toEqual([0, 1]);
});
