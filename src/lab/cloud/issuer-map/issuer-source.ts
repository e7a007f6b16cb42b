import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, KeyferryError, type Clock } from '#base';
import { isUrl, type MappedIssuer } from './mapped-issuer.ts';

/** Where the documents of a mapped issuer are read. */
export interface IssuerSource {
  /**
   * The document at `path` below the issuer, for example `/openid/v1/jwks`, as it is now. Throws `unavailable`,
   * `deadline-exceeded` or `failed-precondition` with the reason.
   */
  read(path: string): Promise<unknown>;
}

/** The path of an issuer's discovery document (OpenID Connect Discovery 1.0, section 4). */
export const DISCOVERY_PATH = '/.well-known/openid-configuration';

/** Where a discovery document that is made for a bare JWKS says that this is. */
const JWKS_PATH = '/openid/v1/jwks';
const LIMIT_BYTES = 1024 * 1024;
const TIMEOUT_MS = 5000;

/** The source of a mapped issuer. Nothing is opened before the first read, and each read looks anew. */
export function createIssuerSource(mapped: MappedIssuer, clock: Clock): IssuerSource {
  return isUrl(mapped.from) ? serverSource(mapped, clock) : { read: (path) => readFromDisk(mapped, path) };
}

/** Reads the authorities of a mapped issuer's server, PEM. Throws `unavailable` or `failed-precondition`; undefined where it needs none. */
export async function readAuthorities({ caFile }: Pick<MappedIssuer, 'caFile'>): Promise<string | undefined> {
  if (caFile === undefined) return undefined;
  const pem = await readText(caFile);
  if (!isCertificate(pem)) throw new KeyferryError('failed-precondition', `${caFile} holds no certificate (PEM)`);
  return pem;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

/** The authorities of the server are read each time too: a cluster that is made again has new ones. */
function serverSource({ from, caFile }: MappedIssuer, clock: Clock): IssuerSource {
  const base = from.replace(/\/+$/, '');
  return {
    read: async (path) => {
      const ca = await readAuthorities({ caFile });
      // Lazily: the command line checks mappings too, and is in a hurry for everything else. A file of ours, because of a
      // CommonJS package the bundler gives import() no names.
      const { readFromServer } = await import('./read-from-server.ts');
      return readFromServer(`${base}${path}`, { ca, clock, timeoutMs: TIMEOUT_MS });
    },
  };
}

async function readFromDisk({ issuer, from }: MappedIssuer, path: string): Promise<unknown> {
  const isFolder = await stat(from).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      throw unreadable(from, error);
    },
  );
  if (!isFolder) return path === DISCOVERY_PATH ? discoveryOf(issuer) : parseJson(await readText(from), from);
  if (path.split('/').includes('..')) throw new KeyferryError('unavailable', `${path} leads out of ${from}`);
  const file = join(from, path);
  return parseJson(await readText(file), file);
}

/** What somebody who has nothing but the keys would be told by the issuer. */
function discoveryOf(issuer: string): object {
  return { issuer, jwks_uri: `${issuer.replace(/\/$/, '')}${JWKS_PATH}` };
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > LIMIT_BYTES) throw new Error(`it is larger than ${LIMIT_BYTES} bytes`);
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Node names the path in its own words again, behind the reason. */
function unreadable(path: string, error: unknown): KeyferryError {
  const reason = errorText(error).replace(/, [a-z]+(?: '.*')?$/s, '');
  return new KeyferryError('unavailable', `cannot read ${path}: ${reason}`);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new KeyferryError('failed-precondition', `${path} is not JSON`);
  }
}
