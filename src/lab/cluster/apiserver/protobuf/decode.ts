import { KUBERNETES_FIELDS } from '../../../../gen/kubernetes-fields.ts';
import type { JsonRecord } from '../json.ts';
import { unsupportedMediaType } from '../status-errors.ts';
import { FIELD_NUMBERS, KEPT_ZEROS } from './field-numbers.ts';

/** The bytes that a Kubernetes protobuf body begins with (apimachinery runtime/serializer/protobuf). */
const MAGIC = Buffer.from('k8s\0', 'latin1');

/** The media type of these bodies. */
export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';

type RawValue = bigint | Buffer;

/**
 * Reads an object that a client sent as protobuf: an envelope (runtime.Unknown) that names the kind, and the kind's
 * message in it. Throws 415 for kinds and fields that the table does not hold, and for bytes that cannot be read.
 */
export function decodeProtobuf(body: Buffer): JsonRecord {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw refused('the protobuf body has no Kubernetes envelope');
  const envelope = readMessage(body.subarray(MAGIC.length));
  const typeMeta = readMessage(bytesOf(last(envelope, 1)));
  const apiVersion = bytesOf(last(typeMeta, 1)).toString('utf8');
  const kind = bytesOf(last(typeMeta, 2)).toString('utf8');
  const typeName = kind === 'TokenRequest' ? 'AuthenticationV1TokenRequest' : kind;
  if (FIELD_NUMBERS[typeName] === undefined) throw refused(`protobuf is not served for ${kind}`);
  return { apiVersion, kind, ...decodeType(typeName, bytesOf(last(envelope, 2))) };
}

function refused(why: string): Error {
  return unsupportedMediaType(
    `the body of the request was in an unknown format (${why}) - accepted media types include: application/json, application/yaml`,
  );
}

function decodeType(typeName: string, bytes: Buffer): JsonRecord {
  const numbers = FIELD_NUMBERS[typeName];
  const types = KUBERNETES_FIELDS[typeName];
  if (numbers === undefined || types === undefined) throw refused(`protobuf is not served for the type ${typeName}`);
  const names = new Map(Object.entries(numbers).map(([name, number]) => [number, name]));
  const decoded: Record<string, unknown> = {};
  for (const [number, values] of readMessage(bytes)) {
    const name = names.get(number);
    // Go writes fields that are no pointers even when nobody set them
    if (name === undefined && values.every(isEmpty)) continue;
    const code = name === undefined ? undefined : types[name]?.replace('!', '');
    if (name === undefined || code === undefined) throw refused(`field ${number} of ${typeName} is not known`);
    const value = decodeField(code, values);
    if (value !== undefined && (!isZero(value) || KEPT_ZEROS.has(`${typeName}.${name}`))) decoded[name] = value;
  }
  return decoded;
}

function isZero(value: unknown): boolean {
  return value === '' || value === 0 || value === false;
}

function isEmpty(value: RawValue): boolean {
  return typeof value === 'bigint' ? value === 0n : value.length === 0;
}

function decodeField(code: string, values: readonly RawValue[]): unknown {
  if (code.endsWith('[]')) return values.map((value) => decodeOne(code.slice(0, -2), value));
  if (code.endsWith('{}')) {
    return Object.fromEntries(
      values.map((value) => {
        const entry = readMessage(bytesOf(value));
        return [bytesOf(last(entry, 1)).toString('utf8'), decodeOne(code.slice(0, -2), last(entry, 2))];
      }),
    );
  }
  return decodeOne(code, values.at(-1));
}

function decodeOne(code: string, value: RawValue | undefined): unknown {
  switch (code) {
    case 'string':
      return bytesOf(value).toString('utf8');
    case 'byte':
      return bytesOf(value).toString('base64');
    case 'boolean':
      return value === 1n;
    case 'int32':
    case 'int64':
      return Number(BigInt.asIntN(64, typeof value === 'bigint' ? value : 0n));
    case 'quantity':
      return bytesOf(last(readMessage(bytesOf(value)), 1)).toString('utf8');
    case 'int-or-string': {
      const message = readMessage(bytesOf(value));
      return last(message, 1) === 1n ? decodeOne('string', last(message, 3)) : decodeOne('int32', last(message, 2));
    }
    case 'date-time': {
      const seconds = last(readMessage(bytesOf(value)), 1);
      return typeof seconds === 'bigint' ? new Date(Number(seconds) * 1000).toISOString() : undefined;
    }
    default:
      return decodeType(code, bytesOf(value));
  }
}

function bytesOf(value: RawValue | undefined): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
}

function last(message: ReadonlyMap<number, readonly RawValue[]>, number: number): RawValue | undefined {
  return message.get(number)?.at(-1);
}

/** The fields of a message by number (protobuf encoding: varints and length-delimited values). */
function readMessage(bytes: Buffer): Map<number, RawValue[]> {
  const fields = new Map<number, RawValue[]>();
  let position = 0;
  const readVarint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[position];
      if (byte === undefined) break;
      position += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw refused('the protobuf body is cut off');
  };
  while (position < bytes.length) {
    const tag = readVarint();
    const number = Number(tag >> 3n);
    let value: RawValue;
    if ((tag & 7n) === 0n) {
      value = readVarint();
    } else if ((tag & 7n) === 2n) {
      const end = Number(readVarint()) + position;
      if (end > bytes.length) throw refused('the protobuf body is cut off');
      value = bytes.subarray(position, end);
      position = end;
    } else {
      throw refused('the protobuf body has a wire type that is not known');
    }
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}
