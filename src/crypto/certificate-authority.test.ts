import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '#base';
import { createCertificateAuthority, openCertificateAuthority } from './certificate-authority.ts';

const options = { clock: systemClock, random: systemRandom };

describe('certificate authority', () => {
  it('issues server certificates that verify against it, for names and addresses', async () => {
    const ca = await createCertificateAuthority('lab', options);
    const server = await ca.issueServer({ dnsNames: ['*.vault.azure.net'], ipAddresses: ['127.0.0.1'] });
    const leaf = new X509Certificate(server.certPem);
    const root = new X509Certificate(ca.pair.certPem);
    expect(leaf.checkIssued(root)).toBe(true);
    expect(leaf.verify(root.publicKey)).toBe(true);
    expect(leaf.checkHost('kv.vault.azure.net')).toBe('*.vault.azure.net');
    expect(leaf.checkHost('a.b.vault.azure.net')).toBeUndefined();
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(root.ca).toBe(true);
    expect(leaf.ca).toBe(false);
  });

  it('gives no server certificate its own name, which OpenSSL would take for self-signed', async () => {
    const ca = await createCertificateAuthority('kubernetes', options);
    const server = await ca.issueServer({ dnsNames: ['kubernetes', 'kubernetes.default'] });
    expect(new X509Certificate(server.certPem).subject).toBe('CN=kubernetes.default');
  });

  it('puts a user and groups where Kubernetes reads them', async () => {
    const ca = await createCertificateAuthority('cluster', options);
    const client = new X509Certificate(
      (await ca.issueClient({ commonName: 'kubernetes-admin', organizations: ['system:masters'] })).certPem,
    );
    expect(client.subject.split('\n').sort()).toEqual(['CN=kubernetes-admin', 'O=system:masters']);
  });

  it('goes on issuing after it was opened again', async () => {
    const first = await createCertificateAuthority('lab', options);
    const again = await openCertificateAuthority(first.pair, options);
    const leaf = new X509Certificate((await again.issueServer({ dnsNames: ['localhost'] })).certPem);
    expect(leaf.verify(new X509Certificate(first.pair.certPem).publicKey)).toBe(true);
  });
});
