import * as z from 'zod';
import { inputError, KeyferryError, type Issue } from '#base';
import { issuesOfSecretObject } from './secret-types.ts';
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

/** A class, and what is wrong with Secrets that it asks for: that stops neither its volume nor its other Secrets. */
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
  const secretObjects: ClassSecretObject[] = [];
  for (const [index, raw] of (spec.secretObjects ?? []).entries()) {
    const object = {
      at: `spec.secretObjects[${index}]`,
      secretName: raw.secretName.trim(),
      type: raw.type.trim(),
      labels: raw.labels ?? {},
      annotations: raw.annotations ?? {},
      data: (raw.data ?? []).map(({ objectName, key }) => ({ objectName: objectName.trim(), key: key.trim() })),
    };
    const issues = issuesOfSecretObject(object);
    const twin = secretObjects.find(({ secretName }) => secretName === object.secretName);
    if (twin !== undefined) {
      issues.push({ path: `${object.at}.secretName`, message: `"${twin.secretName}" is made from ${twin.at} already` });
    }
    if (issues.length === 0) secretObjects.push(object);
    secretIssues.push(...issues);
  }
  return {
    value: { name: metadata.name, namespace: metadata.namespace, provider: spec.provider, parameters, secretObjects },
    secretIssues,
  };
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
