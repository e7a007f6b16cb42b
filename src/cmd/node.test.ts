import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#base';
import { callUnary, createGrpcClient } from '#grpc';
import { startHttpServer } from '#http';
import { IdentityClient } from '../gen/csi/v1/csi.ts';
import { RegistrationClient } from '../gen/pluginregistration/v1/registration.ts';
import { parseListenAddress, parseUnixEndpoint } from './listen-address.ts';
import { runNode } from './node.ts';

const KUBECONFIG = `
current-context: c
contexts: [{ name: c, context: { cluster: c, user: u } }]
clusters: [{ name: c, cluster: { server: "http://127.0.0.1:1" } }]
users: [{ name: u, user: {} }]
`;
const limits = { timeoutMs: 5000 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-node-'));
  mkdirSync(join(folder, 'registry'));
  writeFileSync(join(folder, 'kubeconfig'), KUBECONFIG);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function freePort(): Promise<number> {
  await using server = await startHttpServer({ listener: (_request, response) => void response.end() });
  return server.port;
}

async function untilPresent(path: string): Promise<void> {
  while (!(await stat(path).catch(() => undefined))) await systemClock.sleep(10);
}

/** Runs the process with kubelet's part played by `kubelet`; answers its exit code. */
async function run(kubelet: (registration: RegistrationClient, port: number) => Promise<void>): Promise<number> {
  const port = await freePort();
  const running = runNode(
    [
      `--endpoint=unix://${join(folder, 'csi.sock')}`,
      '--nodeid=node-1',
      `--registration-dir=${join(folder, 'registry')}`,
      '--kubelet-registration-path=/var/lib/kubelet/plugins/csi-secrets-store/csi.sock',
      `--kubeconfig=${join(folder, 'kubeconfig')}`,
      `--metrics-addr=127.0.0.1:${port}`,
    ],
    {},
  );
  const socket = join(folder, 'registry', 'secrets-store.csi.k8s.io-reg.sock');
  await untilPresent(socket);
  const registration = createGrpcClient(RegistrationClient, socket);
  try {
    await kubelet(registration, port);
  } finally {
    registration.close();
  }
  return running;
}

describe('keyferry node', () => {
  it('makes itself known to kubelet, serves CSI, health and metrics, and ends with SIGTERM', async () => {
    const code = await run(async (registration, port) => {
      expect(await callUnary(registration, 'getInfo', {}, limits, systemClock)).toEqual({
        type: 'CSIPlugin',
        name: 'secrets-store.csi.k8s.io',
        endpoint: '/var/lib/kubelet/plugins/csi-secrets-store/csi.sock',
        supportedVersions: ['1.0.0'],
      });
      const status = { pluginRegistered: true, error: '' };
      await callUnary(registration, 'notifyRegistrationStatus', status, limits, systemClock);
      const csi = createGrpcClient(IdentityClient, join(folder, 'csi.sock'));
      expect(await callUnary(csi, 'probe', {}, limits, systemClock)).toEqual({ ready: { value: true } });
      csi.close();
      const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
      expect((await get('/healthz')).status).toBe(200);
      expect((await get('/readyz')).status).toBe(200);
      expect((await get('/else')).status).toBe(404);
      const metrics = await (await get('/metrics')).text();
      for (const name of [
        'node_publish_total',
        'node_unpublish_total',
        'rotation_reconcile_total',
        'keyvault_request',
      ]) {
        expect(metrics).toContain(`# TYPE ${name} `);
      }
      process.emit('SIGTERM');
    });
    expect(code).toBe(0);
  });

  it('is ready once kubelet has taken it, and healthy as long as it answers on its own socket', async () => {
    await run(async (registration, port) => {
      const get = async (path: string) => {
        const response = await fetch(`http://127.0.0.1:${port}${path}`);
        return { status: response.status, text: await response.text() };
      };
      expect(await get('/healthz')).toEqual({ status: 200, text: '[+]csi-socket ok\nok\n' });
      const early = await get('/readyz');
      expect(early.status).toBe(503);
      expect(early.text).toContain('[+]csi-socket ok\n[-]kubelet-registration failed: ');

      const status = { pluginRegistered: true, error: '' };
      await callUnary(registration, 'notifyRegistrationStatus', status, limits, systemClock);
      expect(await get('/readyz')).toEqual({ status: 200, text: '[+]csi-socket ok\n[+]kubelet-registration ok\nok\n' });
      process.emit('SIGTERM');
    });
  });

  it('is neither healthy nor ready when nobody can reach its socket', async () => {
    await run(async (_registration, port) => {
      rmSync(join(folder, 'csi.sock'));
      for (const path of ['/healthz', '/readyz']) {
        const response = await fetch(`http://127.0.0.1:${port}${path}`);
        expect(response.status).toBe(503);
        expect(await response.text()).toContain('[-]csi-socket failed: ');
      }
      process.emit('SIGTERM');
    });
  });

  it('ends with 1 when kubelet refuses it', async () => {
    const code = await run(async (registration) => {
      const status = { pluginRegistered: false, error: 'another driver of this name' };
      await callUnary(registration, 'notifyRegistrationStatus', status, limits, systemClock);
    });
    expect(code).toBe(1);
  });

  it.each([
    ['a flag that it does not know', ['--no-such-flag'], 2],
    ['an endpoint that is no unix socket', ['--endpoint=tcp://1.2.3.4:5', '--metrics-addr=0'], 1],
    ['no cluster and no kubeconfig', ['--metrics-addr=0'], 1],
  ])('ends with an error when it is given %s', async (_what, argv, code) => {
    expect(await runNode(argv, {})).toBe(code);
  });
});

describe('addresses', () => {
  it.each([
    ['unix:///csi/csi.sock', '/csi/csi.sock'],
    ['unix://tmp/csi.sock', '/tmp/csi.sock'],
    ['unix:/csi.sock', '/csi.sock'],
    ['UNIX:///csi.sock', '/csi.sock'],
  ])('reads the endpoint %s', (endpoint, path) => {
    expect(parseUnixEndpoint(endpoint)).toBe(path);
  });

  it.each([
    [':8095', { host: '0.0.0.0', port: 8095 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['0', undefined],
    ['', undefined],
  ])('reads the address %j', (address, expected) => {
    expect(parseListenAddress(address)).toEqual(expected);
  });

  it.each(['8095', ':70000', 'host', 'a:b'])('refuses the address %j', (address) => {
    expect(() => parseListenAddress(address)).toThrow('is not valid');
  });
});
