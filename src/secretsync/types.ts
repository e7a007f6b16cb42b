import type { Issue, Secret } from '#base';
import { factsOfType } from '#secretclass';
import { tlsData } from './tls.ts';

/** One key of a Secret with the content of the file that is to be its value. */
export interface SecretValue {
  readonly key: string;
  /** The file's path in the volume. */
  readonly objectName: string;
  readonly value: Secret<Uint8Array>;
}

/** What becomes of the files of a Secret: its data, or everything that is wrong with them. Paths are keys of the data. */
export type SecretData =
  | { readonly data: readonly SecretValue[] }
  | { readonly issues: readonly (Pick<Issue, 'message'> & { readonly key: string })[]; readonly hint?: string };

// MaxSecretSize of pkg/apis/core/validation.
const MAX_BYTES = 1024 * 1024;

/**
 * The data of a Secret of `type`: the files' bytes as they are, and for `kubernetes.io/tls` their certificates and keys.
 * What the API server would refuse for its content is an issue.
 */
export async function dataOfType(type: string, values: readonly SecretValue[]): Promise<SecretData> {
  const { all = [], any = [], json = [], filled = [] } = factsOfType(type);
  const has = (key: string) => values.some((value) => value.key === key);
  // The class names them; what is not there is made from an optional object that the vault lacks.
  const absent = [...all.filter((key) => !has(key)), ...(any.length > 0 && !any.some(has) ? any.slice(0, 1) : [])];
  if (absent.length > 0) {
    return {
      issues: absent.map((key) => ({ key, message: `its file is not there, and a Secret of type ${type} needs it` })),
    };
  }
  if (type === 'kubernetes.io/tls') {
    const result = await tlsData(values);
    return 'data' in result ? (tooLarge(result.data) ?? result) : result;
  }
  const issues = values.flatMap(({ key, objectName, value }) => {
    const bytes = value.expose();
    if (filled.includes(key) && bytes.length === 0) return [{ key, message: `the file ${objectName} is empty` }];
    if (json.includes(key) && !isJsonObject(bytes)) {
      return [
        { key, message: `the file ${objectName} is no JSON object, which ${key} of a Secret of type ${type} must be` },
      ];
    }
    return [];
  });
  if (issues.length > 0) return { issues };
  return tooLarge(values) ?? { data: values };
}

function tooLarge(values: readonly SecretValue[]): SecretData | undefined {
  const sizes = values.map(({ key, value }) => ({ key, bytes: value.expose().length }));
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total <= MAX_BYTES) return undefined;
  const largest = sizes.reduce((most, each) => (each.bytes > most.bytes ? each : most));
  const message = `the Secret would hold ${total} bytes, and at most ${MAX_BYTES} are allowed`;
  return { issues: [{ key: largest.key, message }], hint: 'Read large objects from the mounted files.' };
}

function isJsonObject(bytes: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return typeof value === 'object' && !Array.isArray(value);
  } catch {
    return false;
  }
}
