/** A cluster under test with what all scenarios share in Azure, and the questions that they ask of both. */
import type { AuditRecord } from '#lab/cloud';
import { createLeakSearch, type LeakSearch } from '../../support/leak-search.ts';
import type { ClusterUnderTest, Ended } from './cluster.ts';

const GROUP = 'scenarios';
const IDENTITY = 'reader';
/** The vault that all scenarios read. */
export const VAULT = 'kv-scenarios';

/** See {@link openStage}. */
export interface Stage {
  readonly cluster: ClusterUnderTest;
  readonly tenantId: string;
  /** The identity that may get the secrets of {@link VAULT}. */
  readonly clientId: string;
  /** Every value that was ever put into the vault. */
  readonly leaks: LeakSearch;
  /** Runs a program; throws with what it said when it fails. */
  must(command: readonly string[], input?: string): Promise<string>;
  az(command: string): Promise<string>;
  /** kubectl with these arguments; what it prints. Throws when it fails. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** What `kubectl get … -o json` prints. */
  getJson<T>(...args: readonly string[]): Promise<T>;
  /** Sets a secret of {@link VAULT} and answers its version. A value has at least eight characters, so that it can be looked for. */
  setSecret(name: string, value: string): Promise<string>;
  /** Lets a service account act as the identity. */
  trust(namespace: string, serviceAccount: string): Promise<void>;
  /** Takes back what {@link Stage.trust} let the accounts of a namespace do: an identity has room for twenty. */
  distrust(namespace: string): Promise<void>;
  /** Every vault answers 503, or none any more. */
  vaultsDown(down: boolean): Promise<void>;
  /** What Azure was asked, oldest first. */
  audit(): Promise<readonly AuditRecord[]>;
}

/** Makes the vault and the identity that the scenarios share. */
export async function openStage(cluster: ClusterUnderTest): Promise<Stage> {
  const must = async (command: readonly string[], input?: string) => {
    const ended = await cluster.run(command, input === undefined ? {} : { input });
    if (ended.exitCode !== 0) throw new Error(`${command.join(' ')}: ${said(ended)}`);
    return ended.out.trim();
  };
  const az = (command: string) => must(['az', ...command.split(' ')]);
  const kubectl = (...args: readonly string[]) => must(['kubectl', ...args]);
  const leaks = createLeakSearch();
  const credential = 'identity federated-credential';
  const ofIdentity = `-g ${GROUP} --identity-name ${IDENTITY}`;
  // Names of credentials, by namespace.
  const trusted = new Map<string, string[]>();

  await az(`group create -n ${GROUP} -l eastus`);
  await az(`keyvault create -g ${GROUP} -n ${VAULT} -l eastus --enable-rbac-authorization false`);
  const identity = JSON.parse(await az(`identity create -g ${GROUP} -n ${IDENTITY}`)) as {
    readonly clientId: string;
    readonly principalId: string;
  };
  await az(`keyvault set-policy -n ${VAULT} --object-id ${identity.principalId} --secret-permissions get`);

  return {
    cluster,
    tenantId: await az('account show --query tenantId -o tsv'),
    clientId: identity.clientId,
    leaks,
    must,
    az,
    kubectl,
    getJson: async <T>(...args: readonly string[]) => JSON.parse(await kubectl('get', ...args, '-o', 'json')) as T,
    async setSecret(name, value) {
      leaks.know(`the secret ${name}`, value);
      const set = ['az', 'keyvault', 'secret', 'set', '--vault-name', VAULT, '-n', name, '--value', value];
      const id = await must([...set, '--query', 'id', '-o', 'tsv']);
      return id.split('/').at(-1) ?? '';
    },
    async trust(namespace, serviceAccount) {
      const name = `${namespace}-${serviceAccount}`;
      await az(
        `${credential} create ${ofIdentity} -n ${name} --issuer ${cluster.issuer} --subject system:serviceaccount:${namespace}:${serviceAccount} --audiences api://AzureADTokenExchange`,
      );
      trusted.set(namespace, [...(trusted.get(namespace) ?? []), name]);
    },
    async distrust(namespace) {
      for (const name of trusted.get(namespace) ?? []) await az(`${credential} delete ${ofIdentity} -n ${name} --yes`);
      trusted.delete(namespace);
    },
    async vaultsDown(down) {
      const how = down ? ['add', '--host', '*.vault.azure.net', '--status', '503'] : ['clear'];
      await must(['keyferry', 'lab', 'fault', ...how]);
    },
    async audit() {
      const text = await must(['keyferry', 'lab', 'audit', '--output', 'json']);
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as AuditRecord);
    },
  };
}

/** What a program said as it failed. */
function said({ exitCode, out, err }: Ended): string {
  return `exit code ${exitCode}: ${err.trim() || out.trim()}`;
}
