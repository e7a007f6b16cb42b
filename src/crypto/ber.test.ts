import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { BER_TAGS, integerOf, octetsOf, oidOf, readBer, renderDer, sequenceOf } from './ber.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('a BER value', () => {
  it('of a real key is its parts', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const der = privateKey.export({ type: 'pkcs8', format: 'der' });
    const [version, algorithm, key] = sequenceOf(readBer(der));
    expect(integerOf(version)).toBe(0);
    expect(sequenceOf(algorithm).map(oidOf)).toEqual(['1.2.840.10045.2.1', '1.2.840.10045.3.1.7']);
    expect(integerOf(sequenceOf(readBer(octetsOf(key)))[0])).toBe(1);
  });

  it.each([
    ['in one piece', '04 03 010203'],
    ['with a length of four bytes', '04 84 00000003 010203'],
    ['in pieces', '24 07 0401 01 0402 0203'],
    ['in pieces without a length', '24 80 0401 01 0402 0203 0000'],
    ['in pieces of pieces', '24 80 2480 0401 01 0000 0402 0203 0000'],
  ])('of octets may be %s', (_how, text) => {
    expect(octetsOf(readBer(hex(text)))).toEqual(hex('010203'));
  });

  it('without a length ends where its parts end, and the next one begins there', () => {
    const [first, second] = sequenceOf(readBer(hex('30 80 3080 020101 0000 020102 0000')));
    expect(integerOf(sequenceOf(first)[0])).toBe(1);
    expect(integerOf(second)).toBe(2);
    expect(first?.raw).toEqual(hex('3080 020101 0000'));
  });

  it.each([
    ['06 03 2a8648', '1.2.840'],
    ['06 09 608648016503040201', '2.16.840.1.101.3.4.2.1'],
    ['06 02 8837', '2.999'],
    ['06 01 27', '0.39'],
  ])('%s is the identifier %s', (text, oid) => {
    expect(oidOf(readBer(hex(text)))).toBe(oid);
  });

  it.each([
    ['02 01 00', 0],
    ['02 02 0800', 2048],
    ['02 05 007fffffff', 0x7f_ff_ff_ff],
  ])('%s is the number %d', (text, value) => {
    expect(integerOf(readBer(hex(text)))).toBe(value);
  });

  it.each([
    ['02 01 ff', 'a number is out of range'],
    ['02 05 0080000000', 'a number is out of range'],
    ['02 00', 'a small number is missing'],
    ['02 09 010000000000000000', 'a small number is missing'],
    ['04 01 01', 'a small number is missing'],
  ])('%s is no number: %s', (text, message) => {
    expect(() => integerOf(readBer(hex(text)))).toThrow(message);
  });

  it.each([
    ['', 'it is cut off'],
    ['30', 'it is cut off'],
    ['30 02 02', 'it is cut off'],
    ['30 03 0202 01', 'it is cut off'],
    ['30 80 020101', 'it is cut off'],
    ['04 84 7fffffff 01', 'it is cut off'],
    ['04 85 0000000001 01', 'a length has more than 4 bytes'],
    ['04 80 0000', 'a primitive value has no length'],
    ['1f 81 01 00', 'an identifier of more than one byte'],
    ['04 01 01 00', 'bytes behind its end'],
    ['30 80 '.repeat(40), 'nested deeper than 32'],
    [`30 83 01d4c0 ${'0500'.repeat(60_000)}`, 'more than 20000 values'],
  ])('that is damaged is refused: %.40s', (text, message) => {
    expect(() => readBer(hex(text))).toThrow(message);
  });

  it.each([0, 1, 127, 128, 255, 256, 65_535, 65_536])('of %d bytes is written as it is read', (size) => {
    const content = Buffer.alloc(size, 7);
    const value = readBer(renderDer(BER_TAGS.octets, content.subarray(0, size >> 1), content.subarray(size >> 1)));
    expect(octetsOf(value)).toEqual(content);
  });
});
