import { KeyferryError } from '#base';
import type { ObjectEncoding } from '../parameters/object-spec.ts';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const HEX = /^(?:[0-9a-fA-F]{2})*$/;

/** By encoding, the form that a text must have and how it is read. */
const DECODERS: Readonly<Record<ObjectEncoding, { readonly form: RegExp; decode(text: string): Buffer }>> = {
  'utf-8': { form: /^/, decode: (text) => Buffer.from(text, 'utf8') },
  hex: { form: HEX, decode: (text) => Buffer.from(text, 'hex') },
  base64: { form: BASE64, decode: (text) => Buffer.from(text, 'base64') },
};

/** The bytes of a text; undefined where it is not of that encoding. Line breaks in base64 are passed over, as Go does. */
export function decodeText(value: string, encoding: ObjectEncoding): Buffer | undefined {
  const { form, decode } = DECODERS[encoding];
  const text = encoding === 'base64' ? value.replace(/[\r\n]/g, '') : value;
  return form.test(text) ? decode(text) : undefined;
}

/** The bytes of a secret's value. Throws `failed-precondition` where it is not of that encoding; `hint` says what to do about it. */
export function decodeValue(value: string, encoding: ObjectEncoding, hint?: string): Buffer {
  const bytes = decodeText(value, encoding);
  if (bytes !== undefined) return bytes;
  // The message names the encoding, never the text: it is the secret.
  const message = `the value is not ${encoding}, as objectEncoding says`;
  throw new KeyferryError('failed-precondition', message, hint === undefined ? {} : { hint });
}
