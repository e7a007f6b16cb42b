import { z } from 'zod';
import { inputError, KeyferryError, type Issue } from '#base';
import type { ClassSecretObject, SecretProviderClass } from './types.ts';

const textMap = z.record(z.string(), z.string());

const classSchema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z
    .object({
      provider: z.string().default(''),
      parameters: textMap.nullish(),
      secretObjects: z
        .array(
          z.object({
            secretName: z.string().default(''),
            type: z.string().default(''),
            labels: textMap.nullish(),
            annotations: textMap.nullish(),
            data: z.array(z.object({ objectName: z.string().default(''), key: z.string().default('') })).nullish(),
          }),
        )
        .nullish(),
    })
    .default({ provider: '' }),
});

/** A class, and what is wrong with the Secrets that it asks for: those don't stop its volume from being mounted. */
export interface ParsedSecretProviderClass {
  readonly value: SecretProviderClass;
  readonly secretIssues: readonly Issue[];
}

/**
 * Reads a SecretProviderClass object. Throws `invalid-input` where a volume can't be made from it, with the texts that
 * people know from upstream (`provider not set in ns/name`, `parameters not set in ns/name`).
 */
export function parseSecretProviderClass(object: unknown): ParsedSecretProviderClass {
  const parsed = classSchema.safeParse(object);
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => ({ path: renderPath(issue.path), message: issue.message }));
    throw inputError('the SecretProviderClass is malformed', issues);
  }
  const { metadata, spec } = parsed.data;
  const where = `${metadata.namespace}/${metadata.name}`;
  const parameters = spec.parameters ?? {};
  if (spec.provider === '') {
    const hint = 'Set spec.provider of the SecretProviderClass, for Azure Key Vault to azure.';
    throw invalid(`provider not set in ${where}`, [{ path: 'spec.provider', message: 'required' }], { hint });
  }
  if (Object.keys(parameters).length === 0) {
    const hint = 'Set spec.parameters of the SecretProviderClass as its provider asks for them.';
    throw invalid(`parameters not set in ${where}`, [{ path: 'spec.parameters', message: 'required' }], { hint });
  }
  const secretIssues: Issue[] = [];
  const secretObjects = (spec.secretObjects ?? []).map((raw, index): ClassSecretObject => {
    const object = {
      secretName: raw.secretName,
      type: raw.type,
      labels: raw.labels ?? {},
      annotations: raw.annotations ?? {},
      data: raw.data ?? [],
    };
    secretIssues.push(...issuesOfSecretObject(object, `spec.secretObjects[${index}]`));
    return object;
  });
  return {
    value: { name: metadata.name, namespace: metadata.namespace, provider: spec.provider, parameters, secretObjects },
    secretIssues,
  };
}

function issuesOfSecretObject(object: ClassSecretObject, path: string): Issue[] {
  const issues: Issue[] = [];
  const need = (value: string, field: string, message: string) => {
    if (value === '') issues.push({ path: `${path}.${field}`, message });
  };
  need(object.secretName, 'secretName', 'secret name is empty');
  need(object.type, 'type', 'secret type is empty');
  if (object.data.length === 0) issues.push({ path: `${path}.data`, message: 'data is empty' });
  const keys = new Set<string>();
  for (const [index, item] of object.data.entries()) {
    need(item.objectName, `data[${index}].objectName`, 'object name in secret data is empty');
    need(item.key, `data[${index}].key`, 'key in secret data is empty');
    if (item.key !== '' && keys.has(item.key)) {
      issues.push({ path: `${path}.data[${index}].key`, message: `the key "${item.key}" is given twice` });
    }
    keys.add(item.key);
  }
  return issues;
}

function invalid(message: string, issues: readonly Issue[], help: { readonly hint: string }): KeyferryError {
  return new KeyferryError('invalid-input', message, { issues, ...help });
}

function renderPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  );
}
