import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerMount, ContainerRuntime } from './runtime/index.ts';

/** A file that every container finds at `path`. */
export interface ContainerFile {
  /** Absolute; in a folder that a container's root has fresh, such as /run. */
  readonly path: string;
  readonly content: string | Uint8Array;
}

/** What every container gets in addition to what its pod says. */
export interface ContainerExtras {
  /** Added where the container does not set the name itself. */
  readonly env: Readonly<Record<string, string>>;
  readonly files: readonly ContainerFile[];
  /** A folder of its own for the files. */
  readonly folder: string;
}

/**
 * A runtime whose containers have `extras`. By this a program in a pod reaches the emulated Azure without a word about
 * it in its manifest, as it would reach the real one.
 */
export async function addContainerExtras(
  runtime: ContainerRuntime,
  extras: ContainerExtras,
): Promise<ContainerRuntime> {
  await mkdir(extras.folder, { recursive: true, mode: 0o700 });
  const mounts: ContainerMount[] = [];
  for (const [index, { path, content }] of extras.files.entries()) {
    const hostPath = join(extras.folder, String(index));
    await writeFile(hostPath, content, { mode: 0o644 });
    mounts.push({ hostPath, containerPath: path, readOnly: true });
  }
  const env = Object.entries(extras.env).map(([name, value]) => ({ name, value }));
  return {
    name: runtime.name,
    version: runtime.version,
    canChangeUser: runtime.canChangeUser,
    imageFacts: (image) => runtime.imageFacts(image),
    describeRoot: (image) => runtime.describeRoot(image),
    start: (spec) => {
      const own = new Set(spec.mounts.map(({ containerPath }) => containerPath));
      const added = mounts.filter(({ containerPath }) => !own.has(containerPath));
      // Of entries of one name the later wins, so the container's own come last.
      return runtime.start({ ...spec, env: [...env, ...spec.env], mounts: [...added, ...spec.mounts] });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(runtime[Symbol.asyncDispose]()),
  };
}
