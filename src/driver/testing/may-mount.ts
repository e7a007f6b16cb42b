import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether this process may mount: root is not always enough (containers). */
export function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-try-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(folder);
  }
}

/** Whether this process may give files to any group: in a user namespace only the groups that are mapped into it exist. */
export function mayGiveToGroup(groupId: number): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-try-'));
  try {
    chownSync(folder, process.getuid?.() ?? 0, groupId);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(folder);
  }
}
