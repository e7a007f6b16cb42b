import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { file, type ImageFile } from './image-file.ts';
import { IMAGE_CONFIG, imageLabels, type Provenance } from './image-config.ts';
import { renderLayer } from './layer.ts';

/** An image as one archive, with its digest and what it weighs. */
export interface OciArchive {
  readonly archive: Buffer;
  /** Of the manifest, `sha256:…`: what a registry and a node call the image. */
  readonly digest: string;
  /** Each layer: as it is pulled, and as it lies on a node. */
  readonly layers: readonly { readonly name: string; readonly compressedBytes: number; readonly bytes: number }[];
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const MEDIA_TYPE = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};
/** Node's names of architectures, in those of the image specification, which are Go's. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * An OCI image layout (image-spec, image-layout.md) in a tar archive, with one image of two layers for the architecture of this
 * process's Node. `reference` is its name with the tag, under which containerd, k3s and kind import it. Equal input makes equal
 * bytes, with the same version of zlib.
 */
export async function renderOciArchive(
  files: readonly ImageFile[],
  { reference, ...provenance }: Provenance & { readonly reference: string },
): Promise<OciArchive> {
  const architecture = ARCHITECTURES[process.arch];
  if (architecture === undefined)
    throw new Error(`no image for ${process.arch}: ${Object.keys(ARCHITECTURES).join(', ')}`);
  const platform = { os: 'linux', architecture };
  const blobs: ImageFile[] = [];
  const add = (mediaType: string, content: Buffer): Descriptor => {
    const digest = sha256(content);
    blobs.push(file('base', `blobs/sha256/${digest}`, content));
    return { mediaType, digest: `sha256:${digest}`, size: content.length };
  };

  const layers = [];
  for (const name of ['base', 'app'] as const) {
    const tar = await renderLayer(
      files.filter(({ layer }) => layer === name),
      provenance.created,
    );
    layers.push({
      name,
      bytes: tar.length,
      diffId: `sha256:${sha256(tar)}`,
      blob: add(MEDIA_TYPE.layer, gzipSync(tar, { level: 9 })),
    });
  }
  const labels = imageLabels(provenance);
  const created = provenance.created.toISOString();
  const config = {
    created,
    ...platform,
    config: { ...IMAGE_CONFIG, Labels: labels },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ name }) => ({ created, created_by: `keyferry image: ${name}` })),
  };
  const manifest = add(
    MEDIA_TYPE.manifest,
    json({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      config: add(MEDIA_TYPE.config, json(config)),
      layers: layers.map(({ blob }) => blob),
      annotations: labels,
    }),
  );
  const named = {
    'io.containerd.image.name': reference,
    'org.opencontainers.image.ref.name': reference.slice(reference.lastIndexOf(':') + 1),
  };
  const index = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.index,
    manifests: [{ ...manifest, platform, annotations: named }],
  };
  const archive = await renderLayer(
    [
      file('base', 'oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' })),
      file('base', 'index.json', json(index)),
      ...blobs,
    ],
    provenance.created,
  );
  return {
    archive,
    digest: manifest.digest,
    layers: layers.map(({ name, bytes, blob }) => ({ name, bytes, compressedBytes: blob.size })),
  };
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
