import { renderPem } from '#crypto';
import { Secret } from '#base';
import type { FetchedSecret } from '#azure';
import type { FetchedObject } from '../broker/vault-object.ts';
import type { ProviderFile } from '#providerapi';
import { certificateForm, renderPkcs12AsPem, splitCertificateAndKey, type PemOptions } from './certificate-secret.ts';
import { decodeValue } from './decode.ts';
import { renderKey } from './key-content.ts';
import type { ObjectSpec } from '../parameters/object-spec.ts';

/** How the secrets behind certificates become files. */
export interface FileOptions extends PemOptions {
  /** Whether certificate and key are also written apart where the entry does not say (`--write-cert-and-key-in-separate-files`). */
  readonly writeCertAndKeyInSeparateFiles: boolean;
}

/**
 * The files that `spec` makes of `object`, its own first; `defaultMode` is for entries without filePermission. Throws
 * `failed-precondition` when the object does not fit its entry.
 */
export type RenderFiles = (object: FetchedObject, spec: ObjectSpec, defaultMode: number) => Promise<ProviderFile[]>;

/** What is made of one object: the content of its file, and of files beside it by what their names end with. */
interface Rendered {
  readonly contents: Uint8Array;
  readonly beside?: Readonly<Record<string, Uint8Array>>;
}

/** Makes objects into files. It keeps what it converted for as long as the object itself is kept: PKCS#12 costs thousands of rounds of a hash. */
export function createFileRenderer(options: FileOptions): RenderFiles {
  const converted = new WeakMap<FetchedSecret, Promise<Secret<string>>>();
  const asPem = (secret: FetchedSecret): Promise<Secret<string>> => {
    const known = converted.get(secret) ?? renderPkcs12AsPem(secret.value, options);
    converted.set(secret, known);
    return known;
  };
  return async (object, spec, defaultMode) => {
    const { contents, beside = {} } = await render(object, spec, { ...options, asPem });
    const mode = spec.mode ?? defaultMode;
    const files = [['', contents] as const, ...Object.entries(beside)];
    return files.map(([suffix, bytes]) => ({ path: `${spec.path}${suffix}`, mode, contents: new Secret(bytes) }));
  };
}

interface Rendering extends FileOptions {
  asPem(secret: FetchedSecret): Promise<Secret<string>>;
}

async function render(object: FetchedObject, spec: ObjectSpec, rendering: Rendering): Promise<Rendered> {
  switch (object.type) {
    case 'secret':
      // A secret with a key id is the private side of a certificate, as Key Vault hands it out.
      return object.keyId === undefined || object.keyId === ''
        ? { contents: decodeValue(object.value.expose(), spec.encoding) }
        : renderCertificateSecret(object, spec, rendering);
    case 'key':
      return { contents: Buffer.from(renderKey(object)) };
    case 'cert':
    default:
      return { contents: Buffer.from(renderPem({ label: 'CERTIFICATE', der: object.der })) };
  }
}

async function renderCertificateSecret(
  secret: FetchedSecret,
  { format, encoding, separateFiles }: ObjectSpec,
  { asPem, writeCertAndKeyInSeparateFiles }: Rendering,
): Promise<Rendered> {
  const form = certificateForm(secret);
  const pem = () => (form === 'pem' ? secret.value : asPem(secret));
  const text = format === 'pfx' ? secret.value : await pem();
  const hint = form === 'pem' ? NO_ENCODING : format === 'pem' ? ENCODING_OF_PFX : undefined;
  const contents = decodeValue(text.expose(), encoding, hint);
  if (!(separateFiles ?? writeCertAndKeyInSeparateFiles)) return { contents };
  const { certificates, keys } = splitCertificateAndKey(await pem());
  return { contents, beside: { '.crt': Buffer.from(certificates), '.key': Buffer.from(keys) } };
}

const NO_ENCODING = 'a certificate of content type application/x-pem-file is text: take objectEncoding away';
const ENCODING_OF_PFX = 'set objectFormat: pfx for the binary file, or take objectEncoding away for PEM';
