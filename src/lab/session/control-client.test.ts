import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '#base';
import { createControlClient } from './control-client.ts';

let server: Server;
let port: number;
beforeEach(async () => {
  // Takes requests and never answers, as a lab that hangs.
  server = createServer(() => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

describe('asking a lab', () => {
  const client = () => createControlClient({ port, token: new Secret('t') }, { answerWithinMs: 50 });

  it('that hangs is told apart', async () => {
    await expect(client().status()).rejects.toMatchObject({ code: 'deadline-exceeded' });
  });

  it('from one that is not there', async () => {
    server.close();
    await once(server, 'close');
    await expect(client().status()).rejects.toMatchObject({ code: 'unavailable' });
  });
});
