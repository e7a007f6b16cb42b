import { createSecureContext, type SecureContext } from 'node:tls';
import { createSingleFlight } from '#base';
import type { CertificateAuthority } from '#crypto';
import { AZURE_CLOUDS, isChildHost, type AzureCloud } from '../azure-clouds.ts';

/** Server certificates by host name, made when first asked for. */
export interface LeafCertificates {
  /** The TLS context for `host` (lower case). */
  context(host: string): Promise<SecureContext>;
}

const DAY_MS = 86_400_000;
const WILDCARD_SUFFIXES = AZURE_CLOUDS.flatMap(
  ({ vaultSuffix, clusterIssuerSuffix = '', regionalLoginSuffix = '' }: AzureCloud) =>
    [vaultSuffix, clusterIssuerSuffix, regionalLoginSuffix].filter((suffix) => suffix !== ''),
);

/** The name that the certificate for `host` is made out to: vaults, cluster issuers and regions share a wildcard, as Azure's do. */
export function certificateName(host: string): string {
  const suffix = WILDCARD_SUFFIXES.find((candidate) => isChildHost(host, candidate));
  return suffix === undefined ? host : `*.${suffix}`;
}

/** Certificates from `authority`, kept for half a year of the lab's time in memory. */
export function createLeafCertificates(authority: CertificateAuthority, now: () => number): LeafCertificates {
  const kept = new Map<string, { context: SecureContext; madeAtMs: number }>();
  const flights = createSingleFlight<SecureContext>();
  return {
    context: (host) => {
      const name = certificateName(host);
      const found = kept.get(name);
      if (found !== undefined && now() - found.madeAtMs < 180 * DAY_MS) return Promise.resolve(found.context);
      return flights.run(name, async () => {
        const { keyPem, certPem } = await authority.issueServer({ dnsNames: [name] });
        const context = createSecureContext({ key: keyPem, cert: certPem + authority.pair.certPem });
        kept.set(name, { context, madeAtMs: now() });
        return context;
      });
    },
  };
}
