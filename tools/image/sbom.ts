import type { SystemPackage } from './debian-packages.ts';
import type { NpmPackage } from './npm-packages.ts';

/** What the bill of materials tells of. */
export interface Materials {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly created: Date;
  /** `process.versions`: Node, and the libraries that are built into it. */
  readonly node: Readonly<Record<string, string | undefined>>;
  readonly npm: readonly NpmPackage[];
  readonly system: readonly SystemPackage[];
  /** `ID` and `VERSION_ID` of os-release. */
  readonly distribution: { readonly id: string; readonly version: string };
}

interface Component {
  readonly type: 'application' | 'library' | 'container';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly [field: string]: unknown;
}

/** Not of a library: interfaces and tables that `process.versions` counts as well. */
const NOT_LIBRARIES = new Set(['node', 'modules', 'napi', 'cldr', 'tz', 'unicode']);

/**
 * A bill of materials in CycloneDX 1.6 (ECMA-424): the packages that are bundled or loaded, Node with what is built into it, and
 * the operating system's packages whose libraries are in the image. Without a serial number, so that equal images have equal bills.
 */
export function renderSbom({ name, version, license, created, node, npm, system, distribution }: Materials): string {
  const components = [
    nodeComponent(node),
    ...npm.map(npmComponent),
    ...system.map((each) => systemComponent(each, distribution)),
  ];
  const image: Component = { type: 'container', 'bom-ref': name, name, version, licenses: [{ expression: license }] };
  const bill = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { timestamp: created.toISOString(), component: image },
    components,
    dependencies: [{ ref: name, dependsOn: components.map((component) => component['bom-ref']) }],
  };
  return `${JSON.stringify(bill, undefined, 2)}\n`;
}

function nodeComponent(versions: Materials['node']): Component {
  const version = versions['node'] ?? '';
  const builtIn = Object.entries(versions).filter(([library]) => !NOT_LIBRARIES.has(library));
  return {
    type: 'application',
    'bom-ref': `pkg:generic/node@${version}`,
    name: 'node',
    version,
    purl: `pkg:generic/node@${version}`,
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    licenses: [{ expression: 'MIT' }],
    components: builtIn.map(([library, itsVersion = '']) => ({
      type: 'library',
      'bom-ref': `node/${library}`,
      name: library,
      version: itsVersion,
      purl: `pkg:generic/${library}@${encodeURIComponent(itsVersion)}`,
    })),
  };
}

function npmComponent({ name, version, license, sha512 }: NpmPackage): Component {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    licenses: [{ expression: license }],
    ...(sha512 === undefined ? {} : { hashes: [{ alg: 'SHA-512', content: sha512 }] }),
  };
}

function systemComponent(
  { name, version, architecture, source }: SystemPackage,
  { id, version: release }: Materials['distribution'],
): Component {
  const qualifiers = new URLSearchParams({ arch: architecture, distro: `${id}-${release}`, upstream: source });
  const purl = `pkg:deb/${id}/${name}@${encodeURIComponent(version)}?${qualifiers.toString()}`;
  return { type: 'library', 'bom-ref': purl, name, version, purl };
}
