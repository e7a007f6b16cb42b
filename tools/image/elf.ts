const MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const HEADER_BYTES = 64;
/** Where the fields of the header and of an entry of the segment table lie, elf(5). */
const HEADER = {
  segmentsAt: 0x20,
  sectionsAt: 0x28,
  segmentBytes: 0x36,
  segments: 0x38,
  sectionBytes: 0x3a,
  sections: 0x3c,
  names: 0x3e,
};
const SEGMENT = { offset: 0x08, bytesInFile: 0x20, bytes: 0x38 };

/**
 * A program or library without what no segment covers: symbol tables, debugging information and the table of sections. Neither
 * the kernel nor the dynamic linker reads those, and the trace of a crash keeps the names of exported functions, which are in a
 * segment. It is what `strip` does, without binutils and with the same bytes everywhere.
 *
 * Answers the file as it is when it is not a 64-bit little-endian ELF file, or does not end with its table of sections: then
 * something was appended that somebody may look for.
 */
export function trimElf(file: Buffer): Buffer {
  if (!isElf64(file)) return file;
  const sectionsEnd =
    offset(file, HEADER.sectionsAt) + file.readUInt16LE(HEADER.sections) * file.readUInt16LE(HEADER.sectionBytes);
  const end = endOfSegments(file);
  if (end === undefined || sectionsEnd !== file.length || end >= file.length) return file;
  const trimmed = Buffer.from(file.subarray(0, end));
  trimmed.writeBigUInt64LE(0n, HEADER.sectionsAt);
  trimmed.writeUInt16LE(0, HEADER.sections);
  trimmed.writeUInt16LE(0, HEADER.names);
  return trimmed;
}

function isElf64(file: Buffer): boolean {
  return (
    file.length >= HEADER_BYTES &&
    file.subarray(0, 4).equals(MAGIC) &&
    file[4] === CLASS_64 &&
    file[5] === LITTLE_ENDIAN
  );
}

/** Where the last segment ends in the file, undefined when the table of segments is not what it should be. */
function endOfSegments(file: Buffer): number | undefined {
  const table = offset(file, HEADER.segmentsAt);
  const count = file.readUInt16LE(HEADER.segments);
  const tableEnd = table + count * SEGMENT.bytes;
  if (count === 0 || file.readUInt16LE(HEADER.segmentBytes) !== SEGMENT.bytes || tableEnd > file.length)
    return undefined;
  let end = Math.max(tableEnd, HEADER_BYTES);
  for (let at = table; at < tableEnd; at += SEGMENT.bytes) {
    end = Math.max(end, offset(file, at + SEGMENT.offset) + offset(file, at + SEGMENT.bytesInFile));
  }
  return end;
}

function offset(file: Buffer, at: number): number {
  return Number(file.readBigUInt64LE(at));
}
