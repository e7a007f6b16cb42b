import { KeyferryError, type Secret } from '#base';

/** One key of a Secret with its value. */
export interface SecretValue {
  readonly key: string;
  readonly value: Secret<Uint8Array>;
}

/** How the mounted files of one Secret type become its data. */
type DataRule = (values: readonly SecretValue[]) => readonly SecretValue[];

/** The files' bytes as they are: the API server checks the keys that a type needs. */
const asIs: DataRule = (values) => values;

/**
 * Secret types with a rule of their own. Any other type is passed through as the class gives it, as upstream does.
 * kubernetes.io/tls (certificates and keys taken apart) has no rule yet and says so, instead of a Secret that no
 * ingress can read.
 */
const RULES: Readonly<Record<string, DataRule>> = {
  Opaque: asIs,
  'kubernetes.io/tls': () => {
    throw new KeyferryError('unsupported', 'secrets of type kubernetes.io/tls cannot be synced yet', {
      hint: 'Use type Opaque, or read the certificate from the mounted file.',
    });
  },
};

/** The data of a Secret of `type`. */
export function dataOfType(type: string, values: readonly SecretValue[]): readonly SecretValue[] {
  return (RULES[type] ?? asIs)(values);
}
