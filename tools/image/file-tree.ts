import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { owningPackages, packageFiles } from './debian-packages.ts';
import { trimElf } from './elf.ts';
import { etcFiles } from './etc-files.ts';
import { file, program, type ImageFile } from './image-file.ts';
import { findRuntimeFiles } from './runtime-files.ts';

/**
 * All files of the image, from the built package below `root` and the Node that runs this: what the two processes of a node load,
 * and nothing to log in with. The one table of what is in the image; the Dockerfile runs this too.
 */
export function collectFiles(root: string): readonly ImageFile[] {
  const { libraries, modules } = findRuntimeFiles(root);
  const packages = owningPackages(libraries);
  const read = (path: string) => readFileSync(join(root, path));
  return [
    program('base', 'usr/local/bin/node', trimElf(readFileSync(process.execPath))),
    ...libraries.map((path) => program('base', path.slice(1), readFileSync(path))),
    ...packageFiles(packages),
    ...etcFiles(),
    program('app', 'app/bin/keyferry', read('bin/keyferry')),
    file('app', 'app/bin/load-daemon.mjs', read('bin/load-daemon.mjs')),
    ...['node', 'provider'].flatMap((name) =>
      ['cjs', 'cjs.cache'].map((ending) => file('app', `app/dist/${name}.${ending}`, read(`dist/${name}.${ending}`))),
    ),
    file('app', 'app/package.json', applicationManifest(root)),
    ...withManifests(root, modules).map((path) => file('app', `app/${path}`, read(path))),
  ];
}

/** Of the package only what Node and people look for. */
function applicationManifest(root: string): string {
  const { name, version, description, license, type } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ) as Record<string, string>;
  return `${JSON.stringify({ name, version, description, license, type }, undefined, 2)}\n`;
}

/** The files with the manifest and the licence of each package that they are of. */
function withManifests(root: string, modules: readonly string[]): readonly string[] {
  const folders = new Set(modules.map((path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? dirname(path)));
  const beside = [...folders].flatMap((path) =>
    readdirSync(join(root, path))
      .filter((name) => name === 'package.json' || /^licen[cs]e/i.test(name))
      .map((name) => join(path, name)),
  );
  return [...modules, ...beside];
}
