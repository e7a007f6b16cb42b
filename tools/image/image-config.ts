/** Where the image is published, without its tag. */
export const REPOSITORY = 'ghcr.io/keyferry/keyferry';

/** How the image's process starts; the Dockerfile says the same, which its test holds. */
export const IMAGE_CONFIG = {
  Entrypoint: ['/usr/local/bin/node', '/app/bin/keyferry'],
  // One heap for all threads: glibc gives threads their own, which stay at their largest; 3 MiB with 100 mounts.
  Env: ['PATH=/usr/local/bin', 'MALLOC_ARENA_MAX=1'],
  User: '0:0',
  WorkingDir: '/',
} as const;

/** What an image was made of. */
export interface Provenance {
  readonly version: string;
  readonly description: string;
  readonly license: string;
  /** Of the Git commit, where known. */
  readonly revision: string | undefined;
  readonly created: Date;
}

/** The labels that the OCI image specification names (annotations.md); labels and annotations are the same here. */
export function imageLabels({
  version,
  description,
  license,
  revision,
  created,
}: Provenance): Readonly<Record<string, string>> {
  return {
    'org.opencontainers.image.title': 'keyferry',
    'org.opencontainers.image.description': description,
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.licenses': license,
    'org.opencontainers.image.created': created.toISOString(),
    ...(revision === undefined ? {} : { 'org.opencontainers.image.revision': revision }),
  };
}
