import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { file, type ImageFile } from './image-file.ts';

/** A package of the operating system, of which the image has libraries. */
export interface SystemPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly source: string;
  /** As dpkg's database has it: scanners of images read it. */
  readonly status: string;
}

/**
 * The packages that own the files, in the order of their names; none where the system has no dpkg. Throws for a file that no
 * package owns.
 */
export function owningPackages(paths: readonly string[]): readonly SystemPackage[] {
  if (spawnSync('dpkg-query', ['--version']).error !== undefined) return [];
  const owners = new Set(paths.map(owner));
  return [...owners].sort().map((qualified) => {
    const format = '--showformat=${Package}\n${Version}\n${Architecture}\n${source:Package}';
    const [name = '', version = '', architecture = '', source = ''] = dpkgQuery(['--show', format, qualified]).split(
      '\n',
    );
    return { name, version, architecture, source, status: dpkgQuery(['--status', qualified]) };
  });
}

/** A package's licence, the common licences that it names, and its entry in dpkg's database, as Google's distroless images have them. */
export function packageFiles(packages: readonly SystemPackage[]): readonly ImageFile[] {
  const copyrights = packages.map(({ name }) => readFileSync(`/usr/share/doc/${name}/copyright`, 'utf8'));
  const common = new Set(copyrights.flatMap((text) => text.match(/\/usr\/share\/common-licenses\/[\w.-]*\w/g) ?? []));
  return [
    ...packages.map(({ name, status }) => file('base', `var/lib/dpkg/status.d/${name}`, status)),
    ...packages.map(({ name }, index) => file('base', `usr/share/doc/${name}/copyright`, copyrights[index] ?? '')),
    ...[...common].filter((path) => existsSync(path)).map((path) => file('base', path.slice(1), readFileSync(path))),
  ];
}

/** `/lib` is a link to `/usr/lib` on today's systems, and packages may name either. */
function owner(path: string): string {
  for (const spelling of [path, `/usr${path}`]) {
    const name = parseOwner(spawnSync('dpkg-query', ['--search', spelling], { encoding: 'utf8' }).stdout);
    if (name !== undefined) return name;
  }
  throw new Error(`no package of this system owns ${path}: its version and licence are not known`);
}

/**
 * The package in an answer of `dpkg-query --search`, with its architecture: `libc6:amd64: /lib/…`. Debian 13 tells of diversions
 * beside it: `diversion by libc6 from: /lib64/…`.
 */
export function parseOwner(answer: string): string | undefined {
  return /^([a-z\d][a-z\d.+-]*(?::[a-z\d]+)?): \//m.exec(answer)?.[1];
}

function dpkgQuery(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('dpkg-query', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`dpkg-query ${args[0] ?? ''} failed: ${stderr}`);
  return stdout;
}
