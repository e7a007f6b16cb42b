/**
 * A file or folder of the image. The layer `base` holds what changes with Node and the operating system, `app` what changes with
 * each version of Keyferry, so that a node that has one version pulls little for the next.
 */
export interface ImageFile {
  /** From the root, without a leading slash; a folder ends with a slash. */
  readonly path: string;
  readonly mode: number;
  readonly layer: 'base' | 'app';
  readonly content: Uint8Array;
}

const NOTHING = new Uint8Array();

/** A file that all may read. */
export function file(layer: ImageFile['layer'], path: string, content: string | Uint8Array): ImageFile {
  return { path, mode: 0o644, layer, content: typeof content === 'string' ? Buffer.from(content) : content };
}

/** A file that all may read and run. */
export function program(layer: ImageFile['layer'], path: string, content: Uint8Array): ImageFile {
  return { path, mode: 0o755, layer, content };
}

/** A folder; those above a file need not be named, and are 0755. */
export function folder(path: string, mode = 0o755): ImageFile {
  return { path: `${path}/`, mode, layer: 'base', content: NOTHING };
}
