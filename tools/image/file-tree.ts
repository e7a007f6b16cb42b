import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { owningPackages, packageFiles } from './debian-packages.ts';
import { trimElf } from './elf.ts';
import { distribution, etcFiles } from './etc-files.ts';
import type { Provenance } from './image-config.ts';
import { file, program, type ImageFile } from './image-file.ts';
import { licenceOfNode } from './licence-of-node.ts';
import { renderNotices } from './notices.ts';
import { readNpmPackages } from './npm-packages.ts';
import { findRuntimeFiles } from './runtime-files.ts';
import { renderSbom } from './sbom.ts';

/** Where the image tells what is in it. */
export const SBOM_PATH = 'usr/share/sbom/keyferry.cdx.json';

/**
 * All files of the image, from the built package below `root` and the Node that runs this: what the two processes of a node load,
 * and nothing to log in with. The one table of what is in the image; the Dockerfile runs this too.
 */
export function collectFiles(root: string, provenance: Provenance): readonly ImageFile[] {
  const { libraries, modules } = findRuntimeFiles(root);
  const system = owningPackages(libraries);
  const read = (path: string) => readFileSync(join(root, path));
  const loaded = [...new Set(modules.flatMap((path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []))];
  const bundled = JSON.parse(read('dist/packages.json').toString()) as readonly string[];
  const npm = readNpmPackages(root, [...bundled, ...loaded].sort());
  const { version, license, created } = provenance;
  const materials = { name: 'keyferry', version, license, created, node: process.versions, npm, system };
  return [
    program('base', 'usr/local/bin/node', trimElf(readFileSync(process.execPath))),
    ...libraries.map((path) => program('base', path.slice(1), readFileSync(path))),
    ...packageFiles(system),
    ...etcFiles(),
    program('app', 'app/bin/keyferry', read('bin/keyferry')),
    file('app', 'app/bin/load-daemon.mjs', read('bin/load-daemon.mjs')),
    ...['node', 'provider'].flatMap((name) =>
      ['cjs', 'cjs.cache'].map((ending) => file('app', `app/dist/${name}.${ending}`, read(`dist/${name}.${ending}`))),
    ),
    file('app', 'app/package.json', `${JSON.stringify(manifest(provenance), undefined, 2)}\n`),
    ...[...modules, ...loaded.map((path) => `${path}/package.json`)].map((path) =>
      file('app', `app/${path}`, read(path)),
    ),
    file('app', 'usr/share/doc/keyferry/LICENSE', read('LICENSE')),
    file('app', 'usr/share/doc/keyferry/THIRD-PARTY-NOTICES', renderNotices(npm, licenceOfNode())),
    file('app', SBOM_PATH, renderSbom({ ...materials, distribution: distribution() })),
  ];
}

/** Of the package's manifest what Node and people look for. */
function manifest({ version, description, license }: Provenance): object {
  return { name: 'keyferry', version, description, license, type: 'module' };
}
