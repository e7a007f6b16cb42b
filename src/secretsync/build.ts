import { didYouMean, issueText, KeyferryError, Secret, type Issue } from '#base';
import { SECRET_CLASS_LABELS, type ClassSecretObject } from '#secretclass';
import { dataOfType, type SecretValue } from './types.ts';

/** The files of a mounted volume. */
export interface MountedFiles {
  /** The content of a file by its path in the volume; undefined where there is no such file. */
  read(path: string): Promise<Secret<Uint8Array> | undefined>;
  /** The paths of the files, for messages; a long list is cut. */
  list(): Promise<readonly string[]>;
  /** Whether a file that is not there is optional: the key that is made from it is left out. Default: none is. */
  isAbsent?(path: string): boolean;
}

/** A Kubernetes Secret as a class asks for it, without its owners. */
export interface DesiredSecret {
  readonly name: string;
  readonly namespace: string;
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Each value in base64, as the API has it. */
  readonly data: Secret<Readonly<Record<string, string>>>;
}

/** Builds the Secret from the mounted files. Throws `invalid-input` with everything that is wrong with them. */
export async function buildSecret(
  namespace: string,
  wanted: ClassSecretObject,
  files: MountedFiles,
): Promise<DesiredSecret> {
  const missing: Issue[] = [];
  const values: SecretValue[] = [];
  for (const [index, { objectName, key }] of wanted.data.entries()) {
    const value = await files.read(objectName);
    if (value !== undefined) values.push({ key, objectName, value });
    else if (files.isAbsent?.(objectName) !== true) {
      missing.push({
        path: `${wanted.at}.data[${index}].objectName`,
        message: `file matching objectName ${objectName} not found in the pod${didYouMean(objectName, await files.list())}`,
      });
    }
  }
  if (missing.length > 0) throw missingFiles(missing, await files.list());
  const result = await dataOfType(wanted.type, values);
  if ('issues' in result) {
    const places = new Map(wanted.data.map(({ key }, index) => [key, `${wanted.at}.data[${index}]`]));
    throw refused(
      result.issues.map(({ key, message }) => ({ path: places.get(key) ?? wanted.at, message })),
      result.hint,
    );
  }
  return {
    name: wanted.secretName,
    namespace,
    type: wanted.type,
    labels: { ...wanted.labels, [SECRET_CLASS_LABELS.managed]: 'true' },
    annotations: wanted.annotations,
    data: new Secret(
      Object.fromEntries(result.data.map(({ key, value }) => [key, Buffer.from(value.expose()).toString('base64')])),
    ),
  };
}

function missingFiles(issues: readonly Issue[], files: readonly string[]): KeyferryError {
  const held = files.length === 0 ? 'no files' : files.map((file) => JSON.stringify(file)).join(', ');
  const hint = `objectName must be a mounted file: an object's objectAlias where it has one. The volume holds ${held}.`;
  return refused(issues, hint);
}

function refused(issues: readonly Issue[], hint: string | undefined): KeyferryError {
  return new KeyferryError('invalid-input', issues.map(issueText).join('; '), { issues, ...(hint && { hint }) });
}
