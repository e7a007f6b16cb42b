import { describe, expect, it } from 'vitest';
import { silentLog, systemClock } from '#base';
import { createMounter } from './mounter.ts';
import { parseMountinfo } from './mountinfo.ts';
import { createFakeMounter } from './testing/fake-mounter.ts';
import { mayMount } from './testing/may-mount.ts';
import { describeMounter } from './testing/mounter-contract.ts';

describeMounter('fake', createFakeMounter);
// Where this process may not mount, the suite of the real mounter says that it is skipped.
describe.runIf(mayMount())('with the kernel behind it', () => {
  describeMounter('real', () => createMounter({ clock: systemClock, log: silentLog }), { real: true });
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
