import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig as OfficialConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFakeClock } from '../base/testing/index.ts';
import { inClusterConfig, loadKubeconfig, parseKubeconfig } from './config.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-config-'));
  for (const name of ['token', 'ca.crt', 'namespace', 'client.key'])
    writeFileSync(join(folder, name), `${name}-text\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const base64 = (text: string) => Buffer.from(text).toString('base64');
const kubeconfig = (user: string, cluster = '') => `
apiVersion: v1
kind: Config
current-context: a
contexts:
  - { name: a, context: { cluster: c, user: u, namespace: shop } }
  - { name: b, context: { cluster: c, user: u } }
clusters:
  - { name: c, cluster: { server: "https://example.test:6443/", certificate-authority-data: ${base64('CA')} ${cluster} } }
users:
  - name: u
    user: ${user}
`;

describe('parseKubeconfig', () => {
  const clock = createFakeClock();
  const certificate = `{ client-certificate-data: ${base64('CERT')}, client-key-data: ${base64('KEY')} }`;

  it('reads what the official client reads', () => {
    const text = kubeconfig(certificate, ', tls-server-name: other');
    const official = new OfficialConfig();
    official.loadFromString(text);
    const ours = parseKubeconfig(text, { clock, folder: '/' });
    expect(ours.server).toBe(official.getCurrentCluster()?.server);
    expect(ours.ca?.toString('base64')).toBe(official.getCurrentCluster()?.caData);
    expect(ours.tlsServerName).toBe(official.getCurrentCluster()?.tlsServerName);
    expect(ours.clientCertificate?.toString('base64')).toBe(official.getCurrentUser()?.certData);
    expect(ours.clientKey?.expose().toString('base64')).toBe(official.getCurrentUser()?.keyData);
    expect(ours.namespace).toBe(official.getContextObject('a')?.namespace);
  });

  it('takes a token, files beside the kubeconfig, and another context', async () => {
    writeFileSync(join(folder, 'config'), kubeconfig('{ client-key: client.key, tokenFile: token }'));
    const config = loadKubeconfig(join(folder, 'config'), clock, 'b');
    expect(config.namespace).toBe('default');
    expect(config.clientKey?.expose().toString()).toBe('client.key-text\n');
    expect((await config.token?.())?.expose()).toBe('token-text');
    const inline = parseKubeconfig(kubeconfig('{ token: abc }'), { clock, folder });
    expect((await inline.token?.())?.expose()).toBe('abc');
  });

  it.each([
    [
      'a context that is not there',
      kubeconfig('{}').replace('current-context: a', 'current-context: z'),
      'no context "z"',
    ],
    ['a cluster that is not there', kubeconfig('{}').replace('name: c,', 'name: d,'), 'no cluster "c"'],
    ['a credential plugin', kubeconfig('{ exec: { command: x } }'), 'credential plugin'],
    ['a wrong shape', 'clusters: 3', 'clusters'],
  ])('refuses %s', (_what, text, message) => {
    expect(() => parseKubeconfig(text, { clock, folder })).toThrow(message);
  });
});

describe('inClusterConfig', () => {
  it('reads the folder that kubelet mounts, and a new token within a minute', async () => {
    const clock = createFakeClock();
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    const config = inClusterConfig({ env, clock, folder });
    expect(config).toMatchObject({ server: 'https://[fd00::1]:443', namespace: 'namespace-text' });
    expect((await config.token?.())?.expose()).toBe('token-text');
    writeFileSync(join(folder, 'token'), 'rotated\n');
    expect((await config.token?.())?.expose()).toBe('token-text');
    await clock.advance(60_000);
    expect((await config.token?.())?.expose()).toBe('rotated');
  });

  it('reads the token again at once when the one that it holds is refused', async () => {
    const env = { KUBERNETES_SERVICE_HOST: 'h', KUBERNETES_SERVICE_PORT: '443' };
    const config = inClusterConfig({ env, clock: createFakeClock(), folder });
    writeFileSync(join(folder, 'token'), 'expired');
    const refused = await config.token?.();
    writeFileSync(join(folder, 'token'), 'next');
    const next = await config.token?.(refused);
    expect(next?.expose()).toBe('next');
    // Another request was refused with the same: it has been read again since.
    writeFileSync(join(folder, 'token'), 'later');
    expect(await config.token?.(refused)).toBe(next);
  });

  it('says what is missing outside a cluster', () => {
    expect(() => inClusterConfig({ env: {}, clock: createFakeClock() })).toThrow('KUBERNETES_SERVICE_HOST');
  });
});
