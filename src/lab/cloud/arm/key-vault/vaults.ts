import { AzureError } from '../../rest/azure-error.ts';
import { empty, json, objectOr, textOr, type JsonObject } from '../../rest/request.ts';
import type { VaultRegistry } from '../../vault/index.ts';
import type { ArmCall } from '../arm-call.ts';
import type { ArmContext, ResourceType } from '../arm-context.ts';
import { badRequest } from '../arm-errors.ts';
import { renderResource, type ArmResource } from '../resource-store.ts';
import { parseTags } from '../resource-tags.ts';
import { parseTracked, placeOf, readRoutes, requireResource, resourcePath, type Place } from '../tracked-resources.ts';
import { parseAccessPolicies, POLICY_CHANGES, storedPolicies } from './access-policies.ts';
import { createDeletedVaults } from './deleted-vaults.ts';
import {
  checkVaultName,
  parseVaultProperties,
  patchVaultProperties,
  vaultNameProblem,
  vaultRecord,
} from './vault-properties.ts';

/** The type of vaults. */
export const VAULT_TYPE = 'Microsoft.KeyVault/vaults';

/** The resource type of vaults, and the registry that the data plane reads. */
export interface Vaults extends ResourceType {
  readonly registry: VaultRegistry;
}

/** Vaults: their properties, access policies, deletion and recovery. */
export function createVaults(context: ArmContext): Vaults {
  const { resources } = context;
  const deleted = createDeletedVaults(context);
  // Names are unique in all of Azure, so they alone find a vault.
  const idByName = new Map<string, string>(
    resources.below('/subscriptions', VAULT_TYPE).map((vault) => [vault.name.toLowerCase(), vault.id]),
  );
  const findByName = (name: string): ArmResource | undefined => {
    const id = idByName.get(name.toLowerCase());
    return id === undefined ? undefined : resources.get(id);
  };
  const keep = (vault: ArmResource) => {
    resources.put(vault);
    idByName.set(vault.name.toLowerCase(), vault.id);
  };

  const put = async (call: ArmCall) => {
    const body = await call.body();
    const place = placeOf(context, VAULT_TYPE, call);
    checkVaultName(place.name);
    const sent = objectOr(body['properties']);
    if (sent['createMode'] === 'recover') return recover(place);
    if (place.existing === undefined) refuseTakenName(place.name);
    const { location, tags } = parseTracked(place, VAULT_TYPE, body);
    const properties = parseVaultProperties(
      place.name,
      body['properties'],
      place.existing?.properties,
      call.apiVersion,
    );
    if (place.existing !== undefined) checkModelChange(context, call, place.existing, properties);
    const vault: ArmResource = { id: place.id, name: place.name, type: VAULT_TYPE, location, tags, properties };
    keep(vault);
    return json(place.existing === undefined ? 201 : 200, renderResource(vault));
  };

  const refuseTakenName = (name: string) => {
    if (findByName(name) !== undefined) throw vaultAlreadyExists(name);
    if (deleted.find(name) !== undefined) throw deletedVaultHasName();
  };

  const recover = (place: Place) => {
    const vault = deleted.find(place.name);
    if (vault === undefined || vault.id.toLowerCase() !== place.id.toLowerCase()) {
      throw new AzureError(404, 'DeletedVaultNotFound', `The specified deleted vault '${place.name}' does not exist.`);
    }
    deleted.recover(place.name);
    idByName.set(vault.name.toLowerCase(), vault.id);
    return json(200, renderResource(vault));
  };

  const patch = async (call: ArmCall) => {
    const body = await call.body();
    const before = requireResource(context, VAULT_TYPE, call);
    const sent = objectOr(body['properties']);
    const properties = patchVaultProperties(before.name, sent, before.properties, call.apiVersion);
    checkModelChange(context, call, before, properties);
    const vault = {
      ...before,
      ...(body['tags'] === undefined ? {} : { tags: parseTags(body['tags']) }),
      properties,
    };
    keep(vault);
    return json(200, renderResource(vault));
  };

  const changePolicies = async (call: ArmCall) => {
    const body = await call.body();
    const vault = requireResource(context, VAULT_TYPE, call);
    const kind = call.params['kind']?.toLowerCase();
    if (kind !== 'add' && kind !== 'replace' && kind !== 'remove') {
      throw badRequest(`The access policy operation '${kind ?? ''}' is none of add, replace, remove.`);
    }
    const sent = parseAccessPolicies(objectOr(body['properties'])['accessPolicies']);
    const accessPolicies = POLICY_CHANGES[kind](storedPolicies(vault.properties), sent);
    keep({ ...vault, properties: { ...vault.properties, accessPolicies } });
    return json(200, {
      id: `${vault.id}/accessPolicies/`,
      type: `${VAULT_TYPE}/accessPolicies`,
      location: vault.location,
      properties: { accessPolicies },
    });
  };

  const destroy = (vault: ArmResource): Promise<void> => {
    deleted.bury(vault);
    idByName.delete(vault.name.toLowerCase());
    return Promise.resolve();
  };

  const remove = async (call: ArmCall) => {
    const { existing } = placeOf(context, VAULT_TYPE, call);
    if (existing === undefined) return empty(204);
    await destroy(existing);
    return empty(200);
  };

  const checkName = async (call: ArmCall) => {
    const name = textOr((await call.body())['name'], '');
    try {
      checkVaultName(name);
      refuseTakenName(name);
    } catch (error) {
      if (!(error instanceof AzureError)) throw error;
      const invalid = error.code === 'VaultNameNotValid';
      return json(200, {
        nameAvailable: false,
        reason: invalid ? 'AccountNameInvalid' : 'AlreadyExists',
        message: invalid ? vaultNameProblem(name) : error.message,
      });
    }
    return json(200, { nameAvailable: true });
  };

  const path = resourcePath(VAULT_TYPE);
  return {
    type: VAULT_TYPE,
    destroy,
    registry: {
      find: (name) => {
        const vault = findByName(name);
        return vault === undefined ? undefined : vaultRecord(vault);
      },
    },
    routes: [
      ...readRoutes(context, VAULT_TYPE, 'Vault'),
      { method: 'PUT', path, operation: 'VaultPut', handle: put },
      { method: 'PATCH', path, operation: 'VaultPatch', handle: patch },
      { method: 'DELETE', path, operation: 'VaultDelete', handle: remove },
      { method: 'PUT', path: `${path}/accessPolicies/:kind`, operation: 'VaultPatch', handle: changePolicies },
      {
        method: 'POST',
        path: '/subscriptions/:subscription/providers/Microsoft.KeyVault/checkNameAvailability',
        operation: 'VaultCheckName',
        handle: checkName,
      },
      {
        method: 'POST',
        path: '/subscriptions/:subscription/providers/Microsoft.KeyVault/checkMhsmNameAvailability',
        operation: 'ManagedHsmCheckName',
        handle: () => json(200, { nameAvailable: true }),
      },
      // az lists these beside the vaults, and beside the deleted ones.
      ...['managedHSMs', 'deletedManagedHSMs'].map((kind) => ({
        method: 'GET' as const,
        path: `/subscriptions/:subscription/providers/Microsoft.KeyVault/${kind}`,
        operation: 'ManagedHsmList',
        handle: () => json(200, { value: [] }),
      })),
      ...deleted.routes,
    ],
  };
}

