import { describe, expect, it } from 'vitest';
import { trimElf } from '../../tools/image/elf.ts';
import { elfFile } from './support/elf-file.ts';

describe('trimElf', () => {
  it('keeps what the segments name, and tells of no sections', () => {
    const trimmed = trimElf(elfFile({}));
    expect(trimmed.toString('latin1')).toMatch(/program$/);
    expect(trimmed.readBigUInt64LE(0x28)).toBe(0n);
    expect(trimmed.readUInt16LE(0x3c)).toBe(0);
    expect(trimmed.readUInt16LE(0x3e)).toBe(0);
  });

  it('changes nothing when it is done again', () => {
    const once = trimElf(elfFile({}));
    expect(trimElf(once)).toEqual(once);
  });

  const other32 = elfFile({});
  other32[4] = 1;
  const bigEndian = elfFile({});
  bigEndian[5] = 2;
  const tableOutside = elfFile({});
  tableOutside.writeBigUInt64LE(10_000n, 0x20);
  it.each([
    ['a script', Buffer.from('#!/bin/sh\n')],
    ['an empty file', Buffer.alloc(0)],
    ['a 32-bit program', other32],
    ['a big-endian program', bigEndian],
    ['a program with something appended', elfFile({ appended: 'payload' })],
    ['a program whose segment table is not in it', tableOutside],
  ])('leaves %s as it is', (_, file) => {
    expect(trimElf(file)).toBe(file);
  });
});
