import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findPrivateFiles } from './private-files.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-etc-'));
  for (const [path, mode] of [
    ['open', 0o755],
    ['open/deep', 0o755],
    ['locked', 0o750],
    ['listed-only', 0o754],
  ] as const) {
    mkdirSync(join(folder, path));
    chmodSync(join(folder, path), mode);
  }
  for (const [path, mode] of [
    ['passwd', 0o644],
    ['shadow', 0o640],
    ['open/key', 0o600],
    ['open/deep/key', 0o600],
    ['locked/open-inside', 0o644],
  ] as const) {
    writeFileSync(join(folder, path), '');
    chmodSync(join(folder, path), mode);
  }
  symlinkSync('shadow', join(folder, 'link'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  [8, ['listed-only/', 'locked/', 'open/deep/key', 'open/key', 'shadow']],
  [2, ['listed-only/', 'locked/', 'open/key', 'shadow']],
])('private files are those that not everybody may read, %d folders deep', (depth, expected) => {
  const found = findPrivateFiles(folder, depth).map(
    ({ path, isFolder }) => `${path.slice(folder.length + 1)}${isFolder ? '/' : ''}`,
  );
  expect(found.toSorted()).toEqual(expected);
});

it('there are none in a folder that is not there', () => {
  expect(findPrivateFiles(join(folder, 'absent'), 8)).toEqual([]);
});
