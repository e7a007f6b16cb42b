import { imageName } from './runtime/index.ts';
import type { ContainerMount, ContainerRuntime, ContainerSpec, ImageFacts } from './runtime/index.ts';

/** A folder or file of an image, and where this machine has it. Read-only in containers. */
export interface ImageFile {
  readonly path: string;
  readonly hostPath: string;
}

/** What one container of an image gets beside what its pod says. */
export interface ImageEntry extends Disposable {
  /** Wins over what the pod says. */
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly mounts: readonly ContainerMount[];
}

/** An image that this machine has, as files of its own. */
export interface LocalImage {
  /** The last part of its repository: a copy of it in another registry is known too. */
  readonly name: string;
  readonly entrypoint: readonly string[];
  /** Looked for at each start of a container. Where none are found, the container does not start. */
  files(): Promise<readonly ImageFile[]>;
  /** Called before each start of a container; the answer is disposed when it has ended. */
  enter?(container: Pick<ContainerSpec, 'id' | 'env'>): ImageEntry;
}

/** A runtime that has these images: their containers find the images' files in their root. */
export function addLocalImages(runtime: ContainerRuntime, images: readonly LocalImage[]): ContainerRuntime {
  const find = (reference: string) => images.find(({ name }) => name === imageName(reference));
  return {
    name: runtime.name,
    version: runtime.version,
    canChangeUser: runtime.canChangeUser,
    imageFacts: (reference) => {
      const image = find(reference);
      if (image === undefined) return runtime.imageFacts(reference);
      return { entrypoint: image.entrypoint, cmd: [], workingDir: '/' } satisfies ImageFacts;
    },
    describeRoot: (reference) => {
      const text = runtime.describeRoot(reference);
      return find(reference) === undefined ? text : `${text} Its files are those of the Keyferry that runs the lab.`;
    },
    start: async (spec) => {
      const image = find(spec.image);
      if (image === undefined) return runtime.start(spec);
      const files = await image.files();
      const own = new Set(spec.mounts.map(({ containerPath }) => containerPath));
      const tree = files
        .filter(({ path }) => !own.has(path))
        .map(({ path, hostPath }) => ({ containerPath: path, hostPath, readOnly: true }));
      const entry = image.enter?.(spec);
      try {
        const handle = await runtime.start({
          ...spec,
          env: [...spec.env, ...(entry?.env ?? [])],
          mounts: [...tree, ...(entry?.mounts ?? []), ...spec.mounts],
        });
        void handle.exit.then(() => entry?.[Symbol.dispose]());
        return handle;
      } catch (error) {
        entry?.[Symbol.dispose]();
        throw error;
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(runtime[Symbol.asyncDispose]()),
  };
}
