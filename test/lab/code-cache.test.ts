import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { packageRoot } from '#lab/session';

const folder = mkdtempSync(join(tmpdir(), 'keyferry-code-cache-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a process of its own says of the bundle: as `bin/keyferry` loads it, nothing else set. */
function load(file: string): { readonly rejected?: boolean; readonly main: string } {
  const script = `
    import { loadDaemon } from ${JSON.stringify(join(packageRoot(), 'bin/load-daemon.mjs'))};
    const { exports, script } = loadDaemon(${JSON.stringify(file)});
    console.log(JSON.stringify({ rejected: script.cachedDataRejected, main: typeof exports.main }));`;
  const env = { PATH: process.env['PATH'] };
  const args = ['--input-type=module', '--eval', script];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', env })) as ReturnType<typeof load>;
}

describe.each(['node', 'provider'])('the bundle of keyferry %s', (name) => {
  const built = join(packageRoot(), 'dist', `${name}.cjs`);
  const copy = join(folder, `${name}.cjs`);

  it('has a code cache that V8 takes', () => {
    expect(load(built)).toEqual({ rejected: false, main: 'function' });
  });

  it('has no import(), which a script from a cache cannot do', () => {
    expect(readFileSync(built, 'utf8')).not.toMatch(/\bimport\(/);
  });

  it("holds none of zod's languages, as it would after an import { z }: they are megabytes of the process", () => {
    expect(readFileSync(built, 'utf8')).not.toContain('Ongeldige invoer');
    expect(readFileSync(join(packageRoot(), 'node_modules/zod/v4/locales/nl.js'), 'utf8')).toContain(
      'Ongeldige invoer',
    );
  });

  it('loads without one', () => {
    copyFileSync(built, copy);
    expect(load(copy)).toEqual({ main: 'function' });
  });

  it('loads with one that V8 refuses', () => {
    copyFileSync(built, copy);
    writeFileSync(`${copy}.cache`, 'no code cache at all, as of another version of Node');
    expect(load(copy)).toEqual({ rejected: true, main: 'function' });
  });
});
