import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { systemClock } from '#base';
import { createKubeClient, type KubeClient } from './client.ts';

const pod = { namespace: 'shop', name: 'web' };
const frame = (channel: number, text: string) => Buffer.concat([Buffer.of(channel), Buffer.from(text)]);
const success = frame(3, JSON.stringify({ kind: 'Status', status: 'Success' }));
const exitCode = (code: number) =>
  frame(
    3,
    JSON.stringify({
      kind: 'Status',
      status: 'Failure',
      reason: 'NonZeroExitCode',
      message: `command terminated with exit code ${code}`,
      details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
    }),
  );

async function withContainer(
  serve: (socket: WebSocket, url: string) => void,
  use: (client: KubeClient) => Promise<void>,
  protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
): Promise<void> {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    handleProtocols: (offered) => protocols.find((protocol) => offered.has(protocol)) ?? false,
  });
  server.on('connection', (socket, request) => serve(socket, request.url ?? ''));
  await new Promise((resolve) => server.once('listening', resolve));
  const config = { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, namespace: 'x' };
  using client = createKubeClient({ config, clock: systemClock });
  try {
    await use(client);
  } finally {
    server.close();
  }
}

describe('exec', () => {
  it('gives output as it comes and the exit code', async () => {
    const serve = (socket: WebSocket, url: string) => {
      socket.send(frame(1, url));
      socket.send(frame(2, 'oops'));
      socket.send(exitCode(3));
      socket.close(1000);
    };
    await withContainer(serve, async (client) => {
      let out = '';
      let err = '';
      const result = await client.exec(pod, {
        command: ['sh', '-c', 'echo a b'],
        container: 'main',
        onStdout: (chunk) => (out += chunk.toString()),
        onStderr: (chunk) => (err += chunk.toString()),
      });
      expect(result).toEqual({ exitCode: 3 });
      expect(out).toBe(
        '/api/v1/namespaces/shop/pods/web/exec?command=sh&command=-c&command=echo+a+b&container=main&stdout=true&stderr=true',
      );
      expect(err).toBe('oops');
    });
  });

  it.each([
    ['v5.channel.k8s.io', ['0:input', '255:\0']],
    ['v4.channel.k8s.io', ['0:input']],
  ])('sends the input over %s', async (protocol, expected) => {
    const got: string[] = [];
    const serve = (socket: WebSocket) => {
      socket.on('message', (data: Buffer) => {
        got.push(`${data[0]}:${data.subarray(1).toString()}`);
        if (got.length < expected.length) return;
        socket.send(success);
        socket.close(1000);
      });
    };
    const input = async function* () {
      yield 'input';
    };
    const use = async (client: KubeClient) => {
      expect(await client.exec(pod, { command: ['cat'], stdin: input() })).toEqual({ exitCode: 0 });
      expect(got).toEqual(expected);
    };
    await withContainer(serve, use, [protocol]);
  });

  it('throws when the connection is lost before the command has ended', async () => {
    await withContainer(
      (socket) => socket.terminate(),
      async (client) => {
        await expect(client.exec(pod, { command: ['x'] })).rejects.toMatchObject({ code: 'unavailable' });
      },
    );
  });

  it('ends when its signal aborts', async () => {
    const stop = new AbortController();
    await withContainer(
      () => stop.abort(new Error('enough')),
      async (client) => {
        await expect(client.exec(pod, { command: ['sleep'], signal: stop.signal })).rejects.toThrow('enough');
      },
    );
  });
});
