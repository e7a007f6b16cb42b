/**
 * What the driver knows of a volume beside its files: that they were written, by which class, in which versions. Never
 * a secret value.
 *
 * Records lie in a folder of the driver's own, by default `volumes` beside its socket, which is a folder of the host and
 * so outlives the driver. Not beside the mount: kubelet removes that folder with a plain rmdir and would fail, for ever,
 * on a file it does not know.
 *
 * The mount table stands above the record. A record counts only while its target is mounted, and this order keeps it
 * true through a kill at any instant: a target that is not mounted loses its record before tmpfs is mounted there; the
 * record is written after the files; unpublish unmounts first and removes the record then. So a record with a mount
 * means files, and after a reboot, when tmpfs is gone, records mean nothing until they are written again (no fsync is
 * needed: a power loss takes the tmpfs as well). Targets hold the pod's UID and so are never used for another pod.
 *
 * A pod to which somebody gave kubelet's folder as a hostPath may plant anything here. So nothing is followed or waited
 * for: not a link in place of the folder or of a file, and not a pipe. What it can forge is a record, so at the most that
 * the volume of a running pod is looked at later; never content.
 * The time of the last check is kept by the machine's wall clock, as monotonic clocks end with the process or the boot. It
 * is read once, when a new process meets the volume; a clock that was set meanwhile moves one check by one interval at most.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { KeyferryError, type Log } from '#base';
import { ifPresent } from './volume-files.ts';

const recordSchema = z.object({
  targetPath: z.string(),
  volumeId: z.string(),
  podName: z.string(),
  podNamespace: z.string(),
  podUid: z.string(),
  className: z.string(),
  provider: z.string(),
  /** RFC 3339, for a person who reads the file. */
  writtenAt: z.string(),
  versions: z.array(z.object({ id: z.string(), version: z.string() })),
  /** What is optional and not there (ProviderMountResult); in records of earlier versions never. */
  absentFiles: z.array(z.string()).optional(),
  /** Who wrote the files: only the driver's own leave a trace in the volume itself. Absent in records of earlier versions. */
  filesBy: z.enum(['driver', 'provider']).optional(),
  /** The last check that succeeded, so that a new process goes on with the schedule of the old one (refresher.ts). */
  check: z
    .object({
      /** Milliseconds since the epoch. */
      atMs: z.number(),
      intervalMs: z.number().optional(),
      /** What it saw of the class and the pod, as marks (refresh-annotations.ts). */
      saw: z.object({ spec: z.string(), classRefresh: z.string(), podRefresh: z.string().optional() }),
    })
    .optional(),
});

/** The names that records and their temporary files have; nothing else in the folder is touched. */
const OURS = /^[0-9a-f]{32}\.json(\.tmp)?$/;

/** One volume that holds its files. */
export type VolumeRecord = Readonly<z.infer<typeof recordSchema>>;

/** Where records are kept. */
export interface VolumeRecords {
  /** The record of a target; a file that can't be understood counts as none and is logged. */
  read(targetPath: string): Promise<VolumeRecord | undefined>;
  /** Writes a record in one step: a reader sees the old or the new one. */
  write(record: VolumeRecord): Promise<void>;
  remove(targetPath: string): Promise<void>;
  list(): Promise<readonly VolumeRecord[]>;
  /** Removes files that are no record: what a kill left of one that was being written. Nothing may be written meanwhile. */
  removeUnreadable(): Promise<void>;
}

/** Records as files in `folder`, which is made at the first write. */
export function createVolumeRecords({ folder, log }: { readonly folder: string; readonly log: Log }): VolumeRecords {
  const place = (targetPath: string) =>
    join(folder, `${createHash('sha256').update(targetPath).digest('hex').slice(0, 32)}.json`);

  const readFileAt = async (path: string): Promise<VolumeRecord | undefined> => {
    try {
      const text = await ifPresent(readOwnFile(path));
      return text === undefined ? undefined : recordSchema.parse(JSON.parse(text));
    } catch {
      log.warn('Volume record is not readable and is ignored', { path });
      return undefined;
    }
  };

  const names = async () => (await ifPresent(readdir(folder))) ?? [];

  return {
    async read(targetPath) {
      const record = await readFileAt(place(targetPath));
      return record?.targetPath === targetPath ? record : undefined;
    },
    async write(record) {
      await makeFolder(folder);
      const path = place(record.targetPath);
      // One writer a target at a time (the driver locks it), so the temporary name needs no random part. What lies there
      // is of a run that was killed, or planted: it is never written through.
      const make = () => writeFile(`${path}.tmp`, JSON.stringify(record), { mode: 0o600, flag: 'wx' });
      await make().catch(async (error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        await rm(`${path}.tmp`, { force: true, recursive: true });
        await make();
      });
      await rename(`${path}.tmp`, path);
    },
    // Not by rm, which looks twice before it removes.
    remove: (targetPath) => ifPresent(unlink(place(targetPath))),
    async list() {
      const files = (await names()).filter((name) => name.endsWith('.json'));
      const records = await Promise.all(files.map((name) => readFileAt(join(folder, name))));
      return records.filter((record) => record !== undefined);
    },
    async removeUnreadable() {
      for (const name of await names()) {
        if (!OURS.test(name)) continue;
        const path = join(folder, name);
        const isRecord = name.endsWith('.json') && (await readFileAt(path)) !== undefined;
        if (!isRecord) await rm(path, { force: true });
      }
    },
  };
}

/** A record has about a hundred bytes an object, of which there are a thousand at the most. */
const MAX_BYTES = 1024 * 1024;

/** Reads a regular file, no link and no pipe. */
async function readOwnFile(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = await file.stat().then((found) => (found.isFile() ? found : { size: Infinity }));
    if (size > MAX_BYTES) throw new KeyferryError('invalid-input', `${path} is no volume record`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function makeFolder(folder: string): Promise<void> {
  const found = await ifPresent(lstat(folder));
  if (found === undefined) await mkdir(folder, { recursive: true, mode: 0o700 });
  else if (!found.isDirectory()) {
    throw new KeyferryError('failed-precondition', `volume records cannot be written: ${folder} is no folder`, {
      hint: 'Something else stands in its place, maybe a symbolic link: remove it, or name another with --record-dir.',
    });
  }
}
