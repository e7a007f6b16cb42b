import { describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { createMemoryLog } from '../../base/testing/index.ts';
import { loadMountCalls } from './mount-calls.ts';
import { mountPrograms } from './mount-programs.ts';
import type { MountWay } from './mount-way.ts';
import { createMounter } from './mounter.ts';
import { parseMountinfo } from './mountinfo.ts';
import { createFakeMounter } from '../testing/fake-mounter.ts';
import { mayMount } from '../testing/may-mount.ts';
import { describeMounter } from '../testing/mounter-contract.ts';

describeMounter('fake', createFakeMounter);
// Where this process may not mount, the suite of the real mounter says that it is skipped.
describe.runIf(mayMount())('with the kernel behind it', () => {
  const by = (way: () => Promise<MountWay>) => () => createMounter({ log: silentLog, way: way() });
  describeMounter('calls', by(loadMountCalls), { real: true });
  describeMounter(
    'programs',
    by(async () => mountPrograms),
    { real: true },
  );
});

describe('a failed mount', () => {
  const way = (fails: Partial<MountWay>): Promise<MountWay> =>
    Promise.resolve({
      find: async () => undefined,
      mountTmpfs: async () => undefined,
      unmount: async () => undefined,
      ...fails,
    });

  it.each([
    ['EPERM', /privileged/],
    ['ENOSPC', /fs\.mount-max/],
  ])('names %s, the path and the mend', async (code, mend) => {
    const mounter = createMounter({
      log: silentLog,
      way: way({ mountTmpfs: async () => ({ code, text: code }) }),
    });
    await expect(mounter.mountTmpfs('/pods/a/mount', { sizeBytes: 1 })).rejects.toMatchObject({
      message: `cannot mount a tmpfs on /pods/a/mount: ${code}`,
      hint: expect.stringMatching(mend),
    });
  });

  it('is tried without noswap, and noswap is not asked for again where that helped', async () => {
    const asked: boolean[] = [];
    const mounter = createMounter({
      log: silentLog,
      way: way({
        mountTmpfs: async (_target, options) => {
          asked.push(options.includes('noswap'));
          return options.includes('noswap') ? { code: 'EINVAL', text: 'EINVAL' } : undefined;
        },
      }),
    });
    await mounter.mountTmpfs('/pods/a/mount', { sizeBytes: 1 });
    await mounter.mountTmpfs('/pods/b/mount', { sizeBytes: 1 });
    expect(asked).toEqual([true, false, false]);
  });

  it('of several at once is tried without noswap for each, and told once', async () => {
    const log = createMemoryLog();
    const mounter = createMounter({
      log,
      way: way({
        mountTmpfs: async (_target, options) => {
          await Promise.resolve();
          return options.includes('noswap') ? { code: 'EINVAL', text: 'EINVAL' } : undefined;
        },
      }),
    });
    await Promise.all(['a', 'b', 'c'].map((name) => mounter.mountTmpfs(`/pods/${name}/mount`, { sizeBytes: 1 })));
    expect(log.lines.map(({ message }) => message)).toEqual([expect.stringContaining('without noswap')]);
  });

  it('leaves a disk mounted that is in use, and tells it', async () => {
    const mounter = createMounter({
      log: silentLog,
      way: way({
        find: async () => ({ fsType: 'ext4' }),
        unmount: async (_target, { detach }) => (detach ? undefined : { code: 'EBUSY', text: 'EBUSY' }),
      }),
    });
    await expect(mounter.unmount('/pods/a/mount')).rejects.toThrow('cannot unmount /pods/a/mount: EBUSY');
  });
});

describe('parseMountinfo', () => {
  it('reads device, mount point, type, source and options, with and without optional fields', () => {
    const text = [
      '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue',
      '37 35 0:52 / /var/lib/kubelet/pods/a/mount rw,nosuid - tmpfs tmpfs rw,size=1024k',
      '',
    ].join('\n');
    expect(parseMountinfo(text)).toEqual([
      {
        device: '98:0',
        mountPoint: '/mnt2',
        fsType: 'ext3',
        source: '/dev/root',
        options: ['rw', 'noatime'],
        superOptions: ['rw', 'errors=continue'],
      },
      {
        device: '0:52',
        mountPoint: '/var/lib/kubelet/pods/a/mount',
        fsType: 'tmpfs',
        source: 'tmpfs',
        options: ['rw', 'nosuid'],
        superOptions: ['rw', 'size=1024k'],
      },
    ]);
  });

  it.each([
    ['a space', String.raw`/a\040b`, '/a b'],
    ['a backslash', String.raw`/a\134b`, String.raw`/a\b`],
    ['letters beyond ASCII', '/ä', '/ä'],
  ])('unescapes %s', (_what, written, path) => {
    expect(parseMountinfo(`1 2 0:1 / ${written} rw - tmpfs tmpfs rw`)[0]?.mountPoint).toBe(path);
  });

  it('leaves out a line that is cut short', () => {
    expect(parseMountinfo('36 35 98:0 / /mnt rw')).toEqual([]);
  });
});
