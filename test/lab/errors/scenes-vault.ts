import type { VAULT_CAUSES } from './causes-vault.ts';
import { withFault } from './scene-fault.ts';
import type { Scenes, Stage } from './scene.ts';

/** Longer than a mount may wait, so that it says why it gave up. */
const THROTTLED_SECONDS = 90;
const UNKNOWN_VERSION = '0123456789abcdef0123456789abcdef';

/** How each of {@link VAULT_CAUSES} is made and mended. */
export const VAULT_SCENES: Scenes<(typeof VAULT_CAUSES)[number]['id']> = {
  'policy-none': [
    { variant: 'at-all', policy: () => null, values: vaultOf, mend: (stage) => stage.setPolicy() },
    { variant: 'client-id', policy: ({ clientId }) => clientId, values: vaultOf, mend: (stage) => stage.setPolicy() },
  ],
  'role-none': [
    {
      variant: 'at-all',
      break: useRoles,
      mend: async (stage) => assignRole(stage, await vaultId(stage)),
    },
    {
      variant: 'other-scope',
      break: async (stage) => {
        await useRoles(stage);
        await assignRole(stage, `${await vaultId(stage)}/secrets/Other`);
      },
      mend: async (stage) => assignRole(stage, `${await vaultId(stage)}/secrets/Fine`),
    },
  ],
  'secret-missing': [
    {
      variant: 'not-set',
      secrets: ['Later'],
      values: () => ({ secret: 'Later' }),
      mend: ({ lab, vault }) => lab.az(`az keyvault secret set --vault-name ${vault} -n Later --value v`),
    },
    {
      variant: 'deleted',
      break: ({ lab, vault }) => lab.az(`az keyvault secret delete --vault-name ${vault} -n Fine`),
      values: () => ({ secret: 'Fine' }),
      mend: ({ lab, vault }) => lab.az(`az keyvault secret recover --vault-name ${vault} -n Fine`),
    },
    {
      variant: 'version',
      parameters: () => ({ objects: fineWith(`objectVersion: ${UNKNOWN_VERSION}`) }),
      values: () => ({ secret: `Fine/${UNKNOWN_VERSION}` }),
      mend: (stage) => stage.setParameters({ objects: fineWith() }),
    },
  ],
  'secret-disabled': {
    break: ({ lab, vault }) =>
      lab.az(`az keyvault secret set-attributes --vault-name ${vault} -n Fine --enabled false`),
    mend: ({ lab, vault }) => lab.az(`az keyvault secret set-attributes --vault-name ${vault} -n Fine --enabled true`),
  },
  'vault-unknown': {
    parameters: () => ({ keyvaultName: 'kv-that-is-not-there' }),
    values: () => ({ vault: 'kv-that-is-not-there' }),
    mend: (stage) => stage.setParameters({ keyvaultName: stage.vault }),
  },
  'vault-unavailable': withFault(({ vault }) => ({
    host: `${vault}.vault.azure.net`,
    effect: { kind: 'status', status: 503 },
  })),
  'vault-unreachable': withFault(({ vault }) => ({ host: `${vault}.vault.azure.net`, effect: { kind: 'reset' } })),
  'vault-throttled': {
    break: ({ lab: { lab }, vault }) =>
      lab.control.faults.add({
        host: `${vault}.vault.azure.net`,
        effect: { kind: 'status', status: 429, retryAfterSeconds: THROTTLED_SECONDS },
      }),
    mend: async ({ lab: { lab }, vault }) => {
      const faults = await lab.control.faults.list();
      const ids = faults.filter(({ host }) => host.startsWith(vault)).map(({ id }) => id);
      await lab.control.faults.clear(ids);
      // Nobody asks the vault again before the time that it wanted to be left alone.
      await lab.control.clock.advance(THROTTLED_SECONDS * 1000);
    },
    alone: true,
  },
  'vault-firewall': {
    break: ({ lab, vault }) => lab.az(`az keyvault update -n ${vault} --default-action Deny`),
    mend: ({ lab, vault }) => lab.az(`az keyvault network-rule add -n ${vault} --ip-address 127.0.0.1`),
  },
  'vault-private': {
    break: ({ lab, vault }) => lab.az(`az keyvault update -n ${vault} --public-network-access Disabled`),
    mend: ({ lab, vault }) => lab.az(`az keyvault update -n ${vault} --public-network-access Enabled`),
  },
};

/** An `objects` text with the secret `Fine` and further fields. */
function fineWith(...fields: readonly string[]): string {
  const lines = ['objectName: Fine', 'objectType: secret', ...fields];
  return `array:\n  - |\n${lines.map((line) => `    ${line}\n`).join('')}`;
}

function vaultOf({ vault }: Stage): Readonly<Record<string, string>> {
  return { vault };
}

function vaultId({ lab, vault }: Stage): Promise<string> {
  return lab.az(`az keyvault show -n ${vault} --query id -o tsv`);
}

function useRoles({ lab, vault }: Stage): Promise<string> {
  return lab.az(`az keyvault update -n ${vault} --enable-rbac-authorization true`);
}

function assignRole({ lab, principalId }: Stage, scope: string): Promise<string> {
  return lab.az(
    `az role assignment create --role 4633458b-17de-408a-b874-0445c86b69e6 --assignee-object-id ${principalId} --assignee-principal-type ServicePrincipal --scope ${scope}`,
  );
}
