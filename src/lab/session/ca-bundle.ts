import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';

/** Where Linux distributions keep their root certificates as one file. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** The system's roots (or Node's, where the system has none) with `caPem` before them. */
export function caBundle(caPem: string): string {
  return `${caPem.trimEnd()}\n${systemRoots()}`;
}

function systemRoots(): string {
  for (const path of SYSTEM_BUNDLES) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      // Not this distribution's place: try the next.
    }
  }
  return `${rootCertificates.join('\n')}\n`;
}
