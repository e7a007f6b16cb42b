// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { oneof, tuple } from 'fast-check';
import { describe, expect } from 'vitest';
import { Secret } from '#base';
import { fuzz } from '../base/testing/fuzz.ts';
import { mutatedBytes, textOfPieces } from '../base/testing/hostile.ts';
import { issueCertificate } from '../crypto/testing/certificates.ts';
import { tlsData } from './tls.ts';

const leaf = await issueCertificate({ name: 'leaf' });
const other = await issueCertificate({ name: 'other', algorithm: 'ed25519' });
const PIECES = [
  leaf.certPem,
  leaf.keyPem,
  other.certPem,
  other.keyPem,
  '\n',
  '-----BEGIN X-----\n',
  '-----END X-----\n',
];
const file = oneof(
  textOfPieces(PIECES, 6).map((text) => Buffer.from(text)),
  mutatedBytes([Buffer.from(leaf.keyPem + leaf.certPem), leaf.der]),
);

describe('a kubernetes.io/tls Secret', () => {
  fuzz(
    'from any files has a certificate and its key, or says which file is wrong',
    tuple(file, file, file),
    { inputs: 60, seed: 691 },
    async (files) => {
      const keys = ['tls.crt', 'tls.key', 'ca.crt'];
      const result = await tlsData(
        files.map((bytes, index) => ({
          key: keys[index] ?? '',
          objectName: 'file',
          value: new Secret<Uint8Array>(bytes),
        })),
      );
      if ('issues' in result) {
        expect(result.issues.length).toBeGreaterThan(0);
        expect(result.issues.every(({ key }) => keys.includes(key))).toBe(true);
        return;
      }
      const [crt, key] = result.data.map(({ value }) => Buffer.from(value.expose()));
      expect(new X509Certificate(crt ?? '').checkPrivateKey(createPrivateKey(key ?? ''))).toBe(true);
    },
  );
});
