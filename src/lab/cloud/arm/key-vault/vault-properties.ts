import { AzureError } from '../../rest/azure-error.ts';
import { isObject, objectOr, type JsonObject } from '../../rest/request.ts';
import type { VaultRecord } from '../../vault/index.ts';
import { badRequest } from '../arm-errors.ts';
import type { ArmResource } from '../resource-store.ts';
import { parseNetworkAcls, parsePublicAccess, vaultNetwork } from './network-rules.ts';
import { invalid, parseAccessPolicies, parseGuid, storedPolicies } from './access-policies.ts';

const NAME = /^(?=.{3,24}$)[A-Za-z](?:-?[A-Za-z0-9])*$/;
const [MIN_RETENTION_DAYS, MAX_RETENTION_DAYS] = [7, 90];
/** From this api-version on, a vault that says nothing gets RBAC instead of access policies (Key Vault documentation). */
const RBAC_BY_DEFAULT_SINCE = '2026-02-01';

/** Throws 400 VaultNameNotValid, with Azure's text, unless `name` may name a vault. */
export function checkVaultName(name: string): void {
  if (NAME.test(name)) return;
  throw new AzureError(400, 'VaultNameNotValid', vaultNameProblem(name));
}

/** Why a vault cannot be named `name`, as Azure words it. */
export function vaultNameProblem(name: string): string {
  return (
    `The vault name '${name}' is invalid. A vault's name must be between 3-24 alphanumeric characters. The name must ` +
    'begin with a letter, end with a letter or digit, and not contain consecutive hyphens. Follow this link for more ' +
    'information: https://go.microsoft.com/fwlink/?linkid=2147742'
  );
}

/**
 * The properties that a PUT gives a vault. What Azure holds to be immutable, irreversible or its own to say stays as it
 * was. Throws 400 that names what is missing or has no valid value.
 */
export function parseVaultProperties(
  name: string,
  sent: unknown,
  before: JsonObject | undefined,
  apiVersion: string,
): JsonObject {
  if (!isObject(sent)) throw badRequest("The parameter 'properties' is not specified.");
  const tenantId = parseGuid('tenantId', sent['tenantId']);
  const rbac =
    optionalBoolean('enableRbacAuthorization', sent) ??
    before?.['enableRbacAuthorization'] ??
    apiVersion >= RBAC_BY_DEFAULT_SINCE;
  if (sent['accessPolicies'] === undefined && rbac !== true) throw invalid('accessPolicies');
  return {
    ...optionalParts(sent),
    sku: parseSku(sent['sku']),
    tenantId,
    accessPolicies: parseAccessPolicies(sent['accessPolicies'] ?? []),
    enabledForDeployment: optionalBoolean('enabledForDeployment', sent) ?? false,
    enableSoftDelete: parseSoftDelete(sent, before),
    softDeleteRetentionInDays: parseRetention(sent, before),
    enableRbacAuthorization: rbac,
    ...(parsePurgeProtection(sent, before) ? { enablePurgeProtection: true } : {}),
    vaultUri: `https://${name.toLowerCase()}.vault.azure.net/`,
    provisioningState: 'Succeeded',
    publicNetworkAccess: parsePublicAccess(sent['publicNetworkAccess']),
  };
}

/** The properties that a PATCH makes of those of a vault. */
export function patchVaultProperties(
  name: string,
  sent: JsonObject,
  before: JsonObject,
  apiVersion: string,
): JsonObject {
  return parseVaultProperties(name, { ...before, ...sent }, before, apiVersion);
}

/** What the data plane needs to know of a stored vault. */
export function vaultRecord(vault: ArmResource): VaultRecord {
  const { properties } = vault;
  return {
    name: vault.name,
    armId: vault.id,
    tenantId: String(properties['tenantId']),
    location: vault.location,
    sku: objectOr(properties['sku'])['name'] === 'premium' ? 'premium' : 'standard',
    rbac: properties['enableRbacAuthorization'] === true,
    accessPolicies: storedPolicies(properties),
    softDeleteRetentionDays: Number(properties['softDeleteRetentionInDays']),
    purgeProtection: properties['enablePurgeProtection'] === true,
    network: vaultNetwork(properties),
  };
}

function optionalParts(sent: JsonObject): JsonObject {
  const networkAcls = parseNetworkAcls(sent['networkAcls']);
  const switches = ['enabledForDiskEncryption', 'enabledForTemplateDeployment'].flatMap((name) => {
    const value = optionalBoolean(name, sent);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...(networkAcls === undefined ? {} : { networkAcls }), ...Object.fromEntries(switches) };
}

function parseSku(value: unknown): JsonObject {
  const { family, name } = objectOr(value);
  if (typeof family !== 'string' || family.toUpperCase() !== 'A') throw invalid('sku.family');
  const tier = typeof name === 'string' ? name.toLowerCase() : '';
  if (tier !== 'standard' && tier !== 'premium') throw invalid('sku.name');
  return { family: 'A', name: tier };
}

function parseRetention(sent: JsonObject, before: JsonObject | undefined): number {
  const set = before?.['softDeleteRetentionInDays'];
  const days = sent['softDeleteRetentionInDays'] ?? set ?? MAX_RETENTION_DAYS;
  if (typeof days !== 'number' || !Number.isInteger(days) || days < MIN_RETENTION_DAYS || days > MAX_RETENTION_DAYS) {
    throw invalid('softDeleteRetentionInDays');
  }
  if (set !== undefined && set !== days) {
    throw badRequest('The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.');
  }
  return days;
}

// A new vault has it whatever it asks for: it can no longer be left out (Key Vault documentation).
function parseSoftDelete(sent: JsonObject, before: JsonObject | undefined): true {
  if (optionalBoolean('enableSoftDelete', sent) === false && before !== undefined) {
    throw badRequest(
      'The property "enableSoftDelete" cannot be set to false. Enabling the soft delete for a vault is an irreversible action.',
    );
  }
  return true;
}

function parsePurgeProtection(sent: JsonObject, before: JsonObject | undefined): boolean {
  const wanted = optionalBoolean('enablePurgeProtection', sent);
  if (wanted === false) {
    throw badRequest(
      'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an ' +
        'irreversible action.',
    );
  }
  return wanted ?? before?.['enablePurgeProtection'] === true;
}

function optionalBoolean(name: string, sent: JsonObject): boolean | undefined {
  const value = sent[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw invalid(name);
  return value;
}
