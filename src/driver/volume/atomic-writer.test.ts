import { lstatSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '#base';
import type { ProviderFile } from '#providerapi';
import { createFakeClock } from '../../base/testing/index.ts';
import { createAtomicWriter } from './atomic-writer.ts';
import { checkPayload } from './payload.ts';
import { CHANGING_CALLS, createKillSwitch, Killed } from '../testing/kill-switch.ts';
import { mayGiveToGroup } from '../testing/may-mount.ts';
import { nodeVolumeFiles } from './volume-files.ts';

type Texts = Readonly<Record<string, string>>;

const clock = createFakeClock();
const writer = createAtomicWriter({ clock });
let target: string;
beforeEach(async () => {
  target = await mkdtemp(join(tmpdir(), 'keyferry-writer-'));
});
afterEach(() => rm(target, { recursive: true, force: true }));

const payload = (texts: Texts, mode = 0o644): ReadonlyMap<string, ProviderFile> =>
  checkPayload(
    Object.entries(texts).map(([path, text]) => ({ path, mode, contents: new Secret<Uint8Array>(Buffer.from(text)) })),
  );

/** What a program that lists and reads the volume sees. */
async function visible(folder = target, prefix = ''): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const name of await readdir(folder)) {
    if (prefix === '' && name.startsWith('..')) continue;
    const place = join(folder, name);
    const { stat } = await import('node:fs/promises');
    if ((await stat(place)).isDirectory()) Object.assign(texts, await visible(place, `${prefix}${name}/`));
    else texts[prefix + name] = await readFile(place, 'utf8');
  }
  return texts;
}

/** What a file says; what is wrong where it cannot be read. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

/** A writeFile on a disk that holds so many bytes of the target's files. */
function writeWithin(bytes: number): typeof nodeVolumeFiles.writeFileSync {
  return (file, data, options) => {
    let used = 0;
    for (const entry of readdirSync(target, { recursive: true, withFileTypes: true })) {
      // From Node 24 on what is behind the link to the current generation comes as well.
      if (entry.isFile() && !entry.parentPath.includes('..data'))
        used += lstatSync(join(entry.parentPath, entry.name)).size;
    }
    if (used + (data as Uint8Array).length > bytes) {
      writeFileSync(file, '', options); // the name is there, the bytes are not
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    }
    writeFileSync(file, data, options);
  };
}

