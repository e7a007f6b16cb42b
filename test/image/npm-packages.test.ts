import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseOwner } from '../../tools/image/debian-packages.ts';
import { renderNotices } from '../../tools/image/notices.ts';
import { readNpmPackages, type NpmPackage } from '../../tools/image/npm-packages.ts';

describe('the packages that are bundled', () => {
  let root: string;
  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  const install = (name: string, manifest: object) =>
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', license: 'MIT', ...manifest }));
  const lock = (packages: object) => write('package-lock.json', JSON.stringify({ packages }));
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'keyferry-packages-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it('are told with their licence, its text, and the digest of the registry', () => {
    install('one', { license: '(Apache-2.0 OR MIT)' });
    write('node_modules/one/LICENSE.md', 'the text');
    lock({ 'node_modules/one': { version: '1.0.0', integrity: 'sha512-AQI=' } });
    expect(readNpmPackages(root, ['node_modules/one'])).toEqual([
      { name: 'one', version: '1.0.0', license: 'Apache-2.0 OR MIT', sha512: '0102', texts: ['the text'] },
    ]);
  });

  it.each([
    [
      'installed in another version than the lock file has',
      { version: '2.0.0' },
      /one is 2\.0\.0, and package-lock\.json has 1\.0\.0/,
    ],
    ['without a licence', { license: undefined }, /one\/package\.json tells no licence/],
  ])('are refused when %s', (_, manifest, message) => {
    install('one', manifest);
    lock({ 'node_modules/one': { version: '1.0.0' } });
    expect(() => readNpmPackages(root, ['node_modules/one'])).toThrow(message);
  });

  it('have the licence of the package that they are the binaries of', () => {
    install('whole', { optionalDependencies: { '@of/whole-linux': '1.0.0' } });
    write('node_modules/whole/LICENSE', 'of the whole');
    install('@of/whole-linux', {});
    lock({ 'node_modules/whole': { version: '1.0.0' }, 'node_modules/@of/whole-linux': { version: '1.0.0' } });
    const [, binaries] = readNpmPackages(root, ['node_modules/whole', 'node_modules/@of/whole-linux']);
    expect(binaries?.texts).toEqual(['of the whole']);
  });

  it('have the licences that their sources begin with when they ship no file of it', () => {
    install('bare', {});
    write('node_modules/bare/a.js', '"use strict";\n// Copyright 2026 Somebody\n// All that is asked.\ncode();\n');
    write('node_modules/bare/b.js', '// Copyright 2026 Somebody\n// All that is asked.\nmore();\n');
    write('node_modules/bare/c.js', '// Only a remark.\n');
    lock({ 'node_modules/bare': { version: '1.0.0' } });
    expect(readNpmPackages(root, ['node_modules/bare'])[0]?.texts).toEqual([
      'Copyright 2026 Somebody\nAll that is asked.\n',
    ]);
  });
});

describe('the notices', () => {
  const named = (name: string, texts: readonly string[]): NpmPackage => ({
    name,
    version: '1.0.0',
    license: 'MIT',
    sha512: undefined,
    texts,
  });

  it('have a text that packages share once, below their names', () => {
    const notices = renderNotices(
      [named('one', ['shared\r\n']), named('two', ['shared\n']), named('three', ['own'])],
      'of Node',
    );
    expect(notices.split('shared')).toHaveLength(2);
    expect(notices).toContain('one 1.0.0 (MIT)\ntwo 1.0.0 (MIT)\n\nshared');
    expect(notices).toContain('three 1.0.0 (MIT)\n\nown');
    expect(notices).toContain('of Node');
  });

  it('are refused for a package without a text', () => {
    expect(() => renderNotices([named('one', [])], '')).toThrow('one 1.0.0 (MIT) has no text of its licence');
  });
});

describe('the package that owns a library', () => {
  it.each([
    ['libc6:amd64: /lib/x86_64-linux-gnu/libc.so.6\n', 'libc6:amd64'],
    ['libstdc++6: /usr/lib/libstdc++.so.6\n', 'libstdc++6'],
    [
      'diversion by libc6 from: /lib64/ld-linux-x86-64.so.2\ndiversion by libc6 to: /lib64/ld-linux-x86-64.so.2.usr-is-merged\nlibc6:amd64: /usr/lib64/ld-linux-x86-64.so.2\n',
      'libc6:amd64',
    ],
    ['diversion by libc6 from: /lib64/ld-linux-x86-64.so.2\n', undefined],
    ['', undefined],
  ])('is read from what dpkg says: %j', (answer, name) => {
    expect(parseOwner(answer)).toBe(name);
  });
});
