import { generateKeyPair } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AzError } from './errors.ts';
import { homeOf, type AzIo } from './io.ts';

/** How the key of a cluster's nodes is found. */
export interface SshKeyRequest {
  /** --ssh-key-value: a public key, or a file that holds one. */
  readonly given: string | undefined;
  /** --generate-ssh-keys: make a pair where there is none. */
  readonly generate: boolean;
  readonly warn: (line: string) => void;
}

/**
 * The SSH public key that `az aks create` sends: the one that is given, else `~/.ssh/id_rsa.pub`, else a new one where one
 * may be made, else none. Throws when what was given is no key. An existing key is never replaced.
 */
export async function readOrCreateSshKey(io: AzIo, request: SshKeyRequest): Promise<string | undefined> {
  const publicPath = join(homeOf(io.env), '.ssh', 'id_rsa.pub');
  const { given = publicPath } = request;
  if (isPublicKey(given)) return given;
  const kept = await readFile(given, 'utf8').catch(() => undefined);
  if (kept !== undefined && isPublicKey(kept)) return kept.trim();
  if (!request.generate) {
    if (request.given === undefined) return undefined;
    throw new AzError(
      'error',
      "The SSH key provided is not a valid RSA public key. Provide the contents of a valid SSH public key (for example, '~/.ssh/id_rsa.pub'), specify a path to a public key file, or add --generate-ssh-keys as a parameter to create a new key pair.",
    );
  }
  const privatePath = given.replace(/\.pub$/, '');
  const publicKey = await createKeyFiles(privatePath, publicPathOf(privatePath));
  request.warn(
    `SSH key files '${privatePath}' and '${publicPathOf(privatePath)}' have been generated under ~/.ssh to allow SSH access to the VM.`,
  );
  return publicKey;
}

function publicPathOf(privatePath: string): string {
  return `${privatePath}.pub`;
}

async function createKeyFiles(privatePath: string, publicPath: string): Promise<string> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const text = `ssh-rsa ${Buffer.concat([sshString(Buffer.from('ssh-rsa')), sshInteger(e), sshInteger(n)]).toString('base64')}`;
  await mkdir(join(privatePath, '..'), { recursive: true, mode: 0o700 });
  const pem = privateKey.export({ format: 'pem', type: 'pkcs1' });
  await writeFile(privatePath, pem, { mode: 0o600, flag: 'wx' });
  await writeFile(publicPath, text, { mode: 0o644 });
  return text;
}

function isPublicKey(text: string): boolean {
  return /^ssh-rsa\s+[A-Za-z0-9+/=]+/.test(text.trim());
}

/** RFC 4251 section 5: a length in four bytes, then the bytes. */
function sshString(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** RFC 4251 section 5: mpint, a zero byte in front where the highest bit is set. */
function sshInteger(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, 'base64url');
  return sshString((bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}
