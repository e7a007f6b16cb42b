import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { KeyferryError, silentLog, systemClock } from '#base';
import {
  CSIDriverProviderClient,
  CSIDriverProviderService,
  type CSIDriverProviderServer,
} from '../gen/v1alpha1/provider.ts';
import { callUnary, createGrpcClient, grpcService, startGrpcServer, type UnaryHandlers } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'keyferry-grpc-'));
afterAll(() => rmSync(folder, { recursive: true }));

const empty = { attributes: '', secrets: '', targetPath: '', permission: '', currentObjectVersion: [] };

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('gone')));
  });
}

async function withServer(
  handlers: Partial<UnaryHandlers<CSIDriverProviderServer>>,
  use: (client: CSIDriverProviderClient, socketPath: string) => Promise<void>,
): Promise<void> {
  const socketPath = join(folder, `s${performance.now()}.sock`);
  await using _server = await startGrpcServer({
    socketPath,
    clock: systemClock,
    log: silentLog,
    services: [grpcService<CSIDriverProviderServer>(CSIDriverProviderService, handlers)],
  });
  const client = createGrpcClient(CSIDriverProviderClient, socketPath);
  try {
    await use(client, socketPath);
  } finally {
    client.close();
  }
}

describe('a gRPC server on a unix socket', () => {
  it('answers calls, and its socket is for its owner only', async () => {
    await withServer(
      { version: ({ version }) => Promise.resolve({ version, runtimeName: 'r', runtimeVersion: '1' }) },
      async (client, socketPath) => {
        const answer = await callUnary(client, 'version', { version: 'v1alpha1' }, { timeoutMs: 5000 }, systemClock);
        expect(answer).toEqual({ version: 'v1alpha1', runtimeName: 'r', runtimeVersion: '1' });
        expect(statSync(socketPath).mode & 0o777).toBe(0o600);
      },
    );
  });

  it('tells of each call by its path and the name of its code, as Go writes them', async () => {
    const told: object[] = [];
    const socketPath = join(folder, 'told.sock');
    await using _server = await startGrpcServer({
      socketPath,
      clock: systemClock,
      log: silentLog,
      onCall: ({ method, code }) => void told.push({ method, code }),
      services: [
        grpcService<CSIDriverProviderServer>(CSIDriverProviderService, {
          version: ({ version }) => Promise.resolve({ version, runtimeName: 'r', runtimeVersion: '1' }),
          mount: () => Promise.reject(new KeyferryError('deadline-exceeded', 'late')),
        }),
      ],
    });
    const client = createGrpcClient(CSIDriverProviderClient, socketPath);
    try {
      await callUnary(client, 'version', { version: 'v1alpha1' }, { timeoutMs: 5000 }, systemClock);
      await callUnary(client, 'mount', empty, { timeoutMs: 5000 }, systemClock).catch(() => undefined);
    } finally {
      client.close();
    }
    expect(told).toEqual([
      { method: '/v1alpha1.CSIDriverProvider/Version', code: 'OK' },
      { method: '/v1alpha1.CSIDriverProvider/Mount', code: 'DeadlineExceeded' },
    ]);
  });

  it('keeps the code of an error whose text is longer than clients take', async () => {
    const reason = 'why '.repeat(50_000);
    await withServer(
      { mount: () => Promise.reject(new KeyferryError('failed-precondition', reason)) },
      async (client) => {
        const call = callUnary(client, 'mount', empty, { timeoutMs: 5000 }, systemClock);
        const error = await call.catch((thrown: unknown) => thrown as KeyferryError);
        expect(error).toMatchObject({ code: 'failed-precondition' });
        expect(reason.startsWith((error as KeyferryError).message.slice(0, 4000))).toBe(true);
      },
    );
  });

  it('gives the code and the text of an error to the client, and nothing of a cause it must not tell', async () => {
    await withServer(
      { mount: () => Promise.reject(new KeyferryError('failed-precondition', 'no vault here')) },
      async (client) => {
        await expect(callUnary(client, 'mount', empty, { timeoutMs: 5000 }, systemClock)).rejects.toMatchObject({
          code: 'failed-precondition',
          message: 'no vault here',
        });
      },
    );
  });

  it('answers unsupported for a method without a handler', async () => {
    await withServer({}, async (client) => {
      await expect(callUnary(client, 'mount', empty, { timeoutMs: 5000 }, systemClock)).rejects.toMatchObject({
        code: 'unsupported',
      });
    });
  });

  it('on a client that was closed meanwhile is unavailable', async () => {
    const client = createGrpcClient(CSIDriverProviderClient, join(folder, 'gone.sock'));
    client.close();
    await expect(callUnary(client, 'mount', empty, { timeoutMs: 5000 }, systemClock)).rejects.toMatchObject({
      code: 'unavailable',
      message: 'Connection dropped',
    });
  });

  it('tells the caller that time ran out', async () => {
    await withServer({ mount: (_request, { signal }) => untilAborted(signal) }, async (client) => {
      await expect(callUnary(client, 'mount', empty, { timeoutMs: 50 }, systemClock)).rejects.toMatchObject({
        code: 'deadline-exceeded',
      });
    });
  });

  it('aborts the handler when the caller gives up', async () => {
    const caller = new AbortController();
    let handled: Promise<never> | undefined;
    await withServer(
      {
        mount: (_request, { signal }) => {
          handled = untilAborted(signal);
          caller.abort();
          return handled;
        },
      },
      async (client) => {
        const limits = { timeoutMs: 20_000, signal: caller.signal };
        await expect(callUnary(client, 'mount', empty, limits, systemClock)).rejects.toBeInstanceOf(KeyferryError);
        await expect(handled).rejects.toThrow('gone');
      },
    );
  });

  it('gives its socket to a second one, and leaves it alone when it stops itself', async () => {
    const socketPath = join(folder, 'taken-over.sock');
    const start = (version: string) =>
      startGrpcServer({
        socketPath,
        clock: systemClock,
        log: silentLog,
        services: [
          grpcService<CSIDriverProviderServer>(CSIDriverProviderService, {
            version: () => Promise.resolve({ version, runtimeName: 'r', runtimeVersion: '1' }),
          }),
        ],
      });
    const ask = async () => {
      const client = createGrpcClient(CSIDriverProviderClient, socketPath);
      const { version } = await callUnary(client, 'version', { version: '' }, { timeoutMs: 5000 }, systemClock);
      client.close();
      return version;
    };
    const before = await start('before');
    expect(await ask()).toBe('before');
    const after = await start('after');
    expect(await ask()).toBe('after');
    await before[Symbol.asyncDispose]();
    expect(await ask()).toBe('after');
    await after[Symbol.asyncDispose]();
    expect(readdirSync(folder).filter((name) => name.includes('taken-over'))).toEqual([]);
  });

  it('takes the place of what a killed one left', async () => {
    const socketPath = join(folder, 'left.sock');
    const listenAndDie = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    for (const left of [socketPath, join(folder, '.left.sock.new')]) {
      expect(spawnSync(process.execPath, ['-e', listenAndDie, left]).signal).toBe('SIGKILL');
    }
    await using _server = await startGrpcServer({ socketPath, clock: systemClock, log: silentLog, services: [] });
    expect(readdirSync(folder).filter((name) => name.includes('left'))).toEqual(['left.sock']);
  });

  it('removes its socket when it stops', async () => {
    let path = '';
    await withServer({}, async (_client, socketPath) => {
      path = socketPath;
    });
    expect(existsSync(path)).toBe(false);
  });
});