describe('the atomic writer', () => {
  it('writes the layout that programs know from Kubernetes', async () => {
    expect(await writer.write(target, payload({ a: '1', 'dir/b': '2' }))).toEqual({ changed: true });
    const generation = await readlink(join(target, '..data'));
    expect(generation).toMatch(/^\.\.2026_01_01_00_00_00\.[A-Za-z0-9]{6}$/);
    expect((await readdir(target)).sort()).toEqual([generation, '..data', 'a', 'dir'].sort());
    expect(await readlink(join(target, 'a'))).toBe('..data/a');
    expect(await readlink(join(target, 'dir'))).toBe('..data/dir');
    expect(await visible()).toEqual({ a: '1', 'dir/b': '2' });
  });

  it.each<[string, Texts, Texts]>([
    ['a changed text', { a: '1', b: '2' }, { a: '1', b: '3' }],
    ['a new file', { a: '1' }, { a: '1', 'd/e': '2' }],
    ['a file less', { a: '1', b: '2' }, { b: '2' }],
    ['other files', { a: '1' }, { 'x/y/z': '1', 'x/w': '2' }],
    ['a folder where a file was', { a: '1' }, { 'a/b': '1' }],
    ['a file where a folder was', { 'a/b': '1' }, { a: '1' }],
  ])('replaces all by %s, and leaves nothing of the old behind', async (_what, before, after) => {
    await writer.write(target, payload(before));
    expect(await writer.write(target, payload(after))).toEqual({ changed: true });
    expect(await visible()).toEqual(after);
    expect((await readdir(target)).filter((name) => name.startsWith('..'))).toHaveLength(2);
  });

  it('changes nothing when content and modes are the same', async () => {
    await writer.write(target, payload({ a: '1', 'd/b': '2' }));
    const generation = await readlink(join(target, '..data'));
    expect(await writer.write(target, payload({ 'd/b': '2', a: '1' }))).toEqual({ changed: false });
    expect(await readlink(join(target, '..data'))).toBe(generation);
  });

  it('notices a change of mode alone', async () => {
    await writer.write(target, payload({ a: '1' }, 0o644));
    expect(await writer.write(target, payload({ a: '1' }, 0o400))).toEqual({ changed: true });
    expect((await lstat(join(target, '..data', 'a'))).mode & 0o777).toBe(0o400);
  });

  it('gives files and folders exact modes, whatever the umask is', async () => {
    const before = process.umask(0o077);
    try {
      await writer.write(target, payload({ 'd/a': '1' }, 0o666));
    } finally {
      process.umask(before);
    }
    const mode = async (path: string) => (await lstat(join(target, path))).mode & 0o777;
    expect(await mode('..data/d/a')).toBe(0o666);
    expect(await mode('..data/d')).toBe(0o755);
    expect(await mode(await readlink(join(target, '..data')))).toBe(0o755);
  });

  describe.runIf(mayGiveToGroup(4711))('for a group', () => {
    const owner = { groupId: 4711 };
    const facts = async (path: string) => {
      const { mode, uid, gid } = await lstat(join(target, path));
      return `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
    };

    it('gives it files and folders, and lets it read what the owner may read', async () => {
      await writer.write(target, payload({ 'd/a': '1' }, 0o400), owner);
      expect(await facts('.')).toMatch(/ 0:4711$/);
      expect(await facts('..data/d')).toBe('755 0:4711');
      expect(await facts('..data/d/a')).toBe('440 0:4711');
      await writer.write(target, payload({ 'd/a': '1' }, 0o644), owner);
      expect(await facts('..data/d/a')).toBe('644 0:4711');
      await writer.write(target, payload({ 'd/a': '1' }, 0), owner);
      expect(await facts('..data/d/a')).toBe('0 0:4711');
    });

    it('changes nothing when all is as it should be, and all when only the group is another', async () => {
      await writer.write(target, payload({ a: '1' }));
      expect(await writer.write(target, payload({ a: '1' }), owner)).toEqual({ changed: true });
      expect(await facts('..data/a')).toBe('644 0:4711');
      expect(await writer.write(target, payload({ a: '1' }), owner)).toEqual({ changed: false });
    });

    it('gives it what a provider wrote itself, and what a link leads to stays as it is', async () => {
      await mkdir(join(target, 'd'));
      await writeFile(join(target, 'd', 'own'), 'text', { mode: 0o400 });
      const outside = await mkdtemp(join(tmpdir(), 'keyferry-outside-'));
      try {
        await writeFile(join(outside, 'theirs'), 'text');
        await symlink(outside, join(target, 'link'));
        await writer.give(target, owner);
        expect(await facts('d/own')).toBe('440 0:4711');
        expect(await facts('d')).toMatch(/ 0:4711$/);
        expect((await lstat(outside)).gid).not.toBe(4711);
        expect((await lstat(join(outside, 'theirs'))).gid).not.toBe(4711);
      } finally {
        await rm(outside, { recursive: true });
      }
    });
  });

  it('takes the place of real files and folders that a provider wrote itself', async () => {
    await writeFile(join(target, 'a'), 'old');
    await writeFile(join(target, 'gone'), 'old');
    await mkdir(join(target, 'd', 'e'), { recursive: true });
    await writer.write(target, payload({ a: '1', 'd/b': '2' }));
    expect(await visible()).toEqual({ a: '1', 'd/b': '2' });
  });

  it('mends a link that somebody removed', async () => {
    await writer.write(target, payload({ a: '1', b: '2' }));
    await rm(join(target, 'a'));
    await writer.write(target, payload({ a: '1', b: '2' }));
    expect(await visible()).toEqual({ a: '1', b: '2' });
  });

  it('knows a volume that was written from one that was not', async () => {
    expect(await writer.isWritten(target)).toBe(false);
    await writeFile(join(target, 'own'), 'text');
    expect(await writer.isWritten(target)).toBe(false);
    await writer.write(target, payload({ a: '1' }));
    expect(await writer.isWritten(target)).toBe(true);
    expect(await writer.isWritten(join(target, 'no', 'such'))).toBe(false);
  });

  it('killed at any step leaves the old or the new files, whole, and finishes at the next run', async () => {
    const old = { keep: '1', change: 'old', gone: 'x', 'd/e': 'old' };
    const next = { keep: '1', change: 'new', 'd/e': 'new', more: 'y' };
    const held = (texts: Record<string, string>, names: readonly string[]) => names.map((name) => texts[name]);
    let kills = 0;
    for (let step = 0; ; step += 1) {
      await rm(target, { recursive: true });
      await mkdir(target);
      await writer.write(target, payload(old));
      const kill = createKillSwitch(step);
      const mortal = createAtomicWriter({ clock, files: kill.guard({ ...nodeVolumeFiles }, CHANGING_CALLS) });
      const failure: unknown = await mortal.write(target, payload(next)).catch((error: unknown) => error);
      if (!kill.fallen) break;
      kills += 1;
      expect(failure).toBeInstanceOf(Killed);
      // What is in both must be seen at any time, and all of one age.
      const seen = held(await readThroughData(), ['keep', 'change', 'd/e']);
      expect([
        ['1', 'old', 'old'],
        ['1', 'new', 'new'],
      ]).toContainEqual(seen);
      await writer.write(target, payload(next));
      expect(await visible()).toEqual(next);
      expect((await readdir(target)).filter((name) => name.startsWith('..'))).toHaveLength(2);
    }
    expect(kills).toBeGreaterThan(15);
  });

  it('keeps the old files when the new ones do not fit, and has room for the next ones that do', async () => {
    const small = createAtomicWriter({ clock, files: { ...nodeVolumeFiles, writeFileSync: writeWithin(100) } });
    await small.write(target, payload({ a: 'x'.repeat(40) }));
    // Parts of it fit, and none of them may stay in the way.
    const tooLarge = payload({ a: 'y'.repeat(40), b: 'y'.repeat(40) });
    for (let tries = 0; tries < 3; tries += 1) {
      await expect(small.write(target, tooLarge)).rejects.toMatchObject({ code: 'resource-exhausted' });
      expect(await visible()).toEqual({ a: 'x'.repeat(40) });
      expect((await readdir(target)).filter((name) => name.startsWith('..'))).toHaveLength(2);
    }
    await small.write(target, payload({ a: 'z'.repeat(50) }));
    expect(await visible()).toEqual({ a: 'z'.repeat(50) });
  });

  it('has room for the new files although a killed run left some', async () => {
    const files = { ...nodeVolumeFiles, writeFileSync: writeWithin(100) };
    const small = createAtomicWriter({ clock, files });
    await small.write(target, payload({ a: 'x'.repeat(40) }));
    const killed = createAtomicWriter({ clock, files: createKillSwitch(0).guard(files, ['renameSync']) });
    await expect(killed.write(target, payload({ a: 'y'.repeat(40) }))).rejects.toThrow(Killed);
    await small.write(target, payload({ a: 'z'.repeat(50) }));
    expect(await visible()).toEqual({ a: 'z'.repeat(50) });
  });

  it('writes again when another process wrote, and tidied up, in the middle of it', async () => {
    let renames = 0;
    const renameSync: typeof nodeVolumeFiles.renameSync = (from, to) => {
      renames += 1;
      const generation = readlinkSync(from);
      if (renames <= 2) {
        void writer.write(target, payload({ a: `theirs ${renames}`, b: 'theirs' })); // it waits for nothing
        symlinkSync(generation, from); // theirs has taken the place of ours under that name
      }
      nodeVolumeFiles.renameSync(from, to);
    };
    const interrupted = createAtomicWriter({ clock, files: { ...nodeVolumeFiles, renameSync } });
    await interrupted.write(target, payload({ a: 'ours' }));
    expect(renames).toBe(3);
    expect(await visible()).toEqual({ a: 'ours' });
  });

  it('holds one content, whole, whenever another process writes in the middle of it, and mixes them at no moment', async () => {
    const versions = { old: 'old', ours: 'ours', theirs: 'theirs' };
    const files = (text: string): Texts => ({ keep: '1', change: text, 'd/e': text });
    let meetings = 0;
    for (let step = 0; ; step += 1) {
      await rm(target, { recursive: true });
      await mkdir(target);
      await writer.write(target, payload(files(versions.old)));
      let calls = 0;
      const seen = new Set<string>();
      const met = new Proxy(nodeVolumeFiles, {
        get: (object, name) => {
          const call = Reflect.get(object, name) as (...args: unknown[]) => unknown;
          return (...args: unknown[]) => {
            if (calls === step) void writer.write(target, payload(files(versions.theirs))); // it waits for nothing
            calls += 1;
            try {
              return Reflect.apply(call, object, args);
            } finally {
              seen.add(['change', 'd/e'].map((path) => textOf(join(target, path))).join());
            }
          };
        },
      });
      await createAtomicWriter({ clock, files: met }).write(target, payload(files(versions.ours)));
      if (calls <= step) break;
      meetings += 1;
      // ENOENT: theirs tidied ours up in the last moment before the swap, and it is written again at once.
      const whole = [...Object.values(versions), 'ENOENT'].map((text) => `${text},${text}`);
      expect(whole).toEqual(expect.arrayContaining([...seen]));
      expect([files(versions.ours), files(versions.theirs)]).toContainEqual(await visible());
    }
    expect(meetings).toBeGreaterThan(25);
  });

  it('holds what was written last, whatever was written before', async () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    const texts = fc.dictionary(path, fc.constantFrom('', '1', '2'), { minKeys: 1, maxKeys: 5 }).filter((value) => {
      try {
        return (
          checkPayload(Object.keys(value).map((one) => ({ path: one, mode: 0, contents: new Secret(Buffer.of()) })))
            .size > 0
        );
      } catch {
        return false; // a file that is a folder of another
      }
    });
    await fc.assert(
      fc.asyncProperty(fc.array(texts, { minLength: 1, maxLength: 4 }), async (writes) => {
        await rm(target, { recursive: true, force: true });
        await mkdir(target);
        for (const value of writes) await writer.write(target, payload(value));
        expect(await visible()).toEqual(writes.at(-1));
      }),
      { numRuns: 30 },
    );
  });
});

/** Reads the volume as a program does that has its links open across the swap. */
async function readThroughData(): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const path of ['keep', 'change', 'd/e']) texts[path] = await readFile(join(target, path), 'utf8');
  return texts;
}

describe('checkPayload', () => {
  const check =
    (...paths: string[]) =>
    () =>
      checkPayload(paths.map((path) => ({ path, mode: 0o644, contents: new Secret<Uint8Array>(Buffer.of()) })));

  it.each(['a', 'a/b', 'a..b', '.hidden', 'a/..b', 'x'.repeat(255), 'ü/ü'])('takes %j', (path) => {
    expect(check(path)()).toHaveProperty('size', 1);
  });

  it.each([
    ['', 'is empty'],
    ['.', 'is empty'],
    ['/a', 'must be a relative path'],
    ['..', "must not contain '..'"],
    ['a/../b', "must not contain '..'"],
    ['..a', "must not start with '..'"],
    ['a//b', 'is not in its shortest form'],
    ['./a', 'is not in its shortest form'],
    ['a/', 'is not in its shortest form'],
    ['a\0b', 'null byte'],
    ['x'.repeat(256), 'longer than 255 bytes'],
    ['ü'.repeat(128), 'longer than 255 bytes'],
    [`${'x/'.repeat(2100)}x`, 'longer than 4096 bytes'],
  ])('refuses %j', (path, message) => {
    expect(check(path)).toThrow(message);
  });

  it('refuses a file that is a folder of another', () => {
    expect(check('a/b', 'a')).toThrow('"a" is a file, and a folder of "a/b"');
  });

  it('tells everything that is wrong at once', () => {
    expect(check('/a', 'fine', '../b')).toThrow(/files\[0\].*files\[2\]/);
  });

  it('lets the last of two with one path win', () => {
    const file = (text: string) => ({ path: 'a', mode: 0, contents: new Secret<Uint8Array>(Buffer.from(text)) });
    expect(
      Buffer.from(
        checkPayload([file('1'), file('2')])
          .get('a')
          ?.contents.expose() ?? [],
      ).toString(),
    ).toBe('2');
  });

  it.each([-1, 0o1000, 1.5])('refuses the mode %d', (mode) => {
    expect(() => checkPayload([{ path: 'a', mode, contents: new Secret(Buffer.of()) }])).toThrow('no file mode');
  });
});
