import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KeyferryError } from '#base';
import { CLOCK_FILE_VARIABLE } from '#lab/clock';
import type { ImageFile, LocalImage } from '#lab/cluster';
import { packageRoot } from './package-root.ts';
import type { Timekeeper } from './timekeeper.ts';

/** The last part of the image's repository, `ghcr.io/keyferry/keyferry`, by which a lab knows it in any registry. */
export const KEYFERRY_IMAGE = 'keyferry';

const NODE = '/usr/local/bin/node';
const APP = '/app';
const CLOCK_FILE = '/run/keyferry/clock';

/** What the image is made of on this machine. */
export interface KeyferryImageOptions {
  /** Keeps its containers in the lab's time. */
  readonly timeFor: Timekeeper['timeFor'];
  /** A folder of its own for their clock files. */
  readonly clockFolder: string;
}

/**
 * Keyferry's image in a lab: the tree that the real one has, made of the package that runs the lab and its own Node. Throws
 * `failed-precondition` at the start of a container where the package is not built.
 */
export async function keyferryImage({ timeFor, clockFolder }: KeyferryImageOptions): Promise<LocalImage> {
  // What a lab that was killed has left.
  await rm(clockFolder, { recursive: true, force: true });
  await mkdir(clockFolder, { recursive: true, mode: 0o700 });
  return {
    name: KEYFERRY_IMAGE,
    entrypoint: [NODE, `${APP}/bin/keyferry`],
    files: imageFiles,
    enter: ({ id, env }) => {
      const path = join(clockFolder, id);
      const time = timeFor(path, { path: CLOCK_FILE, preload: `${APP}/dist/lab-clock.js` });
      time.begin();
      const own = env.findLast(({ name }) => name === 'NODE_OPTIONS')?.value ?? '';
      return {
        env: [
          { name: 'NODE_OPTIONS', value: `${own} ${time.env['NODE_OPTIONS'] ?? ''}`.trim() },
          { name: CLOCK_FILE_VARIABLE, value: time.env[CLOCK_FILE_VARIABLE] ?? '' },
        ],
        mounts: [{ hostPath: path, containerPath: CLOCK_FILE, readOnly: false }],
        [Symbol.dispose]: () => {
          time[Symbol.dispose]();
          void rm(path, { force: true });
        },
      };
    },
  };
}

async function imageFiles(): Promise<ImageFile[]> {
  const root = packageRoot();
  const parts = ['bin', 'dist', 'package.json'].map((name) => ({
    path: join(APP, name),
    hostPath: join(root, name),
  }));
  const missing = parts.find(({ hostPath }) => !existsSync(hostPath));
  if (missing !== undefined) throw new KeyferryError('failed-precondition', `${missing.hostPath} is not there`);
  const modules = installedModules(root);
  const native =
    modules === undefined ? [] : (await namesIn(join(modules, '@koromix'))).map((name) => `@koromix/${name}`);
  return [
    { path: NODE, hostPath: process.execPath },
    ...parts,
    ...(modules === undefined ? [] : ['koffi', ...native]).map((name) => ({
      path: join(APP, 'node_modules', name),
      hostPath: join(modules ?? '', name),
    })),
  ];
}

/** The folder of modules in which koffi is installed: the package's own, or that of the project that depends on it. */
function installedModules(root: string): string | undefined {
  for (let folder = root; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules', 'koffi'))) return join(folder, 'node_modules');
  }
  return undefined;
}

function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
