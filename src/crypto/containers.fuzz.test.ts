// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { array, constantFrom, integer, letrec, oneof, uint8Array, type Arbitrary } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectQuick, fuzz, outcomeOf } from '../base/testing/fuzz.ts';
import { mutatedBytes, mutatedText, textOfPieces } from '../base/testing/hostile.ts';
import { BER_TAGS, integerOf, octetsOf, oidOf, readBer, renderDer, type BerValue } from './ber.ts';
import { orderChain } from './certificate-chain.ts';
import { renderPem, splitPem } from './pem.ts';
import { readPkcs12 } from './pkcs12.ts';
import { SMALL_PKCS12_FILES } from './testing/pkcs12-files.ts';

const bytes = (maxLength: number) => uint8Array({ maxLength }).map((each) => Buffer.from(each));
const files = await Promise.all(SMALL_PKCS12_FILES.map((file) => readPkcs12(file, '')));
const certificate = files[0]?.certificates[0] ?? Buffer.alloc(0);
const certPem = renderPem({ label: 'CERTIFICATE', der: certificate });

/** Encodings of any shape. */
const { value: berValue } = letrec<{ value: Buffer }>((tie) => ({
  value: oneof(
    { depthSize: 'small', withCrossShrink: true },
    bytes(6).map((content) => renderDer(BER_TAGS.octets, content)),
    bytes(4).map((content) => renderDer(BER_TAGS.integer, content)),
    bytes(9).map((content) => renderDer(BER_TAGS.oid, content)),
    array(tie('value') as Arbitrary<Buffer>, { maxLength: 4 }).map((parts) => renderDer(BER_TAGS.sequence, ...parts)),
    array(tie('value') as Arbitrary<Buffer>, { maxLength: 3 }).map((parts) => renderDer(0xa0, ...parts)),
    array(tie('value') as Arbitrary<Buffer>, { maxLength: 3 }).map(withoutLength),
  ),
}));

function withoutLength(parts: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.of(BER_TAGS.sequence, 0x80), ...parts, Buffer.alloc(2)]);
}

/** Every value of an encoding lies within the one around it, one behind the other. */
function expectWhole(value: BerValue): void {
  let at = value.raw.byteOffset;
  for (const child of value.children) {
    expect(child.raw.byteOffset).toBeGreaterThan(at - 1);
    at = child.raw.byteOffset + child.raw.length;
    expectWhole(child);
  }
  expect(at).toBeLessThanOrEqual(value.raw.byteOffset + value.raw.length);
}

describe('an encoding in BER', () => {
  fuzz(
    'is read whole, or refused as what somebody sent',
    oneof(berValue, bytes(40), mutatedBytes(SMALL_PKCS12_FILES), mutatedBytes([certificate])),
    { inputs: 700, seed: 651 },
    async (input) => {
      const outcome = await outcomeOf(() => readBer(input), ['world']);
      if (!outcome.ok) return;
      expect(outcome.value.raw).toEqual(input);
      expectWhole(outcome.value);
      for (const read of [octetsOf, oidOf, integerOf]) await outcomeOf(() => read(outcome.value), ['world']);
    },
  );

  fuzz('is read as it was written', berValue, { inputs: 300, seed: 652 }, (input) => {
    expect(readBer(input).raw).toEqual(input);
  });

  it('of a megabyte of the smallest values, or nested as deep, is refused quickly', async () => {
    for (const input of [
      renderDer(BER_TAGS.sequence, Buffer.alloc(1_000_000, Buffer.of(5, 0))),
      Buffer.alloc(1_000_000, Buffer.of(0x30, 0x80)),
      Buffer.alloc(1_000_000, Buffer.of(0x24, 0x80)),
    ]) {
      expect((await expectQuick(() => outcomeOf(() => readBer(input), ['world']))).ok).toBe(false);
    }
  });
});

describe('a PKCS#12 file', () => {
  fuzz(
    'that was changed is read or refused, and what is read is keys and certificates',
    oneof(mutatedBytes(SMALL_PKCS12_FILES), mutatedBytes(SMALL_PKCS12_FILES.slice(2)), berValue),
    { inputs: 500, seed: 653 },
    async (input) => {
      const outcome = await outcomeOf(() => readPkcs12(input, ''), ['world']);
      if (!outcome.ok) {
        expect(outcome.error.message.length).toBeLessThan(200);
        return;
      }
      for (const key of outcome.value.keys) expect(readBer(key.expose()).tag).toBe(BER_TAGS.sequence);
      for (const der of outcome.value.certificates) expect(Buffer.isBuffer(der)).toBe(true);
    },
  );

  it('is what the fuzzed ones were before they were changed', () => {
    for (const { keys, certificates } of files) {
      const [key] = keys.map((der) => createPrivateKey({ key: der.expose(), format: 'der', type: 'pkcs8' }));
      const [leaf] = certificates.map((der) => new X509Certificate(der));
      expect(key !== undefined && leaf?.checkPrivateKey(key)).toBe(true);
    }
  });
});

describe('a PEM text', () => {
  fuzz(
    'gives blocks that are written and read again as they are',
    oneof(
      mutatedText([certPem, `${certPem}text\n${certPem}`]),
      textOfPieces([
        '-----BEGIN ',
        '-----END ',
        'A',
        '-----\n',
        'b25l\n',
        '\r\n',
        'Proc-Type: 4,ENCRYPTED\n',
        '\n',
        '-',
        ' ',
      ]),
    ),
    { inputs: 500, seed: 654 },
    (text) => {
      const blocks = splitPem(text);
      expect(splitPem(blocks.map(renderPem).join(''))).toEqual(blocks);
    },
  );

  it('of a megabyte is read quickly, whatever it repeats', async () => {
    for (const piece of [
      '-----BEGIN A-----\n',
      'a: \n',
      '-----BEGIN ',
      '-',
      ' \n',
      '-----BEGIN A-----\nb: c\n',
      'QUJD\n',
    ]) {
      await expectQuick(() => splitPem(`-----BEGIN A-----\n${piece.repeat(1_000_000 / piece.length)}`));
    }
    const blocks = await expectQuick(() => splitPem(certPem.repeat(1500)));
    expect(blocks).toHaveLength(1500);
  });
});

describe('a chain', () => {
  fuzz(
    'of changed certificates is some of them or none',
    array(oneof(mutatedBytes([certificate]), constantFrom(certificate)), { maxLength: 6 }),
    { inputs: 150, seed: 655 },
    (given) => {
      const ordered = orderChain(given) ?? [];
      for (const der of ordered) expect(given).toContainEqual(der);
      expect(new Set(ordered.map(String)).size).toBe(ordered.length);
    },
  );

  it('of thousands is none, quickly', async () => {
    const many = Array.from({ length: 5000 }, (_, index) =>
      Buffer.from([...certificate.subarray(0, -1), index & 0xff, index >> 8]),
    );
    expect(await expectQuick(() => orderChain(many))).toBeUndefined();
  });
});

describe('numbers', () => {
  fuzz(
    'of four bytes are read as they are',
    integer({ min: 0, max: 0x7f_ff_ff_ff }),
    { inputs: 100, seed: 656 },
    (number) => {
      const content = Buffer.alloc(5);
      content.writeUInt32BE(number, 1);
      expect(integerOf(readBer(renderDer(BER_TAGS.integer, content)))).toBe(number);
    },
  );
});
