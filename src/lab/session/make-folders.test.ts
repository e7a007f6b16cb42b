import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolders } from './make-folders.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'keyferry-folders-'));
});
afterEach(() => rmSync(root, { recursive: true }));

describe('making a folder', () => {
  it.each([
    ['that is there', ''],
    ['in one that is there', 'a'],
    ['and those above it', 'a/b/c'],
  ])('%s', (_what, path) => {
    makeFolders(join(root, path), 0o700);
    expect(statSync(join(root, path)).mode & 0o777).toBe(0o700);
  });

  it.each([
    ['below a file', 'file/a', 'ENOTDIR'],
    ['where a file is', 'file', 'EEXIST'],
  ])('%s says why it cannot be', (_what, path, code) => {
    writeFileSync(join(root, 'file'), '');
    expect(() => makeFolders(join(root, path), 0o700)).toThrow(code);
  });

  it('below /proc says so instead of trying for ever', () => {
    expect(() => makeFolders('/proc/keyferry/lab', 0o700)).toThrow(/ENOENT|EACCES|EPERM/);
  });
});
