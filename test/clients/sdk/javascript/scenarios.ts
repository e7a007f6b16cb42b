// Runs a script of ../protocol.ts with Microsoft's SDK for JavaScript, its options untouched.
import { text } from 'node:stream/consumers';
import {
  ClientSecretCredential,
  DefaultAzureCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
  type TokenCredential,
} from '@azure/identity';
import { SecretClient, type DeletedSecret, type KeyVaultSecret, type SecretProperties } from '@azure/keyvault-secrets';
import type { Attributes, Credential, Failure, Result, Script, Step } from '../protocol.ts';

const script = JSON.parse(await text(process.stdin)) as Script;
const clients = new Map(
  Object.entries(script.sessions).map(([name, { vaultUrl, credential }]) => [
    name,
    new SecretClient(vaultUrl, createCredential(credential)),
  ]),
);
const versions = new Map<string, string>();
const backups = new Map<string, Uint8Array>();

for (const step of script.steps) {
  let outcome;
  try {
    const result = await run(step);
    if (result.version !== undefined) versions.set(step.id, result.version);
    outcome = { result };
  } catch (error) {
    outcome = { error: failureOf(error) };
  }
  process.stdout.write(`${JSON.stringify({ id: step.id, ...outcome })}\n`);
}

function createCredential(credential: Credential): TokenCredential {
  switch (credential.kind) {
    case 'client-secret':
      return new ClientSecretCredential(credential.tenantId, credential.clientId, credential.clientSecret);
    case 'workload-identity':
      return new WorkloadIdentityCredential();
    case 'managed-identity':
      return credential.clientId === undefined
        ? new ManagedIdentityCredential()
        : new ManagedIdentityCredential({ clientId: credential.clientId });
    case 'default':
    default:
      return new DefaultAzureCredential();
  }
}

async function run(step: Step): Promise<Result> {
  const client = clients.get(step.session);
  if (client === undefined) throw new Error(`no session ${step.session}`);
  switch (step.operation) {
    case 'set':
      return ofSecret(await client.setSecret(step.name, step.value, attributesOf(step)));
    case 'get': {
      const version = versionOf(step.version);
      return ofSecret(await client.getSecret(step.name, version === undefined ? {} : { version }));
    }
    case 'update':
      return ofProperties(
        await client.updateSecretProperties(step.name, versionOf(step.version) ?? '', attributesOf(step)),
      );
    case 'versions':
      return listed(client.listPropertiesOfSecretVersions(step.name).byPage(), ({ version }) => version);
    case 'list':
      return listed(client.listPropertiesOfSecrets().byPage(), ({ name }) => name);
    case 'list-deleted':
      return listed(client.listDeletedSecrets().byPage(), ({ name }) => name);
    case 'delete':
      return ofDeleted(await (await client.beginDeleteSecret(step.name)).pollUntilDone());
    case 'get-deleted':
      return ofDeleted(await client.getDeletedSecret(step.name));
    case 'recover':
      return ofProperties(await (await client.beginRecoverDeletedSecret(step.name)).pollUntilDone());
    case 'purge':
      await client.purgeDeletedSecret(step.name);
      return {};
    case 'backup': {
      const backup = await client.backupSecret(step.name);
      if (backup !== undefined) backups.set(step.id, backup);
      return { backedUp: backup !== undefined && backup.length > 0 };
    }
    case 'restore':
    default:
      return ofProperties(await client.restoreSecretBackup(backups.get(step.from) ?? new Uint8Array()));
  }
}

function versionOf(version: string | undefined): string | undefined {
  return version?.startsWith('@') === true ? versions.get(version.slice(1)) : version;
}

function attributesOf({ contentType, tags, enabled, expiresOn }: Attributes) {
  return {
    ...(contentType === undefined ? {} : { contentType }),
    ...(tags === undefined ? {} : { tags: { ...tags } }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(expiresOn === undefined ? {} : { expiresOn: new Date(expiresOn * 1000) }),
  };
}

function ofSecret({ value, properties }: KeyVaultSecret): Result {
  return { ...ofProperties(properties), ...(value === undefined ? {} : { value }) };
}

function ofProperties({ name, version, contentType, tags, enabled, expiresOn }: SecretProperties): Result {
  return {
    name,
    ...(version === undefined ? {} : { version }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(tags === undefined ? {} : { tags }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(expiresOn === undefined ? {} : { expiresOn: expiresOn.getTime() / 1000 }),
  };
}

function ofDeleted({ name, properties: { recoveryId, deletedOn, scheduledPurgeDate } }: DeletedSecret): Result {
  return {
    name,
    ...(recoveryId === undefined ? {} : { recoveryId }),
    ...(deletedOn === undefined || scheduledPurgeDate === undefined
      ? {}
      : { purgeAfterDays: (scheduledPurgeDate.getTime() - deletedOn.getTime()) / 86_400_000 }),
  };
}

async function listed<T>(byPage: AsyncIterable<readonly T[]>, keyOf: (item: T) => string | undefined): Promise<Result> {
  const found: string[] = [];
  let pages = 0;
  for await (const page of byPage) {
    pages += 1;
    found.push(...page.map((item) => keyOf(item) ?? ''));
  }
  return { found: found.sort(), pages };
}

function failureOf(error: unknown): Failure {
  const { name, statusCode, code, details, message } = error as {
    readonly name: string;
    readonly statusCode?: number;
    readonly code?: string;
    readonly details?: { readonly error?: { readonly innerError?: { readonly code?: string } } };
    readonly message: string;
  };
  const innerCode = details?.error?.innerError?.code;
  const aadsts = [...new Set(message.match(/AADSTS\d+/g))];
  return {
    type: name,
    ...(statusCode === undefined ? {} : { status: statusCode }),
    ...(code === undefined ? {} : { code }),
    ...(innerCode === undefined ? {} : { innerCode }),
    ...(aadsts.length === 0 ? {} : { aadsts }),
    message,
  };
}
