import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, boolean, property, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../base/testing/index.ts';
import { formatLogEntry, openLogWriter, parseLogEntry } from './cri-log.ts';
import { splitEnvironment } from './environment.ts';
import { imageRepository, knownImage } from './images.ts';
import { isWithin, mountOf, parseMountInfo } from './mount-table.ts';
import { fstabLine } from './root-plan.ts';

describe('a log entry', () => {
  it('is written in the CRI format', () => {
    const entry = formatLogEntry(Date.UTC(2026, 0, 2, 3, 4, 5, 6), 'stderr', Buffer.from('a b'), false);
    expect(entry.toString()).toBe('2026-01-02T03:04:05.006000000Z stderr F a b\n');
  });

  it('is read back as it was written', () => {
    assert(
      property(uint8Array(), boolean(), (bytes, partial) => {
        const content = Buffer.from(bytes);
        const entry = parseLogEntry(formatLogEntry(0, 'stdout', content, partial).subarray(0, -1));
        expect(entry).toEqual({ timestamp: '1970-01-01T00:00:00.000000000Z', stream: 'stdout', partial, content });
      }),
    );
  });

  it.each(['', 'x', 'time stdout', 'time neither F text'])('is nothing when it is %j', (text) => {
    expect(parseLogEntry(Buffer.from(text))).toBeUndefined();
  });

  it('marks what has no newline yet as partial', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyferry-log-'));
    try {
      const path = join(folder, 'deep', '0.log');
      const log = await openLogWriter(path, createFakeClock(0));
      void log.write('stdout', Buffer.from('one\ntw'));
      void log.write('stdout', Buffer.from('o\n'));
      await log.close();
      const words = readFileSync(path, 'utf8')
        .split('\n')
        .map((line) => line.slice(31));
      expect(words).toEqual(['stdout F one', 'stdout P tw', 'stdout F o', '']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the way of the environment to a container', () => {
  it.each([
    ['PATH', '/bin', 'direct'],
    ['_x1', 'y', 'direct'],
    ['tls.crt', 'y', 'late'],
    ['LD_PRELOAD', '/x.so', 'late'],
    ['IFS', ',', 'late'],
    // glibc loads what these name: a pod could have a file there
    ['GCONV_PATH', '/var/lib/kubelet/pods/x', 'late'],
    ['LOCPATH', '/var/lib/kubelet/pods/x', 'late'],
    ['TMPDIR', '/data', 'late'],
    // dash does not start with this one
    ['OPTIND', 'x', 'late'],
    ['PPID', '7', 'late'],
    ['KEYFERRY_LATE_0', 'forged', 'late'],
  ])('is for %s=%s %s', (name, value, way) => {
    const { direct, carriers } = splitEnvironment([{ name, value }]);
    expect({ direct, carriers }).toEqual(
      way === 'direct'
        ? { direct: { [name]: value }, carriers: [] }
        : { direct: { KEYFERRY_LATE_0: `${name}=${value}` }, carriers: ['KEYFERRY_LATE_0'] },
    );
  });

  it('ends with the last value of a name', () => {
    const entries = [1, 2].map((value) => ({ name: 'A', value: String(value) }));
    expect(splitEnvironment(entries).direct).toEqual({ A: '2' });
  });
});

describe('a log that grows', () => {
  it('is begun anew at its limit, keeps so many files, and no line is cut or lost in them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kf-'));
    try {
      const path = join(folder, '0.log');
      const clock = createFakeClock();
      const log = await openLogWriter(path, clock, { maxBytes: 1000, maxFiles: 3 });
      // both streams at once, as a container writes them
      for (let count = 0; count < 100; count += 1) {
        await clock.advance(1);
        await Promise.all([
          log.write('stdout', Buffer.from(`o${count}\n`)),
          log.write('stderr', Buffer.from(`e${count}\n`)),
        ]);
      }
      await log.close();
      const names = readdirSync(folder).sort();
      expect(names).toHaveLength(3);
      expect(names[0]).toBe('0.log');
      const ordered = [...names.slice(1), '0.log'].map((name) => readFileSync(join(folder, name), 'utf8'));
      for (const text of ordered) expect(text.length).toBeLessThan(1200);
      const lines = ordered
        .join('')
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ').at(-1));
      const expected = Array.from(
        { length: 200 },
        (_, index) => `${index % 2 === 0 ? 'o' : 'e'}${Math.floor(index / 2)}`,
      );
      expect(lines).toEqual(expected.slice(-lines.length));
      expect(lines.length).toBeGreaterThan(40);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('an image reference', () => {
  it.each([
    ['nginx', 'nginx'],
    ['nginx:latest', 'nginx'],
    ['docker.io/library/nginx:1.2@sha256:00', 'nginx'],
    ['registry:5000/team/app', 'registry:5000/team/app'],
    ['ghcr.io/a/b:v1', 'ghcr.io/a/b'],
  ])('%s names the repository %s', (reference, repository) => {
    expect(imageRepository(reference)).toBe(repository);
  });

  it.each([
    ['ubuntu:20.04', ['bash']],
    ['mcr.microsoft.com/mirror/busybox:1', ['sh']],
  ])('%s is known to run %j', (reference, cmd) => {
    expect(knownImage(reference)?.cmd).toEqual(cmd);
  });

  it('of an unknown image tells nothing', () => {
    expect(knownImage('example.com/app:1')).toBeUndefined();
  });
});

describe('the mount table', () => {
  const text = [
    '22 27 0:21 / / rw,relatime - ext4 /dev/vda rw',
    '23 22 0:22 / /a\\040b rw,nosuid,nodev master:1 shared:2 - tmpfs tmpfs rw,size=4k',
    'nonsense',
  ].join('\n');

  it('is read with blanks in paths and optional fields', () => {
    expect(parseMountInfo(text)).toEqual([
      { mountPoint: '/', options: ['rw', 'relatime'], fsType: 'ext4' },
      { mountPoint: '/a b', options: ['rw', 'nosuid', 'nodev'], fsType: 'tmpfs' },
    ]);
  });

  it.each([
    ['/a b/c', '/a b'],
    ['/a bc', '/'],
    ['/', '/'],
  ])('says that %s is on %s', (path, mountPoint) => {
    expect(mountOf(parseMountInfo(text), path)?.mountPoint).toBe(mountPoint);
  });

  it('takes a folder for within itself, and not its longer sisters', () => {
    expect([isWithin('/a', '/a'), isWithin('/ab', '/a'), isWithin('/a/b', '/a')]).toEqual([true, false, true]);
  });

  it('has blanks escaped when it is written as an fstab', () => {
    expect(fstabLine('/a b', '/c\\d', 'none', 'rbind')).toBe('/a\\040b /c\\134d none rbind');
  });
});
