import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { extract, type Headers } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { IMAGE_CONFIG, type Provenance } from './image-config.ts';
import { file, folder, program, type ImageFile } from './image-file.ts';
import { renderOciArchive } from './oci-archive.ts';

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

interface Entry {
  readonly headers: Headers;
  readonly content: Buffer;
}

async function entriesOf(archive: Buffer): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  const reader = Readable.from([archive]).pipe(extract());
  for await (const entry of reader) {
    entries.set(entry.header.name, { headers: entry.header, content: Buffer.from(await text(entry), 'latin1') });
  }
  return entries;
}
