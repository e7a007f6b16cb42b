import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { renderJavaTrustStore } from './java-trust-store.ts';

const bundle = rootCertificates.slice(0, 3).join('\n# a comment between\n');
const hasKeytool = spawnSync('keytool', ['-help']).error === undefined;

describe('a Java trust store', () => {
  it('ends in a digest that depends on the password and on each byte before it', () => {
    const store = renderJavaTrustStore(bundle, { password: 'changeit', nowMs: 0 });
    const other = renderJavaTrustStore(bundle, { password: 'other', nowMs: 0 });
    expect(store.readUInt32BE(0)).toBe(0xfeedfeed);
    expect(store.readUInt32BE(8)).toBe(3);
    expect(store.subarray(0, -20).equals(other.subarray(0, -20))).toBe(true);
    expect(store.subarray(-20).equals(other.subarray(-20))).toBe(false);
  });

  it.runIf(hasKeytool)('is read by Java’s own keytool, with every certificate trusted', () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyferry-jks-'));
    try {
      const file = join(folder, 'store.jks');
      writeFileSync(file, renderJavaTrustStore(bundle, { password: 'changeit', nowMs: Date.UTC(2026, 0, 1) }));
      const { stdout } = spawnSync('keytool', ['-list', '-keystore', file, '-storepass', 'changeit'], {
        encoding: 'utf8',
      });
      expect(stdout.match(/certificate-\d.*trustedCertEntry/g)).toHaveLength(3);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
