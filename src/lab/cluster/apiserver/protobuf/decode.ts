import { KUBERNETES_FIELDS } from '../../../../gen/kubernetes-fields.ts';
import type { JsonRecord } from '../json.ts';
import { unsupportedMediaType } from '../status-errors.ts';
import { FIELD_NUMBERS } from './field-numbers.ts';

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
  const typeName = typeNameOf(apiVersion, kind);
  if (!FIELD_NUMBERS.has(typeName)) throw refused(`protobuf is not served for ${kind}`);
  return { apiVersion, kind, ...decodeType(typeName, bytesOf(last(envelope, 2))) };
}

function refused(why: string): Error {
  return unsupportedMediaType(
    `the body of the request was in an unknown format (${why}) - accepted media types include: application/json, application/yaml`,
  );
}

/** Kinds whose types have another name in the field tables, because two groups have one of that name. */
function typeNameOf(apiVersion: string, kind: string): string {
  if (kind === 'TokenRequest') return 'AuthenticationV1TokenRequest';
  if (kind === 'HorizontalPodAutoscaler' && apiVersion === 'autoscaling/v1') return `AutoscalingV1${kind}`;
  if (kind === 'Event') return apiVersion === 'v1' ? 'CoreV1Event' : 'EventsV1Event';
  return kind;
}

function decodeType(typeName: string, bytes: Buffer): JsonRecord {
  const types = KUBERNETES_FIELDS[typeName];
  if (types === undefined) throw refused(`protobuf is not served for the type ${typeName}`);
  return decodeFields(typeName, types, bytes);
}

/** The fields of the message `messageName`, whose types are those of the JSON object that they stand in. */
function decodeFields(messageName: string, types: Readonly<Record<string, string>>, bytes: Buffer): JsonRecord {
  const fields = FIELD_NUMBERS.get(messageName);
  if (fields === undefined && bytes.length > 0) throw refused(`protobuf is not served for the type ${messageName}`);
  const decoded: Record<string, unknown> = {};
  for (const [number, values] of readMessage(bytes)) {
    const field = fields?.find((known) => known.number === number);
    // Go writes fields that are no pointers even when nobody set them
    if (field === undefined && values.every(isEmpty)) continue;
    if (field?.embedded === true) {
      Object.assign(decoded, decodeFields(field.name, types, bytesOf(values.at(-1))));
      continue;
    }
    const code = field === undefined ? undefined : types[field.name]?.replace('!', '');
    if (field === undefined || code === undefined) throw refused(`field ${number} of ${messageName} is not known`);
    const value = decodeField(code, values);
    if (value !== undefined && (!isZero(value) || field.keepsZero)) decoded[field.name] = value;
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
    case 'any':
      // runtime.RawExtension and FieldsV1: the JSON text is their first field
      return decodeJson(bytesOf(last(readMessage(bytesOf(value)), 1)).toString('utf8') || 'null');
    case 'date-time':
      return decodeTime(value, () => '');
    case 'date-time-micro':
      // Go's clients read nothing but six digits (RFC3339Micro of apimachinery)
      return decodeTime(value, (nanos) => `.${String(Math.floor(nanos / 1000)).padStart(6, '0')}`);
    default:
      return decodeType(code, bytesOf(value));
  }
}

function decodeJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw refused('the protobuf body has a field that is no JSON');
  }
}

// Years 1 to 9999, as RFC 3339 can write them (google.protobuf.Timestamp).
const FIRST_SECOND = -62_135_596_800;
const LAST_SECOND = 253_402_300_799;

/** A Timestamp message as text; a time that nobody set is an empty message. */
function decodeTime(value: RawValue | undefined, renderFraction: (nanos: number) => string): string | undefined {
  const message = readMessage(bytesOf(value));
  if (message.size === 0) return undefined;
  const number = (field: number) => {
    const found = last(message, field);
    return typeof found === 'bigint' ? Number(BigInt.asIntN(64, found)) : 0;
  };
  const seconds = number(1);
  if (!(seconds >= FIRST_SECOND && seconds <= LAST_SECOND)) throw refused('the protobuf body has a time that is none');
  const text = new Date(seconds * 1000).toISOString();
  return text.replace(/\.\d+Z$/, `${renderFraction(number(2))}Z`);
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
    const values = fields.get(number);
    if (values === undefined) fields.set(number, [value]);
    else values.push(value);
  }
  return fields;
}
