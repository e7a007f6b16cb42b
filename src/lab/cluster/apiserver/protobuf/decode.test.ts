import { describe, expect, it } from 'vitest';
import { decodeProtobuf } from './decode.ts';

// Bytes as the protobuf encoding lays them down: a tag of number and wire type, then a varint or a length and its bytes.
const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
const number = (field: number, value: number) => Buffer.from([...varint(field * 8), ...varint(value)]);
const bytes = (field: number, ...parts: readonly (Buffer | string)[]) => {
  const value = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(value.length)]), value]);
};
const envelope = (apiVersion: string, kind: string, message: Buffer) =>
  Buffer.concat([
    Buffer.from('k8s\0', 'latin1'),
    bytes(1, bytes(1, apiVersion), bytes(2, kind)),
    bytes(2, message),
    bytes(3, ''),
    bytes(4, ''),
  ]);

const SECOND = Date.parse('2026-11-22T04:35:34Z') / 1000;

describe('a time that comes as protobuf', () => {
  const lease = (renewTime: Buffer) =>
    decodeProtobuf(envelope('coordination.k8s.io/v1', 'Lease', bytes(2, bytes(4, renewTime))));

  it.each([
    ['with its microseconds', number(2, 123_456_789), '2026-11-22T04:35:34.123456Z'],
    ['with six digits where it is a whole second', Buffer.alloc(0), '2026-11-22T04:35:34.000000Z'],
    ['with zeros in front', number(2, 7000), '2026-11-22T04:35:34.000007Z'],
  ])('is a MicroTime %s', (_, nanos, text) => {
    expect(lease(Buffer.concat([number(1, SECOND), nanos]))['spec']).toEqual({ renewTime: text });
  });

  it('is left out when nobody set it', () => {
    expect(lease(Buffer.alloc(0))['spec']).toEqual({});
  });

  it('is in whole seconds elsewhere', () => {
    const secret = envelope('v1', 'Secret', bytes(1, bytes(1, 's'), bytes(8, number(1, SECOND))));
    expect(decodeProtobuf(secret)['metadata']).toEqual({ name: 's', creationTimestamp: '2026-11-22T04:35:34Z' });
  });
});
