import { statSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { KeyferryError, Secret } from '#base';

/** Where everything of one lab is. All folders are 0700, all files 0600. */
export interface StateFolder {
  readonly root: string;
  /** The store's journal: vaults, identities, API objects, keys. */
  readonly journal: string;
  /** What `lab run` gives its command as HOME. */
  readonly home: string;
  readonly azureConfig: string;
  readonly kubeconfig: string;
  /** The lab's own CA alone. */
  readonly caFile: string;
  /** The system's roots and the lab's CA. */
  readonly caBundle: string;
  /** The same certificates for Java. */
  readonly javaTrustStore: string;
  /** Put first on the PATH: `keyferry`. */
  readonly bin: string;
  /** Put first on the PATH where the stand-in is wanted: `az`. */
  readonly azBin: string;
  readonly clusters: string;
  readonly logFile: string;
  /** How to reach the running lab; there only while it runs. */
  readonly endpointFile: string;
}

/** The paths of a state folder; nothing is made. */
export function stateFolder(root: string): StateFolder {
  const at = (...parts: string[]) => join(root, ...parts);
  return {
    root,
    journal: at('journal'),
    home: at('home'),
    azureConfig: at('azure'),
    kubeconfig: at('home', '.kube', 'config'),
    caFile: at('tls', 'ca.pem'),
    caBundle: at('tls', 'bundle.pem'),
    javaTrustStore: at('tls', 'trust.jks'),
    bin: at('bin'),
    azBin: at('bin-az'),
    clusters: at('clusters'),
    logFile: at('lab.log'),
    endpointFile: at('lab.json'),
  };
}

/** The default state folder (XDG Base Directory Specification): `$XDG_STATE_HOME/keyferry/lab` or `~/.local/state/keyferry/lab`. */
export function defaultStateRoot(env: Readonly<Record<string, string | undefined>>): string {
  const { XDG_STATE_HOME: stateHome, HOME: home } = env;
  if (stateHome !== undefined && stateHome.startsWith('/')) return join(stateHome, 'keyferry', 'lab');
  if (home === undefined || home === '') {
    throw new KeyferryError('invalid-input', 'no state folder: neither XDG_STATE_HOME nor HOME is set', {
      hint: 'Name one with --state DIR.',
    });
  }
  return resolve(home, '.local', 'state', 'keyferry', 'lab');
}

/**
 * Throws `failed-precondition` unless the state folder, which is there, is this user's own. Another owner could open it
 * again at any time, and put a link where a file will be written, which root would follow.
 */
export function requireOwnFolder({ root }: StateFolder): void {
  if (statSync(root).uid === process.geteuid?.()) return;
  throw new KeyferryError('failed-precondition', `the state folder ${root} belongs to another user`, {
    hint: 'It will hold secrets and keys: name a folder of your own with --state DIR, or one that is not there yet.',
  });
}

/**
 * Makes the folders that the session itself writes to. Throws `failed-precondition` where the state folder is another
 * user's, and makes nothing in it.
 */
export async function createStateFolder(folder: StateFolder): Promise<void> {
  await mkdir(folder.root, { recursive: true, mode: 0o700 });
  requireOwnFolder(folder);
  const needed = [folder.home, dirname(folder.kubeconfig), folder.azureConfig, dirname(folder.caFile)];
  for (const path of [...needed, folder.bin, folder.azBin, folder.clusters])
    await mkdir(path, { recursive: true, mode: 0o700 });
  // A folder that was there before may be open to others; what comes into it is not for them.
  await chmod(folder.root, 0o700);
}

/** Writes a file whole or not at all. */
export async function writeFileAtomically(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, content, { mode });
  await rename(temporary, path);
}

const endpointSchema = z.object({ port: z.int().min(1).max(65_535), token: z.string() });

/** How to reach a running lab's control interface. */
export interface LabEndpoint {
  /** The gateway's port on loopback. */
  readonly port: number;
  readonly token: Secret<string>;
}

/** Tells other commands how to reach this lab. */
export async function writeEndpoint(folder: StateFolder, endpoint: LabEndpoint): Promise<void> {
  const content = { port: endpoint.port, token: endpoint.token.expose() };
  await writeFileAtomically(folder.endpointFile, `${JSON.stringify(content)}\n`);
}

/** The endpoint that a lab wrote here; undefined when there is none, or none to be read. The lab may have died since. */
export async function readEndpoint(folder: StateFolder): Promise<LabEndpoint | undefined> {
  let content: unknown;
  try {
    // Empty after a loss of power: the name was on the disk, the content not yet.
    content = JSON.parse(await readFile(folder.endpointFile, 'utf8'));
  } catch {
    return undefined;
  }
  const parsed = endpointSchema.safeParse(content);
  return parsed.success ? { port: parsed.data.port, token: new Secret(parsed.data.token) } : undefined;
}

/** Forgets the endpoint of a lab that has ended. */
export async function removeEndpoint(folder: StateFolder): Promise<void> {
  await rm(folder.endpointFile, { force: true });
}
