import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { collectFiles, SBOM_PATH } from '../../tools/image/file-tree.ts';
import { writeTree } from '../../tools/image/write-tree.ts';

const root = dirname(dirname(import.meta.dirname));
const created = new Date('2026-01-02T03:04:05Z');
const provenance = { version: '1.2.3', description: 'a description', license: 'MIT', revision: undefined, created };
const files = collectFiles(root, provenance);
const paths = files.map(({ path }) => path);
const textOf = (wanted: string) => Buffer.from(files.find(({ path }) => path === wanted)?.content ?? '').toString();

interface Bill {
  readonly components: readonly { readonly name: string; readonly version: string; readonly purl: string }[];
}

describe('the files of the image', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-image-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('are no more than one program, what it loads, and what tells of it', () => {
    const places = /^(usr\/local\/bin\/node$|app\/|lib|usr\/lib|etc\/|usr\/share\/|var\/|(dev|proc|sys|run|tmp)\/$)/;
    expect(paths.filter((path) => !places.test(path))).toEqual([]);
    const programs = files.filter(({ path, mode }) => (mode & 0o111) !== 0 && !/\.so(\.|$)|\/$/.test(path));
    expect(programs.map(({ path }) => path)).toEqual(['usr/local/bin/node', 'app/bin/keyferry']);
  });

  it('weigh at most 20 MB beside Node', () => {
    const besideNode = files.filter(({ path }) => path !== 'usr/local/bin/node');
    expect(besideNode.reduce((sum, { content }) => sum + content.length, 0)).toBeLessThan(20e6);
  });

  it('start the process where they are put', () => {
    writeTree(folder, files, created);
    const shown = spawnSync(join(folder, 'usr/local/bin/node'), [join(folder, 'app/bin/keyferry'), 'node', '--help'], {
      cwd: folder,
      encoding: 'utf8',
      env: {},
    });
    expect(shown.stderr).toBe('');
    expect(shown.stdout).toMatch(/--endpoint/);
    expect(shown.status).toBe(0);
  });

  it('have the modes of the table, and one time', () => {
    expect(statSync(join(folder, 'tmp')).mode & 0o7777).toBe(0o1777);
    expect(statSync(join(folder, 'app/bin/keyferry')).mode & 0o7777).toBe(0o755);
    expect(statSync(join(folder, 'app')).mtime).toEqual(created);
  });

  it('are told of: each package that is bundled, with its licence', () => {
    const bill = JSON.parse(textOf(SBOM_PATH)) as Bill;
    const names = bill.components.map(({ name }) => name);
    const bundled = JSON.parse(readFileSync(join(root, 'dist/packages.json'), 'utf8')) as readonly string[];
    expect(bundled.length).toBeGreaterThan(10);
    for (const path of bundled) {
      const { name, version } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as Record<
        string,
        string
      >;
      expect(names).toContain(name);
      expect(textOf('usr/share/doc/keyferry/THIRD-PARTY-NOTICES')).toContain(`${name} ${version} (`);
    }
    expect(names).toContain('node');
    expect(names).toContain('koffi');
  });

  it.runIf(existsSync('/var/lib/dpkg/status'))('are told of: the packages of Debian whose libraries are there', () => {
    const { components } = JSON.parse(textOf(SBOM_PATH)) as Bill;
    const { stdout } = spawnSync('dpkg-query', ['--show', '--showformat=${Version}', 'libc6'], { encoding: 'utf8' });
    expect(components.find(({ name }) => name === 'libc6')?.version).toBe(stdout);
    expect(textOf('var/lib/dpkg/status.d/libc6')).toMatch(/^Package: libc6$/m);
    expect(textOf('usr/share/doc/libc6/copyright')).toMatch(/LGPL/);
  });
});
