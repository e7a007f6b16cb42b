import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { IMAGE_CONFIG, type Provenance } from '../../tools/image/image-config.ts';
import { file, folder, program, type ImageFile } from '../../tools/image/image-file.ts';
import { renderOciArchive } from '../../tools/image/oci-archive.ts';

const provenance: Provenance = {
  version: '1.2.3',
  description: 'a description',
  license: 'MIT',
  revision: 'abc',
  created: new Date('2026-01-02T03:04:05Z'),
};
const reference = 'registry.test/some/image:1.2.3';
const files: readonly ImageFile[] = [
  program('base', 'usr/bin/program', Buffer.from('\x7fELF')),
  folder('tmp', 0o1777),
  file('app', 'app/deep/er/text', 'words'),
];

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

async function entriesOf(archive: Buffer): Promise<Map<string, { readonly header: Header; readonly content: Buffer }>> {
  const entries = new Map();
  for await (const entry of Readable.from([archive]).pipe(extract())) {
    entries.set(entry.header.name, { header: entry.header, content: await buffer(entry) });
  }
  return entries;
}

/** The image as a container runtime reads it: from the index, by digests that it checks. */
async function openImage(archive: Buffer) {
  const entries = await entriesOf(archive);
  const text = (name: string) => JSON.parse(entries.get(name)?.content.toString() ?? 'null') as unknown;
  const blob = ({ digest, size }: Descriptor): Buffer => {
    const { content } = entries.get(`blobs/${digest.replace(':', '/')}`) ?? { content: Buffer.alloc(0) };
    expect(content).toHaveLength(size);
    expect(digest).toBe(sha256(content));
    return content;
  };
  const index = text('index.json') as { readonly manifests: readonly [Descriptor] };
  const manifest = JSON.parse(blob(index.manifests[0]).toString()) as {
    readonly config: Descriptor;
    readonly layers: readonly Descriptor[];
  };
  const config = JSON.parse(blob(manifest.config).toString()) as {
    readonly architecture: string;
    readonly config: { readonly Labels: Readonly<Record<string, string>> };
    readonly rootfs: { readonly diff_ids: readonly string[] };
  };
  const layers = manifest.layers.map((layer) => gunzipSync(blob(layer)));
  return { layout: text('oci-layout'), named: index.manifests[0], config, layers };
}

function sha256(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

describe('an OCI archive', () => {
  it('is a layout with one image under the names that runtimes look for', async () => {
    const { archive, digest } = await renderOciArchive(files, { ...provenance, reference });
    const { layout, named } = await openImage(archive);
    expect(layout).toEqual({ imageLayoutVersion: '1.0.0' });
    expect(named.digest).toBe(digest);
    // containerd takes the first, others the tag: image-spec, annotations.md.
    expect(named.annotations).toEqual({
      'io.containerd.image.name': reference,
      'org.opencontainers.image.ref.name': '1.2.3',
    });
  });

  it('tells how the process starts, what it was made of, and the digests of its unpacked layers', async () => {
    const { archive } = await renderOciArchive(files, { ...provenance, reference });
    const { config, layers } = await openImage(archive);
    expect(config.config).toMatchObject(IMAGE_CONFIG);
    expect(config.config.Labels).toMatchObject({
      'org.opencontainers.image.version': '1.2.3',
      'org.opencontainers.image.revision': 'abc',
      'org.opencontainers.image.created': '2026-01-02T03:04:05.000Z',
    });
    expect(config.rootfs.diff_ids).toEqual(layers.map(sha256));
  });

  it('has the files with their modes, root their owner, each folder before what is in it', async () => {
    const { archive } = await renderOciArchive(files, { ...provenance, reference });
    const { layers } = await openImage(archive);
    const [base, app] = await Promise.all(layers.map(entriesOf));
    const modes = [...(base ?? []), ...(app ?? [])].map(([name, { header }]) => [name, header.mode, header.uid]);
    expect(modes).toEqual([
      ['tmp/', 0o1777, 0],
      ['usr/', 0o755, 0],
      ['usr/bin/', 0o755, 0],
      ['usr/bin/program', 0o755, 0],
      ['app/', 0o755, 0],
      ['app/deep/', 0o755, 0],
      ['app/deep/er/', 0o755, 0],
      ['app/deep/er/text', 0o644, 0],
    ]);
    expect(app?.get('app/deep/er/text')?.content.toString()).toBe('words');
  });

  it('is the same whenever it is made, and in whatever order the files come', async () => {
    const once = await renderOciArchive(files, { ...provenance, reference });
    const again = await renderOciArchive([...files].reverse(), { ...provenance, reference });
    expect(again.archive.equals(once.archive)).toBe(true);
  });

  it('is another one when a mode, a text or the time differs', async () => {
    const { digest } = await renderOciArchive(files, { ...provenance, reference });
    const others = await Promise.all([
      renderOciArchive([...files, file('app', 'more', '')], { ...provenance, reference }),
      renderOciArchive([...files.slice(1), file('base', 'usr/bin/program', '\x7fELF')], { ...provenance, reference }),
      renderOciArchive(files, { ...provenance, created: new Date(0), reference }),
    ]);
    expect(new Set([digest, ...others.map((other) => other.digest)]).size).toBe(4);
  });
});
