import { execFile } from 'node:child_process';
import { access, constants, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KeyferryError } from '#base';

const run = promisify(execFile);
const SEARCH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const NEEDED = [
  'sh',
  'cp',
  'env',
  'mkdir',
  'mkfifo',
  'mount',
  'nsenter',
  'pivot_root',
  'rmdir',
  'setpriv',
  'umount',
  'unshare',
] as const;
const USEFUL = ['chown', 'hostname'] as const;

/** Where the programs are that containers are made with (util-linux and coreutils). */
export type Programs = Readonly<Record<(typeof NEEDED)[number], string>> &
  Readonly<Partial<Record<(typeof USEFUL)[number], string>>>;

/** What this machine lets this process do. */
export interface Machine {
  readonly programs: Programs;
  /** True when more than one user id is mapped: containers can run as other users. */
  readonly canChangeUser: boolean;
  /** True inside a user namespace that is not the machine's first. */
  readonly inUserNamespace: boolean;
}

/** Finds the programs and the rights that containers need. Throws `failed-precondition` that says what is missing. */
export async function inspectMachine(path = process.env['PATH'] ?? ''): Promise<Machine> {
  // The system's own first: some of them run inside the container's root, which has no folder of a person's PATH.
  const folders = [...SEARCH, ...path.split(':').filter((part) => part.startsWith('/'))];
  const programs: Record<string, string> = {};
  for (const name of [...NEEDED, ...USEFUL]) {
    const found = await findProgram(name, folders);
    if (found !== undefined) programs[name] = found;
  }
  const missing = NEEDED.filter((name) => programs[name] === undefined);
  if (missing.length > 0) {
    throw new KeyferryError(
      'failed-precondition',
      `containers need programs that are not here: ${missing.join(', ')}`,
      {
        hint: 'Install the packages util-linux and coreutils.',
      },
    );
  }
  const uidMap = (await readFile('/proc/self/uid_map', 'utf8')).trim().split(/\s+/).map(Number);
  return {
    programs: programs as Programs,
    canChangeUser: (uidMap[2] ?? 0) > 1,
    inUserNamespace: (uidMap[2] ?? 0) < 4294967295 || (uidMap[1] ?? 0) !== 0,
  };
}

/** Makes /proc tell of this process's own PID namespace: without that, no container's process can be found by its number. */
export async function ensureOwnProc({ programs }: Machine): Promise<void> {
  if ((await readlink('/proc/self')) === String(process.pid)) return;
  try {
    await run(programs.mount, ['-t', 'proc', 'proc', '/proc']);
  } catch (error) {
    throw new KeyferryError('failed-precondition', 'cannot mount /proc in this PID namespace', {
      cause: error,
      hint: 'Start the lab in a private mount namespace (unshare --mount --pid --fork --mount-proc).',
    });
  }
}

async function findProgram(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}
