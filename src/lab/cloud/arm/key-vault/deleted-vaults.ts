import { AzureError } from '../../rest/azure-error.ts';
import { json } from '../../rest/request.ts';
import { forgetVaultContents } from '../../vault/index.ts';
import type { ArmCall, ArmRoute } from '../arm-call.ts';
import type { ArmContext } from '../arm-context.ts';
import { renderResource, type ArmResource } from '../resource-store.ts';

const TYPE = 'Microsoft.KeyVault/deletedVaults';
const DAY_MS = 86_400_000;

/** The vaults that were deleted and can still be recovered. Their contents stay until they are purged. */
export interface DeletedVaults {
  readonly routes: readonly ArmRoute[];
  /** Makes a deleted vault of a vault. */
  bury(vault: ArmResource): void;
  /** The vault as it was before it was deleted. */
  find(name: string): ArmResource | undefined;
  /** Brings the vault back that is deleted under `name`. */
  recover(name: string): void;
}

/** The deleted vaults of the subscription. */
export function createDeletedVaults(context: ArmContext): DeletedVaults {
  const { resources, clock, store, operations } = context;
  const { subscriptionId } = context.directory.subscription;
  const scope = `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/locations`;

  const purge = (grave: ArmResource) => {
    forgetVaultContents(store, grave.name);
    resources.remove(grave.id);
  };
  const all = () => {
    const graves = resources.below(scope, TYPE);
    const isOver = (grave: ArmResource) => Date.parse(String(grave.properties['scheduledPurgeDate'])) <= clock.now();
    graves.filter(isOver).forEach(purge);
    return graves.filter((grave) => !isOver(grave));
  };
  const findGrave = (name: string) => all().find((grave) => grave.name.toLowerCase() === name.toLowerCase());
  const requireGrave = (call: ArmCall): ArmResource => {
    const { location = '', name = '' } = call.params;
    const grave = findGrave(name);
    if (grave === undefined || grave.location !== location.toLowerCase().replaceAll(' ', '')) {
      throw new AzureError(404, 'DeletedVaultNotFound', `The specified deleted vault '${name}' does not exist.`);
    }
    return grave;
  };

  const purgeByCall = (call: ArmCall) => {
    const grave = requireGrave(call);
    if (grave.properties['purgeProtectionEnabled'] === true) {
      throw new AzureError(405, 'MethodNotAllowed', "Operation 'DeletedVaultPurge' is not allowed.");
    }
    const operation = operations.start(`${scope}/${grave.location}`, () => {
      purge(grave);
      return Promise.resolve();
    });
    return operation.accepted(call.url);
  };

  const path = '/subscriptions/:subscription/providers/Microsoft.KeyVault/locations/:location/deletedVaults/:name';
  return {
    find: (name) => findGrave(name)?.internal?.['vault'] as ArmResource | undefined,
    recover: (name) => {
      const grave = findGrave(name);
      if (grave !== undefined) resources.replace(grave.id, grave.internal?.['vault'] as ArmResource);
    },
    bury: (vault) => {
      const days = Number(vault.properties['softDeleteRetentionInDays']);
      resources.replace(vault.id, {
        id: `${scope}/${vault.location}/deletedVaults/${vault.name}`,
        name: vault.name,
        type: TYPE,
        location: vault.location,
        properties: {
          vaultId: vault.id,
          location: vault.location,
          tags: vault.tags ?? {},
          deletionDate: new Date(clock.now()).toISOString(),
          scheduledPurgeDate: new Date(clock.now() + days * DAY_MS).toISOString(),
          ...(vault.properties['enablePurgeProtection'] === true ? { purgeProtectionEnabled: true } : {}),
        },
        internal: { vault },
      });
    },
    routes: [
      {
        method: 'GET',
        path: '/subscriptions/:subscription/providers/Microsoft.KeyVault/deletedVaults',
        operation: 'VaultListDeleted',
        handle: () => json(200, { value: all().map(renderGrave) }),
      },
      {
        method: 'GET',
        path,
        operation: 'VaultGetDeleted',
        handle: (call) => json(200, renderGrave(requireGrave(call))),
      },
      { method: 'POST', path: `${path}/purge`, operation: 'VaultPurge', handle: purgeByCall },
    ],
  };
}

function renderGrave(grave: ArmResource) {
  const { id, name, type, properties } = renderResource(grave);
  return { id, name, type, properties };
}
