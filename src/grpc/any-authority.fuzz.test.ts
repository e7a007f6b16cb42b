// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { array, integer, uint8Array } from 'fast-check';
import { describe, expect } from 'vitest';
import { fuzz } from '../base/testing/fuzz.ts';
import { END_HEADERS, frame, PREFACE, rewrite } from './testing/http2-frames.ts';

describe('bytes of a client', () => {
  fuzz(
    'pass as they are, however they are cut',
    array(uint8Array({ maxLength: 60 }), { minLength: 1, maxLength: 6 }),
    { inputs: 100, seed: 771 },
    async (payloads) => {
      const sent = Buffer.concat([PREFACE, ...payloads.map((payload) => frame(0, 0, [...payload]))]);
      const cuts = Array.from({ length: sent.length }, (_, at) => sent.subarray(at, at + 1));
      expect(rewrite(...cuts)).toEqual(sent);
    },
  );

  fuzz(
    'of any header block end in a frame of the length that it says',
    uint8Array({ maxLength: 80 }),
    { inputs: 300, seed: 772 },
    async (block) => {
      const got = rewrite(PREFACE, frame(1, END_HEADERS, [...block])).subarray(PREFACE.length);
      expect(got.readUIntBE(0, 3)).toBe(got.length - 9);
    },
  );

  fuzz(
    'of a frame that is not whole are held back',
    integer({ min: 9, max: 30 }),
    { inputs: 20, seed: 773 },
    (size) => {
      const whole = frame(
        0,
        0,
        Array.from({ length: 30 }, () => 7),
      );
      expect(rewrite(PREFACE, whole.subarray(0, size))).toEqual(PREFACE);
    },
  );
});
