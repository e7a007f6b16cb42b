import { renderPem } from '#crypto';
import { KeyferryError, Secret } from '#base';
import type { FetchedCertificate, FetchedKey, FetchedSecret } from '#azure';
import type { ProviderFile } from '#providerapi';
import { renderKey } from './content/key-content.ts';
import type { ObjectEncoding, ObjectSpec } from './object-spec.ts';

/** An object as a vault gave it. */
export type FetchedObject =
  | ({ readonly type: 'secret' } & FetchedSecret)
  | ({ readonly type: 'key' } & FetchedKey)
  | ({ readonly type: 'cert' } & FetchedCertificate);

/** How objects become files. */
export interface RenderOptions {
  /** Permission bits of entries without filePermission. */
  readonly defaultMode: number;
}

/** The files that `spec` asks for. Throws `failed-precondition` when the object does not fit its entry. */
export async function renderFiles(
  object: FetchedObject,
  spec: ObjectSpec,
  { defaultMode }: RenderOptions,
): Promise<ProviderFile[]> {
  const contents = await renderContents(object, spec);
  return [{ path: spec.path, mode: spec.mode ?? defaultMode, contents: new Secret(contents) }];
}

async function renderContents(object: FetchedObject, spec: ObjectSpec): Promise<Uint8Array> {
  switch (object.type) {
    case 'secret':
      return renderSecret(object, spec);
    case 'key':
      return Buffer.from(renderKey(object));
    case 'cert':
      return Buffer.from(renderPem({ label: 'CERTIFICATE', der: object.der }));
  }
}

function renderSecret(object: FetchedSecret, spec: ObjectSpec): Uint8Array {
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
