import { once } from 'node:events';
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