/**
 * Between roles and access policies changes only who may assign any role: a Contributor writes access policies, and could
 * let itself in so (Key Vault documentation, "Enable Azure RBAC permissions on Key Vault"). Throws 403 InsufficientPermissions.
 */
function checkModelChange({ access }: ArmContext, { token }: ArmCall, vault: ArmResource, wanted: JsonObject): void {
  if (vault.properties['enableRbacAuthorization'] === wanted['enableRbacAuthorization']) return;
  const action = 'Microsoft.Authorization/roleAssignments/write';
  const roles = access.rolesFor(token.objectId, { plane: 'control', action }, vault.id);
  if (roles.some(({ assignsOnly }) => assignsOnly === undefined)) return;
  throw new AzureError(
    403,
    'InsufficientPermissions',
    'Caller is not allowed to change permission model. For more information on how to change the permissions model ' +
      `follow this link: https://go.microsoft.com/fwlink/?linkid=2155160. Details: oid=${token.objectId}; ` +
      `action=${action}; resource=${vault.id}; decision=NotAllowed;`,
  );
}

function vaultAlreadyExists(name: string): AzureError {
  return new AzureError(
    409,
    'VaultAlreadyExists',
    `The vault name '${name}' is already in use. Vault names are globally unique so it is possible that the name is ` +
      'already taken. If you are sure that the vault name was not taken then it is possible that a vault with the same ' +
      'name was recently deleted but not purged after being placed in a recoverable state. If the vault is in a ' +
      'recoverable state then the vault will need to be purged before reusing the name. For more information about ' +
      'VaultAlreadyExists, follow this link: https://go.microsoft.com/fwlink/?linkid=2147740',
  );
}

function deletedVaultHasName(): AzureError {
  return new AzureError(
    409,
    'ConflictError',
    'A vault with the same name already exists in deleted state. You need to either recover or purge existing key ' +
      'vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.',
  );
}
