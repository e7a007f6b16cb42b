const SEGMENT_BYTES = 56;
const SECTION_BYTES = 64;

/** An ELF file (elf(5)): header, segment table, the segment's bytes, others, the table of sections, and what is appended. */
export function elfFile({ loaded = 'program', behind = 'symbols', sections = 2, appended = '' }): Buffer {
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
