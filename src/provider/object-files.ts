import { KeyferryError, Secret } from '#base';
import type { FetchedSecret } from '#azure';
import type { ProviderFile } from '#providerapi';
import type { ObjectEncoding, ObjectSpec, ObjectType } from './object-spec.ts';

/** An object as a vault gave it. Keys and certificates join the union when they can be fetched. */
export type FetchedObject = { readonly type: 'secret' } & FetchedSecret;

type RenderContents = (object: FetchedObject, spec: ObjectSpec) => Uint8Array;

/** By object type, what becomes of it; a type that is missing cannot be fetched (fetch-plan.ts says so first). */
const RENDERERS: Partial<Record<ObjectType, RenderContents>> = { secret: renderSecret };

/** Whether objects of `type` can be turned into files. */
export function canRender(type: ObjectType): boolean {
  return RENDERERS[type] !== undefined;
}

/** The files that `spec` asks for. `defaultMode` is for entries without filePermission. Throws `failed-precondition` when the object does not fit its entry. */
export function renderFiles(object: FetchedObject, spec: ObjectSpec, defaultMode: number): ProviderFile[] {
  const render = RENDERERS[spec.type];
  if (render === undefined) throw new KeyferryError('unsupported', `objectType ${spec.type} is not supported yet`);
  return [{ path: spec.path, mode: spec.mode ?? defaultMode, contents: new Secret(render(object, spec)) }];
}

function renderSecret(object: FetchedObject, spec: ObjectSpec): Uint8Array {
  // A secret with a key id is the private side of a certificate, as Key Vault hands it out.
  if (object.keyId !== undefined && spec.format === 'pem') {
    if (object.contentType === 'application/x-pkcs12') {
      throw new KeyferryError('unsupported', 'turning a PKCS#12 certificate into PEM is not supported yet', {
        hint: 'use objectFormat: pfx, or a certificate with content type application/x-pem-file',
      });
    }
    if (object.contentType !== 'application/x-pem-file') {
      throw new KeyferryError('failed-precondition', 'failed to get certificate. unknown content type');
    }
  }
  return decode(object.value.expose(), spec.encoding);
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const HEX = /^(?:[0-9a-fA-F]{2})*$/;

/** By encoding, the form that a text must have and how it is read. */
const DECODERS: Readonly<Record<ObjectEncoding, { readonly form: RegExp; decode(text: string): Uint8Array }>> = {
  'utf-8': { form: /^/, decode: (text) => Buffer.from(text, 'utf8') },
  hex: { form: HEX, decode: (text) => Buffer.from(text, 'hex') },
  base64: { form: BASE64, decode: (text) => Buffer.from(text, 'base64') },
};

function decode(value: string, encoding: ObjectEncoding): Uint8Array {
  const decoder = DECODERS[encoding];
  const text = encoding === 'base64' ? value.replace(/[\r\n]/g, '') : value;
  if (!decoder.form.test(text)) {
    // The message names the encoding, never the text: it is the secret.
    throw new KeyferryError('failed-precondition', `the value is not ${encoding}, as objectEncoding says`);
  }
  return decoder.decode(text);
}
