import { expect, it } from 'vitest';
import { describeInNamespaces } from '../support/describe-in-namespaces.ts';
import type { FullDiskReport } from '../support/full-disk.ts';

describeInNamespaces(
  'a lab whose disk is full',
  'root',
  new URL('../support/full-disk.ts', import.meta.url),
  (child) => {
    it('refuses writes and says why, answers reads, and goes on when there is room, with everything that it had', async () => {
      const { refused, read, groups, later, restarted } = await child.call<FullDiskReport>('fillAndFree');
      for (const error of refused) {
        expect(error).toMatch(/the lab's state cannot be written: ENOSPC: no space left on device/);
        expect(error).toMatch(/Make room on the disk/);
      }
      expect(refused).toHaveLength(3);
      expect(read).toEqual(['before', 'before', 'kube-root-ca.crt']);
      expect(later).toEqual(['later', 'before', 'kube-root-ca.crt', 'later']);
      expect([...restarted].sort()).toEqual(['later', ...groups].sort());
    }, 120_000);
  },
);
