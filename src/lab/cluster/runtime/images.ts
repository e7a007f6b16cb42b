import type { ImageFacts } from './runtime.ts';

const SHELL: ImageFacts = { entrypoint: [], cmd: ['sh'], workingDir: '/' };
const BASH: ImageFacts = { entrypoint: [], cmd: ['bash'], workingDir: '/' };

/** A process that stays until it is told to end and says once whom it stands for. */
function standIn(image: string): ImageFacts {
  const text = `This process stands for ${image}: images are not pulled here, and nothing is served.`;
  return {
    entrypoint: [],
    cmd: ['sh', '-c', `echo '${text}'; trap 'exit 0' TERM INT QUIT; while :; do sleep 3600 & wait $!; done`],
    workingDir: '/',
  };
}

/** Commands of images that manifests name without giving a command, by repository without `docker.io/library/`. */
const IMAGES: ReadonlyMap<string, ImageFacts> = new Map([
  ['alpine', SHELL],
  ['busybox', SHELL],
  ['debian', BASH],
  ['ubuntu', BASH],
  ['fedora', BASH],
  ['nginx', standIn('nginx')],
  ['httpd', standIn('httpd')],
  ['redis', standIn('redis')],
  ['pause', standIn('pause')],
]);

/** The repository of an image reference without registry defaults, tag and digest: `docker.io/library/nginx:1` is `nginx`. */
export function imageRepository(reference: string): string {
  const named = reference.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
  return named.replace(/^(?:index\.)?docker\.io\//, '').replace(/^library\//, '');
}

/** The last part of an image's repository: `ghcr.io/org/app:1` is `app`. */
export function imageName(reference: string): string {
  return imageRepository(reference).replace(/^.*\//, '');
}

/** What is known of an image by its name alone; undefined when nothing is. */
export function knownImage(reference: string): ImageFacts | undefined {
  const repository = imageRepository(reference);
  return IMAGES.get(repository) ?? IMAGES.get(imageName(reference));
}
