import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { foreignContent } from './foreign-content.ts';
import { stateFolder } from './state-folder.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'keyferry-foreign-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), '');
}

describe('a folder for a lab', () => {
  it.each([
    ['that is empty', []],
    ['that is the root of a new disk', ['lost+found/x']],
    ['in which a lab was', ['lab.log', 'journal/1', 'notes.txt']],
    ['in which a lab was, whose log was removed', ['tls/ca.pem', 'bin/keyferry']],
  ])('may be one %s', (_which, paths) => {
    paths.forEach(write);
    expect(foreignContent(stateFolder(root))).toBeUndefined();
  });

  it.each([
    ['a project', ['package.json', 'bin/keyferry'], 'bin'],
    ['a home', ['.bashrc', 'journal/monday.txt'], '.bashrc'],
  ])('is not %s', (_which, paths, named) => {
    paths.forEach(write);
    expect(foreignContent(stateFolder(root))).toBe(named);
  });
});
