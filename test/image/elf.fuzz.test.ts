// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { describe, expect } from 'vitest';
import { fuzz } from '../../src/base/testing/fuzz.ts';
import { mutatedBytes } from '../../src/base/testing/hostile.ts';
import { trimElf } from '../../tools/image/elf.ts';
import { elfFile } from './support/elf-file.ts';

describe('trimElf', () => {
  const program = elfFile({});
  const tableInHeader = Buffer.from(program);
  tableInHeader.writeBigUInt64LE(0n, 0x20);

  fuzz(
    'takes any file: what it answers is its beginning, but for the header',
    mutatedBytes([program, elfFile({ appended: 'more' }), elfFile({ sections: 0 })]),
    { inputs: 2000, seed: 7, examples: [tableInHeader] },
    (file) => {
      const trimmed = trimElf(file);
      expect(trimmed.length).toBeLessThanOrEqual(file.length);
      expect(trimmed.subarray(64).equals(file.subarray(64, trimmed.length))).toBe(true);
    },
  );
});
