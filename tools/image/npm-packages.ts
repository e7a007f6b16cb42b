import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A package of the npm registry whose code is in the image. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly license: string;
  /** SHA-512 of the registry's archive, hexadecimal, as the lock file has it; undefined where it has none. */
  readonly sha512: string | undefined;
  /** The texts of its licence and notice files; where it ships none, the licences that its sources begin with. */
  readonly texts: readonly string[];
}

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly integrity?: string }>>;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const LICENCE_FILE = /^(licen[cs]e|notice|copying)/i;

/**
 * The packages in folders such as `node_modules/zod`, from the package root. Throws for one that is installed in another version
 * than the lock file has, or that tells no licence: the image would say what is not so.
 */
export function readNpmPackages(root: string, folders: readonly string[]): readonly NpmPackage[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as LockFile;
  const manifests = folders.map((folder) => ({ folder, manifest: readManifest(join(root, folder)) }));
  return manifests.map(({ folder, manifest: { name, version, license } }) => {
    const locked = lock.packages[folder];
    if (locked?.version !== version) {
      throw new Error(`${folder} is ${version}, and package-lock.json has ${locked?.version ?? 'none'}: npm run setup`);
    }
    if (typeof license !== 'string') throw new Error(`${folder}/package.json tells no licence`);
    // A package with the binaries of another for one platform has that one's licence.
    const wholes = manifests.filter(({ manifest }) => manifest.optionalDependencies?.[name] === version);
    const texts = [folder, ...wholes.map((whole) => whole.folder)].map((path) => licenceTexts(join(root, path)));
    return {
      name,
      version,
      license: license.replace(/^\((.*)\)$/, '$1'),
      sha512: sha512Of(locked.integrity),
      texts: texts.find((found) => found.length > 0) ?? [],
    };
  });
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

function sha512Of(integrity: string | undefined): string | undefined {
  const digest = /^sha512-(.+)$/.exec(integrity ?? '')?.[1];
  return digest === undefined ? undefined : Buffer.from(digest, 'base64').toString('hex');
}

function licenceTexts(folder: string): readonly string[] {
  const files = readdirSync(folder, { withFileTypes: true }).filter(
    (entry) => entry.isFile() && LICENCE_FILE.test(entry.name),
  );
  if (files.length > 0) return files.map(({ name }) => readFileSync(join(folder, name), 'utf8'));
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => /\.c?js$/.test(path));
  return [...new Set(sources.map((path) => opening(readFileSync(join(folder, path), 'utf8'))))].filter(
    (text) => text !== '',
  );
}

/** The comment lines that a source begins with, when they tell a copyright. */
function opening(source: string): string {
  const comment = /^(?:"use strict";\s*)?((?:\/\/.*\n)+)/.exec(source)?.[1] ?? '';
  return /copyright/i.test(comment) ? comment.replace(/^\/\/ ?/gm, '') : '';
}
