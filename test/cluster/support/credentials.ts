import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { systemClock, systemRandom } from '#base';
import { createCertificateAuthority, type KeyPairPem } from '#crypto';
import { ADDRESSES } from './addresses.ts';

/** Files of a cluster's keys and certificates, and kubeconfigs for who uses them. */
export interface Credentials {
  readonly ca: KeyPairFiles;
  readonly apiServer: KeyPairFiles;
  /** What the API server shows to the kubelet. */
  readonly apiServerToKubelet: KeyPairFiles;
  /** What the kubelet serves with. */
  readonly kubelet: KeyPairFiles;
  /** Signs and checks the tokens of service accounts. */
  readonly tokens: { readonly key: string; readonly publicKey: string };
  /** With the API server's address in the cluster's network. */
  readonly kubeconfigs: Readonly<Record<User, string>>;
  /** The administrator's kubeconfig with another address. */
  adminKubeconfig(server: string): string;
}

interface KeyPairFiles {
  readonly key: string;
  readonly cert: string;
}

type User = 'admin' | 'controller-manager' | 'scheduler' | 'proxy' | 'node';

/** Makes an authority and all that it signs, in `folder`. */
export async function makeCredentials(folder: string, nodeName: string): Promise<Credentials> {
  await mkdir(folder, { recursive: true });
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const pairFiles = async (name: string, pair: KeyPairPem): Promise<KeyPairFiles> => ({
    key: await file(`${name}.key`, pair.keyPem),
    cert: await file(`${name}.crt`, pair.certPem),
  });
  const authority = await createCertificateAuthority('kubernetes', { clock: systemClock, random: systemRandom });
  const renderFor = (pair: KeyPairPem, server: string) => renderKubeconfig(pair, server, authority.pair.certPem);

  // The names that Kubernetes' own roles are bound to.
  const users: Readonly<Record<User, { commonName: string; organizations?: string[] }>> = {
    admin: { commonName: 'kubernetes-admin', organizations: ['system:masters'] },
    'controller-manager': { commonName: 'system:kube-controller-manager' },
    scheduler: { commonName: 'system:kube-scheduler' },
    proxy: { commonName: 'system:kube-proxy' },
    node: { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] },
  };
  const inside = `https://${ADDRESSES.node}:${ADDRESSES.apiServerPort}`;
  const kubeconfigs: Partial<Record<User, string>> = {};
  for (const [name, request] of Object.entries(users) as [User, (typeof users)[User]][]) {
    const pair = await authority.issueClient(request);
    kubeconfigs[name] = await file(`${name}.kubeconfig`, renderFor(pair, inside));
  }
  const admin = await authority.issueClient(users.admin);
  const tokens = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return {
    ca: await pairFiles('ca', authority.pair),
    apiServer: await pairFiles(
      'apiserver',
      await authority.issueServer({
        dnsNames: ['kubernetes.default.svc', 'kubernetes.default', 'kubernetes', 'localhost'],
        ipAddresses: [ADDRESSES.apiService, ADDRESSES.node, '127.0.0.1'],
      }),
    ),
    apiServerToKubelet: await pairFiles(
      'apiserver-kubelet-client',
      await authority.issueClient({ commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'] }),
    ),
    kubelet: await pairFiles(
      'kubelet',
      await authority.issueServer({ dnsNames: [nodeName], ipAddresses: [ADDRESSES.node] }),
    ),
    tokens: {
      key: await file('tokens.key', tokens.privateKey),
      publicKey: await file('tokens.pub', tokens.publicKey),
    },
    kubeconfigs: kubeconfigs as Record<User, string>,
    adminKubeconfig: (server) => renderFor(admin, server),
  };
}

function renderKubeconfig(pair: KeyPairPem, server: string, caPem: string): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'cluster', cluster: { server, 'certificate-authority-data': base64(caPem) } }],
    users: [
      {
        name: 'user',
        user: { 'client-certificate-data': base64(pair.certPem), 'client-key-data': base64(pair.keyPem) },
      },
    ],
    contexts: [{ name: 'cluster', context: { cluster: 'cluster', user: 'user' } }],
    'current-context': 'cluster',
  });
}
