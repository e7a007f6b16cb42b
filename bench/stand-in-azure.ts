import { createServer as createProxy, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { systemClock, systemRandom } from '#base';
import { createCertificateAuthority } from '#crypto';

/** An Azure that answers at once: whatever is asked for is there, nobody is checked. */
export interface StandInAzure extends AsyncDisposable {
  /** What HTTPS_PROXY has to be. */
  readonly proxyUrl: string;
  /** The certificate of the authority that its certificates are of. */
  readonly caPem: string;
  /** Added to each answer, milliseconds. */
  delayMs: number;
  /** The requests since the last {@link StandInAzure.forget}, as `entra` and `keyvault`. */
  readonly requests: { readonly entra: number; readonly keyvault: number };
  forget(): void;
}

const VERSION = 'a'.repeat(32);

/** Starts it behind a CONNECT proxy, so that a process reaches it under Azure's own names. */
export async function startStandInAzure(): Promise<StandInAzure> {
  const requests = { entra: 0, keyvault: 0 };
  const authority = await createCertificateAuthority('bench', { clock: systemClock, random: systemRandom });
  const { keyPem, certPem } = await authority.issueServer({
    dnsNames: ['login.microsoftonline.com', '*.vault.azure.net'],
  });

  const listener: RequestListener = (request, response) => {
    const send = (body: object) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const host = request.headers.host ?? '';
    const isVault = host.endsWith('.vault.azure.net');
    requests[isVault ? 'keyvault' : 'entra'] += 1;
    const name = /^\/secrets\/([^/?]+)/.exec(request.url ?? '')?.[1] ?? '';
    const body = isVault
      ? { value: `value of ${name}`, id: `https://${host}/secrets/${name}/${VERSION}`, attributes: { enabled: true } }
      : { token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599, access_token: `token ${requests.entra}` };
    request.resume().on('end', () => {
      if (azure.delayMs === 0) send(body);
      else void systemClock.sleep(azure.delayMs).then(() => send(body));
    });
  };
  const tls = createTlsServer({ key: keyPem, cert: certPem, keepAliveTimeout: 60_000 }, listener);
  await new Promise<void>((resolve) => {
    tls.listen(0, '127.0.0.1', resolve);
  });
  const sockets = new Set<Socket>();
  const proxy = createProxy().on('connect', (_request, client: Socket) => {
    const upstream = connect((tls.address() as AddressInfo).port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    }
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, '127.0.0.1', resolve);
  });
  const azure: StandInAzure = {
    proxyUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    caPem: authority.pair.certPem,
    delayMs: 0,
    requests,
    forget: () => void Object.assign(requests, { entra: 0, keyvault: 0 }),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all([tls, proxy].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
  return azure;
}
