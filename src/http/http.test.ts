import { request, type Server } from 'node:http';
import { describe, expect, it } from 'vitest';
import { toKeyferryError } from '#base';
import { readBody, startHttpServer } from './index.ts';

const post = (port: number, body: string) =>
  new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method: 'POST' }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });

describe('an HTTP server', () => {
  it('reads bodies up to the limit and not beyond', async () => {
    await using server = await startHttpServer({
      listener: (incoming, response) => {
        readBody(incoming, 10).then(
          (body) => response.end(body),
          (error: unknown) => response.writeHead(413).end(toKeyferryError(error).code),
        );
      },
    });
    expect(await post(server.port, '0123456789')).toEqual({ status: 200, text: '0123456789' });
    expect(await post(server.port, '0123456789x')).toEqual({ status: 413, text: 'resource-exhausted' });
  });

  it('goes on when connections could not be accepted', async () => {
    const servers: Server[] = [];
    await using server = await startHttpServer({
      listener: (_incoming, response) => response.end('here'),
      prepare: (one) => servers.push(one),
    });
    const refused = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' });
    for (let count = 0; count < 2; count += 1) servers[0]?.emit('error', refused);
    expect(await post(server.port, '')).toEqual({ status: 200, text: 'here' });
  });

  it('says which port is taken', async () => {
    await using server = await startHttpServer({ listener: () => undefined });
    await expect(startHttpServer({ listener: () => undefined, port: server.port })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${server.port}: the port is taken`,
    );
  });

  it('ends although a request hangs', async () => {
    const server = await startHttpServer({ listener: () => undefined, graceMs: 20 });
    const hanging = post(server.port, '');
    const outcome = expect(hanging).rejects.toThrow();
    await server[Symbol.asyncDispose]();
    await outcome;
  });
});
