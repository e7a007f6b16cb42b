import { describe, expect, it } from 'vitest';
import { trimElf } from '../../tools/image/elf.ts';

const SEGMENT_BYTES = 56;
const SECTION_BYTES = 64;

/** An ELF file (elf(5)): header, segment table, the segments' bytes, others, the table of sections. */
function elf({ loaded = 'program', behind = 'symbols', sections = 2, appended = '' }): Buffer {
  const start = 64 + SEGMENT_BYTES;
  const sectionsAt = start + loaded.length + behind.length;
  const file = Buffer.alloc(sectionsAt + sections * SECTION_BYTES + appended.length);
  file.write('\x7fELF\x02\x01\x01', 'latin1');
  file.writeBigUInt64LE(64n, 0x20);
  file.writeBigUInt64LE(BigInt(sectionsAt), 0x28);
  file.writeUInt16LE(SEGMENT_BYTES, 0x36);
  file.writeUInt16LE(1, 0x38);
  file.writeUInt16LE(SECTION_BYTES, 0x3a);
  file.writeUInt16LE(sections, 0x3c);
  file.writeUInt16LE(1, 0x3e);
  file.writeBigUInt64LE(BigInt(start), 64 + 0x08);
  file.writeBigUInt64LE(BigInt(loaded.length), 64 + 0x20);
  file.write(loaded + behind, start);
  file.write(appended, file.length - appended.length);
  return file;
}

describe('trimElf', () => {
  it('keeps what the segments name, and tells of no sections', () => {
    const trimmed = trimElf(elf({}));
    expect(trimmed.toString('latin1')).toMatch(/program$/);
    expect(trimmed.readBigUInt64LE(0x28)).toBe(0n);
    expect(trimmed.readUInt16LE(0x3c)).toBe(0);
    expect(trimmed.readUInt16LE(0x3e)).toBe(0);
  });

  it('changes nothing when it is done again', () => {
    const once = trimElf(elf({}));
    expect(trimElf(once)).toEqual(once);
  });

  const other32 = elf({});
  other32[4] = 1;
  const bigEndian = elf({});
  bigEndian[5] = 2;
  const tableOutside = elf({});
  tableOutside.writeBigUInt64LE(10_000n, 0x20);
  it.each([
    ['a script', Buffer.from('#!/bin/sh\n')],
    ['an empty file', Buffer.alloc(0)],
    ['a 32-bit program', other32],
    ['a big-endian program', bigEndian],
    ['a program with something appended', elf({ appended: 'payload' })],
    ['a program whose segment table is not in it', tableOutside],
  ])('leaves %s as it is', (_, file) => {
    expect(trimElf(file)).toBe(file);
  });
});
