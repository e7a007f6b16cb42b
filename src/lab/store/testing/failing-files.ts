import * as nodeFs from 'node:fs';
import type { JournalFileSystem } from '../journal-store.ts';

/** What everything throws once the process counts as killed. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/** A file system that kills its process, or whose disk fills up, when a test says so. */
export interface FailingFiles {
  readonly files: JournalFileSystem;
  /** Files that are open now. */
  readonly open: ReadonlySet<number>;
  /** True once the process counts as killed, whatever was made of {@link Killed}. */
  readonly dead: boolean;
  /** Kills at the `steps`th change from now; of a write that falls, `part` (0 to 1) of the bytes reach the file. */
  killAfter(steps: number, part?: number): void;
  /** From now on files may grow by this many bytes together; `Infinity` for a disk with room. */
  roomFor(bytes: number): void;
  /** Makes each cutting of a file fail, too, while the disk is full. */
  refuseTruncation(refuse: boolean): void;
}

const CHANGES = ['closeSync', 'fsyncSync', 'ftruncateSync', 'openSync', 'renameSync', 'rmSync'] as const;

/** The machine's files, as {@link FailingFiles}. */
export function createFailingFiles(): FailingFiles {
  const open = new Set<number>();
  let stepsLeft = Infinity;
  let part = 0;
  let room = Infinity;
  let refuse = false;
  /** Counts a step. Answers whether it is the one in which the process dies. */
  const dies = () => {
    stepsLeft -= 1;
    if (stepsLeft < -1) throw new Killed('the process is dead');
    return stepsLeft === -1;
  };
  const noSpace = () => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  const real = {
    closeSync: (file: number) => {
      open.delete(file);
      nodeFs.closeSync(file);
    },
    fsyncSync: () => undefined, // costs time, and a test sees no difference
    ftruncateSync: (file: number, bytes: number) => {
      if (refuse) throw noSpace();
      room += nodeFs.fstatSync(file).size - bytes;
      nodeFs.ftruncateSync(file, bytes);
    },
    openSync: (path: string, flags: string, mode?: number) => {
      const file = nodeFs.openSync(path, flags, mode);
      open.add(file);
      return file;
    },
    renameSync: nodeFs.renameSync,
    rmSync: (path: string, options: nodeFs.RmOptions) => {
      room += nodeFs.statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      nodeFs.rmSync(path, options);
    },
  };
  const mortal = Object.fromEntries(
    CHANGES.map((name) => [
      name,
      (...args: unknown[]) => {
        if (dies()) throw new Killed(`killed before ${name}`);
        return (real[name] as (...args: unknown[]) => unknown)(...args);
      },
    ]),
  );
  const writeSync = (file: number, bytes: Buffer, start: number): number => {
    const length = bytes.length - start;
    const killed = dies();
    const written = killed ? Math.floor(length * part) : Math.min(length, room);
    if (written > 0) nodeFs.writeSync(file, bytes, start, written);
    room -= written;
    if (killed) throw new Killed('killed in a write');
    if (written === 0) throw noSpace();
    return written;
  };
  return {
    files: { ...nodeFs, ...mortal, writeSync } as unknown as JournalFileSystem,
    open,
    get dead() {
      return stepsLeft < 0;
    },
    killAfter: (steps, share = 0) => {
      stepsLeft = steps;
      part = share;
    },
    roomFor: (bytes) => {
      room = bytes;
    },
    refuseTruncation: (value) => {
      refuse = value;
    },
  };
}
