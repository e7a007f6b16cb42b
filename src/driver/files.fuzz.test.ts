// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { array, constantFrom, integer, oneof, tuple } from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Secret, silentLog } from '#base';
import type { ProviderFile } from '#providerapi';
import { createFakeClock } from '../base/testing/index.ts';
import { expectQuick, fuzz, outcomeOf } from '../base/testing/fuzz.ts';
import { hostileJson, hostileText, mutatedText, textOfPieces } from '../base/testing/hostile.ts';
import { createAtomicWriter } from './volume/atomic-writer.ts';
import { createMountedFileReader } from './volume/mounted-files.ts';
import { parseMountinfo } from './volume/mountinfo.ts';
import { checkPayload } from './volume/payload.ts';
import { createVolumeRecords, type VolumeRecord } from './volume/volume-record.ts';

const folder = mkdtempSync(join(tmpdir(), 'keyferry-fuzz-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PATH_PIECES = [
  '..',
  '.',
  '/',
  'a',
  'b',
  '..data',
  '..2026_01_01_00_00_00.abcdef',
  '\0',
  '\\',
  ' ',
  'é',
  '😀',
  '%2e',
];
const path = oneof(textOfPieces(PATH_PIECES, 6), hostileText(20));
const file = tuple(path, oneof(constantFrom(0o644, 0o400, 0), integer({ min: -5, max: 0o10000 }))).map(
  ([name, mode]): ProviderFile => ({ path: name, mode, contents: new Secret<Uint8Array>(Buffer.from('x')) }),
);

describe('the files of a provider', () => {
  fuzz(
    'that are taken lie within the volume, beside the names of the writer, and none is a folder of another',
    array(file, { maxLength: 6 }),
    { inputs: 120, seed: 621 },
    async (files) => {
      const outcome = await outcomeOf(() => checkPayload(files));
      if (!outcome.ok) return;
      const names = [...outcome.value.keys()];
      for (const name of names) {
        expect(posix.join('/volume', name)).toBe(`/volume/${name}`);
        expect(name).not.toMatch(/^\.\.|\0|(^|\/)\.\.(\/|$)|^$/);
        expect(names.some((other) => other.startsWith(`${name}/`))).toBe(false);
      }
    },
  );

  fuzz(
    'that are taken can be written, and are then all there is; nothing is written outside the volume',
    array(tuple(path, constantFrom(0o644, 0o400)), { maxLength: 4 }),
    { inputs: 25, seed: 622, examples: [[['\ud800', 0o644]]] },
    async (entries) => {
      const files = entries.map(([name, mode]) => ({
        path: name,
        mode,
        contents: new Secret<Uint8Array>(Buffer.from(name)),
      }));
      const outcome = await outcomeOf(() => checkPayload(files));
      if (!outcome.ok) return;
      const target = join(folder, 'outer', 'target');
      mkdirSync(target, { recursive: true });
      await createAtomicWriter({ clock: createFakeClock() }).write(target, outcome.value);
      const read = createMountedFileReader(target);
      for (const [name] of outcome.value) expect((await read(name))?.expose().toString()).toBe(name);
      expect(readdirSync(join(folder, 'outer'))).toEqual(['target']);
      rmSync(join(folder, 'outer'), { recursive: true });
    },
  );

  it('with paths of a megabyte are refused quickly', async () => {
    const long = ['a/'.repeat(500_000), '/'.repeat(1_000_000), '../'.repeat(300_000), `a${'/'.repeat(1_000_000)}b`];
    const files = long.map((name) => ({ path: name, mode: 0o644, contents: new Secret<Uint8Array>(Buffer.alloc(0)) }));
    const outcome = await expectQuick(() => outcomeOf(() => checkPayload(files)));
    expect(outcome.ok).toBe(false);
  });

  it('in many folders of each other are checked quickly', async () => {
    const files = Array.from({ length: 2000 }, (_, at) => ({
      path: `${`${at}d/`.repeat(at % 2 === 0 ? 30 : 300)}${at}`,
      mode: 0o644,
      contents: new Secret<Uint8Array>(Buffer.alloc(0)),
    }));
    expect((await expectQuick(() => outcomeOf(() => checkPayload(files)))).ok).toBe(false);
    expect(checkPayload(files.filter((_, at) => at % 2 === 0)).size).toBe(1000);
  });
});

describe('a file that a Secret asks for', () => {
  mkdirSync(join(folder, 'volume'));
  writeFileSync(join(folder, 'volume', 'inside'), 'inside');
  writeFileSync(join(folder, 'outside'), 'outside');

  fuzz(
    'is never read from outside of the volume',
    oneof(textOfPieces(['..', '/', 'outside', 'inside', 'volume', '.', '\0', folder], 6), hostileText(20)),
    { inputs: 50, seed: 623, examples: ['../outside', `${folder}/outside`, 'inside\0', 'a'.repeat(300)] },
    async (name) => {
      const found = await createMountedFileReader(join(folder, 'volume'))(name);
      if (found !== undefined) expect(found.expose().toString()).toBe('inside');
    },
  );
});

describe('the mount table', () => {
  const LINE = '36 35 98:0 / /mnt/a\\040b rw,noatime shared:1 - tmpfs tmpfs rw,size=1024k';

  fuzz(
    'is read line by line, whatever a line is',
    mutatedText([LINE, `${LINE}\n${LINE}`, LINE.replace('- tmpfs', '-')]),
    { inputs: 90, seed: 624 },
    (text) => {
      for (const { mountPoint, options } of parseMountinfo(text)) {
        expect(typeof mountPoint).toBe('string');
        expect(options.length).toBeGreaterThan(0);
      }
      expect(parseMountinfo(`${LINE}\n${text}\n${LINE}`).length).toBeGreaterThanOrEqual(2);
    },
  );

  fuzz('gives back every path as it was escaped', hostileText(60), { inputs: 50, seed: 625 }, (text) => {
    const plain = Buffer.from(text.replaceAll('\0', '')).toString();
    const escaped = plain.replace(/[ \t\n\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
    expect(parseMountinfo(`1 2 0:1 / /${escaped} rw - tmpfs tmpfs rw`)[0]?.mountPoint).toBe(`/${plain}`);
  });
});

describe('a volume record', () => {
  const RECORD: VolumeRecord = {
    targetPath: '/var/lib/kubelet/pods/1/volumes/v/mount',
    volumeId: 'v',
    podName: 'p',
    podNamespace: 'n',
    podUid: '1',
    className: 'c',
    provider: 'azure',
    writtenAt: '2026-01-01T00:00:00Z',
    versions: [{ id: 'secret/one', version: '1' }],
  };
  const records = createVolumeRecords({ folder: join(folder, 'records'), log: silentLog });
  const place = async () => {
    await records.write(RECORD);
    return join(folder, 'records', readdirSync(join(folder, 'records'))[0] as string);
  };

  fuzz(
    'that was changed on disk counts as none, or says what a record says',
    oneof(
      mutatedText([JSON.stringify(RECORD)]),
      hostileJson(Object.keys(RECORD)).map((value) => JSON.stringify(value) ?? ''),
    ),
    { inputs: 20, seed: 626 },
    async (text) => {
      writeFileSync(await place(), text);
      const record = await records.read(RECORD.targetPath);
      if (record === undefined) return;
      expect(record.targetPath).toBe(RECORD.targetPath);
      for (const { id, version } of record.versions) expect(`${typeof id} ${typeof version}`).toBe('string string');
      expect((await records.list()).length).toBe(1);
    },
  );
});
