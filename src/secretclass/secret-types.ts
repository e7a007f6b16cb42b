import type { Issue } from '#base';
import type { ClassSecretObject } from './types.ts';

/** What the API server wants of a Secret of a type, and what of it a class alone tells (before there is any content). */
interface SecretTypeFacts {
  /** Keys that must be there. */
  readonly all?: readonly string[];
  /** Keys of which one must be there. */
  readonly any?: readonly string[];
  /** The only keys that may be there. */
  readonly only?: readonly string[];
  /** An annotation that must be there. */
  readonly annotation?: string;
  /** Keys whose value must be a JSON object. */
  readonly json?: readonly string[];
  /** Keys whose value must not be empty. */
  readonly filled?: readonly string[];
}

/**
 * The types that Kubernetes knows, by the checks of kube-apiserver (pkg/apis/core/validation, ValidateSecret); any other
 * type is only a name to it. What it would take is taken here too: a bootstrap token without its keys makes no trouble
 * but has no use. `kubernetes.io/tls` alone is built from its files (upstream's rule), so it has no other keys.
 */
export const SECRET_TYPES = {
  Opaque: {},
  'kubernetes.io/basic-auth': { any: ['username', 'password'] },
  'kubernetes.io/dockerconfigjson': { all: ['.dockerconfigjson'], json: ['.dockerconfigjson'] },
  'kubernetes.io/dockercfg': { all: ['.dockercfg'], json: ['.dockercfg'] },
  'kubernetes.io/ssh-auth': { all: ['ssh-privatekey'], filled: ['ssh-privatekey'] },
  'kubernetes.io/service-account-token': { annotation: 'kubernetes.io/service-account.name' },
  'kubernetes.io/tls': { all: ['tls.crt', 'tls.key'], only: ['tls.crt', 'tls.key', 'ca.crt'] },
  'bootstrap.kubernetes.io/token': {},
} as const satisfies Readonly<Record<string, SecretTypeFacts>>;

/** What is known of `type`; nothing of a type that Kubernetes does not know. */
export function factsOfType(type: string): SecretTypeFacts {
  return Object.hasOwn(SECRET_TYPES, type) ? SECRET_TYPES[type as keyof typeof SECRET_TYPES] : {};
}

const KEY = /^[-._a-zA-Z0-9]+$/;
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const MAX_NAME = 253;

/** Everything in one entry of `secretObjects` that would make the API server refuse the Secret, whatever its files hold. */
export function issuesOfSecretObject(object: ClassSecretObject): Issue[] {
  const issues: Issue[] = [];
  const add = (field: string, message: string) => void issues.push({ path: `${object.at}.${field}`, message });
  if (object.secretName === '') add('secretName', 'secret name is empty');
  else if (object.secretName.length > MAX_NAME || !DNS_SUBDOMAIN.test(object.secretName)) {
    add(
      'secretName',
      `"${object.secretName.slice(0, MAX_NAME)}" is no name of a Secret: it has lower-case letters, digits, - and .`,
    );
  }
  if (object.type === '') add('type', 'secret type is empty');
  if (object.data.length === 0) add('data', 'data is empty');
  const keys = new Set<string>();
  for (const [index, { objectName, key }] of object.data.entries()) {
    if (objectName === '') add(`data[${index}].objectName`, 'object name in secret data is empty');
    if (key === '') add(`data[${index}].key`, 'key in secret data is empty');
    else if (keys.has(key)) add(`data[${index}].key`, `the key "${key}" is given twice`);
    else if (!isKey(key)) {
      add(
        `data[${index}].key`,
        `"${key.slice(0, MAX_NAME)}" is no key of a Secret: it has letters, digits, -, _ and .`,
      );
    }
    keys.add(key);
  }
  if (object.data.length > 0) addTypeIssues(object, keys, add);
  return issues;
}

function addTypeIssues(
  { type, data, annotations }: ClassSecretObject,
  keys: ReadonlySet<string>,
  add: (field: string, message: string) => void,
): void {
  const { all = [], any = [], only, annotation } = factsOfType(type);
  for (const key of all) if (!keys.has(key)) add('data', `a Secret of type ${type} needs the key ${key}`);
  if (any.length > 0 && !any.some((key) => keys.has(key))) {
    add('data', `a Secret of type ${type} needs the key ${any.join(' or ')}`);
  }
  for (const [index, { key }] of data.entries()) {
    if (key !== '' && only?.includes(key) === false) {
      const names = only.map((each) => `'${each}'`);
      add(
        `data[${index}].key`,
        `key '${key}' is not supported. Only ${names.slice(0, -1).join(', ')} and ${names.at(-1)} are supported`,
      );
    }
  }
  if (annotation !== undefined && !annotations[annotation]) {
    add('annotations', `a Secret of type ${type} needs the annotation ${annotation}`);
  }
}

/** IsConfigMapKey of apimachinery. */
function isKey(key: string): boolean {
  return key.length <= MAX_NAME && KEY.test(key) && key !== '.' && !key.startsWith('..');
}
