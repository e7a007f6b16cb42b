import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Secret } from '#base';
import { createFakeClock, createMemoryLog } from '../../base/testing/index.ts';
import { startNodeCredentials } from './node-credentials.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-credentials-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Credentials whose tokens are numbered in the order in which they were asked for. */
async function scene() {
  const clock = createFakeClock();
  const server = { asked: 0, isDown: false };
  const cluster = {
    api: {
      createToken: () => {
        server.asked += 1;
        return server.isDown
          ? Promise.reject(new Error('no API server'))
          : Promise.resolve({ token: new Secret(`token-${server.asked}`), expirationTimestamp: '' });
      },
    },
    serviceAccountKubeconfig: ({ tokenFile }: { readonly tokenFile: string }) =>
      Promise.resolve(`tokenFile: ${tokenFile}`),
  } as unknown as Parameters<typeof startNodeCredentials>[0]['cluster'];
  const account = { namespace: 'kube-system', name: 'node' };
  const credentials = await startNodeCredentials({ cluster, account, folder, clock, log: createMemoryLog() });
  const token = () => readFileSync(join(folder, 'token'), 'utf8');
  return { clock, server, credentials, token };
}

it('a kubeconfig names the file of the token, which nobody else may read', async () => {
  const { credentials, token } = await scene();
  await using _ends = credentials;
  expect(readFileSync(credentials.kubeconfig, 'utf8')).toBe(`tokenFile: ${join(folder, 'token')}`);
  expect(token()).toBe('token-1');
  for (const name of ['token', 'kubeconfig']) expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
});

it('the token is another one each day, and when it is asked for', async () => {
  const { clock, credentials, token } = await scene();
  await using _ends = credentials;
  await clock.advance(DAY_MS - 1);
  expect(token()).toBe('token-1');
  await clock.advance(1);
  await clock.sleepers();
  expect(token()).toBe('token-2');
  await credentials.renew();
  expect(token()).toBe('token-3');
});

it('a renewal that fails keeps the token, and is tried again every ten seconds', async () => {
  const { clock, server, credentials, token } = await scene();
  await using _ends = credentials;
  server.isDown = true;
  await clock.advance(DAY_MS);
  await clock.sleepers();
  await clock.advance(10_000);
  await clock.sleepers();
  expect([server.asked, token()]).toEqual([3, 'token-1']);
  server.isDown = false;
  await clock.advance(10_000);
  await clock.sleepers();
  expect(token()).toBe('token-4');
  await clock.advance(DAY_MS - 1);
  expect(server.asked).toBe(4);
});
