import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { splitPem } from '../pem.ts';

/** Whether the program `openssl` is on this machine, version 3 or newer. */
export const hasOpenssl = /^OpenSSL [3-9]/.test(spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout ?? '');

/** What the program is given and what it wrote. */
export interface OpensslRun {
  /** Files that it finds in its folder, by name. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** The file that it writes; its content is the answer. */
  readonly output?: string;
}

/** Runs `openssl` in a folder of its own and answers what it printed, or its output file. Throws with its words when it fails. */
export function openssl(args: readonly string[], { files = {}, output }: OpensslRun = {}): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-openssl-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const run = spawnSync('openssl', args, { cwd: folder });
    if (run.status !== 0) throw new Error(`openssl ${args.join(' ')}: ${String(run.stderr)}`);
    return output === undefined ? run.stdout : readFileSync(join(folder, output));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What is in a PEM text or a PKCS#12 file, as things that can be compared. */
export interface KeysAndCertificates {
  readonly keys: readonly KeyObject[];
  readonly certificates: readonly X509Certificate[];
}

/** The keys and certificates of a PEM text, each in its order. */
export function parsePem(text: string): KeysAndCertificates {
  const blocks = splitPem(text);
  const pem = ({ label, der }: { label: string; der: Buffer }) =>
    `-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`;
  return {
    keys: blocks.filter(({ label }) => label.endsWith('PRIVATE KEY')).map((block) => createPrivateKey(pem(block))),
    certificates: blocks.filter(({ label }) => label === 'CERTIFICATE').map(({ der }) => new X509Certificate(der)),
  };
}
