import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryLog } from '../../base/testing/index.ts';
import { createVolumeRecords, type VolumeRecord, type VolumeRecords } from './volume-record.ts';

const TARGET = '/var/lib/kubelet/pods/uid/volumes/kubernetes.io~csi/secrets/mount';
const RECORD: VolumeRecord = {
  targetPath: TARGET,
  volumeId: 'v',
  podName: 'web',
  podNamespace: 'shop',
  podUid: 'uid',
  className: 'db',
  provider: 'azure',
  writtenAt: '2026-01-01T00:00:00.000Z',
  versions: [{ id: 'secret/password', version: '1' }],
};

let place: string;
let folder: string;
let records: VolumeRecords;
let log = createMemoryLog();

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'keyferry-records-'));
  folder = join(place, 'volumes');
  log = createMemoryLog();
  records = createVolumeRecords({ folder, log });
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

/** The one file that a record becomes. */
async function recordFile(): Promise<string> {
  await records.write(RECORD);
  return join(folder, readdirSync(folder)[0] ?? '');
}

describe('a record', () => {
  it('is read as it was written, by its owner only', async () => {
    const path = await recordFile();
    expect(await records.read(TARGET)).toEqual(RECORD);
    expect([statSync(folder).mode & 0o777, statSync(path).mode & 0o777]).toEqual([0o700, 0o600]);
  });

  it('of one target is not taken for that of another', async () => {
    const path = await recordFile();
    const other = createVolumeRecords({ folder, log });
    await other.write({ ...RECORD, targetPath: '/other/target' });
    const [second = ''] = readdirSync(folder).filter((name) => !path.endsWith(name));
    execFileSync('cp', [path, join(folder, second)]);
    expect(await records.read('/other/target')).toBeUndefined();
  });
});

describe('what a pod with a hostPath plants', () => {
  it('in place of the folder is not written through', async () => {
    const outside = join(place, 'outside');
    mkdirSync(outside);
    symlinkSync(outside, folder);
    await expect(records.write(RECORD)).rejects.toMatchObject({ code: 'failed-precondition' });
    expect(readdirSync(outside)).toEqual([]);
  });

  it('in place of the folder and leads nowhere makes nothing there', async () => {
    symlinkSync(join(place, 'made'), folder);
    await expect(records.write(RECORD)).rejects.toMatchObject({ code: 'failed-precondition' });
    expect(existsSync(join(place, 'made'))).toBe(false);
  });

  it.each(['', '.tmp'])('as a link in place of the file%s is replaced, and what it leads to stays', async (ending) => {
    const path = await recordFile();
    const victim = join(place, 'victim');
    execFileSync('sh', ['-c', `printf before > '${victim}'; rm -f '${path}${ending}'`]);
    symlinkSync(victim, `${path}${ending}`);
    await records.write({ ...RECORD, className: 'changed' });
    expect(readFileSync(victim, 'utf8')).toBe('before');
    expect(await records.read(TARGET)).toMatchObject({ className: 'changed' });
  });

  it('as a link to a record elsewhere is not read', async () => {
    const path = await recordFile();
    execFileSync('mv', [path, join(place, 'elsewhere')]);
    symlinkSync(join(place, 'elsewhere'), path);
    expect(await records.read(TARGET)).toBeUndefined();
    expect(await records.list()).toEqual([]);
    expect(log.lines.map(({ level }) => level)).toContain('warn');
  });

  it.each([
    ['a pipe', (path: string) => execFileSync('mkfifo', [path])],
    [
      'a file without an end',
      (path: string) => {
        writeFileSync(path, '');
        truncateSync(path, 3 * 2 ** 30);
      },
    ],
    ['a folder', (path: string) => mkdirSync(path)],
  ])('as %s holds nobody up', async (_what, plant) => {
    const path = await recordFile();
    rmSync(path);
    plant(path);
    expect(await records.read(TARGET)).toBeUndefined();
    expect(await records.list()).toEqual([]);
  });
});
