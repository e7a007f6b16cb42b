import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKeyedLock } from '#base';
import { createMemoryLog } from '../../base/testing/index.ts';
import { sweepRecords } from './sweep-records.ts';
import { createVolumeRecords, type VolumeRecord } from './volume-record.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyferry-records-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const recordOf = (targetPath: string): VolumeRecord => ({
  targetPath,
  volumeId: 'csi-1',
  podName: 'web',
  podNamespace: 'shop',
  podUid: 'uid',
  className: 'db',
  provider: 'azure',
  writtenAt: '2026-01-01T00:00:00Z',
  versions: [{ id: 'secret/a', version: '1' }],
});

async function sweep(mounted: readonly string[]) {
  const log = createMemoryLog();
  const records = createVolumeRecords({ folder, log });
  const find = async (mountPoint: string) =>
    mounted.includes(mountPoint)
      ? { device: '0:1', mountPoint, fsType: 'tmpfs', source: 'tmpfs', options: [], superOptions: [] }
      : undefined;
  const staying = await sweepRecords({ records, mounter: { find }, locks: createKeyedLock(), log });
  return { records, log, staying: staying.map(({ targetPath }) => targetPath) };
}

describe('the sweep of records at the start', () => {
  it('keeps those of mounted volumes and removes those of volumes that are mounted no more', async () => {
    const { records } = await sweep([]);
    await records.write(recordOf('/pods/a/mount'));
    await records.write(recordOf('/pods/b/mount'));
    expect((await sweep(['/pods/a/mount'])).staying).toEqual(['/pods/a/mount']);
    expect((await records.list()).map(({ targetPath }) => targetPath)).toEqual(['/pods/a/mount']);
  });

  it('removes what a kill left of a record that was being written, and what cannot be read', async () => {
    const { records } = await sweep([]);
    await records.write(recordOf('/pods/a/mount'));
    const whole = await readdir(folder);
    await writeFile(join(folder, `${'0123'.repeat(8)}.json.tmp`), '{"targetPath":"/po');
    await writeFile(join(folder, `${'4567'.repeat(8)}.json`), '{');
    await sweep(['/pods/a/mount']);
    expect(await readdir(folder)).toEqual(whole);
  });

  it('does not keep a driver from starting where the folder is not one', async () => {
    await rm(folder, { recursive: true });
    await writeFile(folder, '');
    const { log } = await sweep([]);
    expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
