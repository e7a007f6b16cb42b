import type { PodSummary } from '#lab/cluster';
import { renderFault, type Fault } from '#lab/faults';
import { renderClock, type ClockReport } from './timekeeper.ts';

/** One cluster as `lab status` shows it. */
export interface ClusterSummary {
  readonly name: string;
  readonly resourceGroup: string;
  readonly url: string;
  readonly issuerUrl: string;
  /** Whether the Key Vault add-on is on, and whether its node process runs. */
  readonly secretsProvider: 'off' | 'running' | 'starting' | 'restarting';
  readonly pods: readonly PodSummary[];
}

/** What a running lab consists of; `--output json` prints it as it is. */
export interface LabStatus {
  readonly version: string;
  /** The state folder; with `ephemeral` it goes away when the lab ends. */
  readonly state: string;
  readonly ephemeral: boolean;
  readonly clock: ClockReport;
  readonly gateway: { readonly port: number; readonly proxyUrl: string };
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly clusters: readonly ClusterSummary[];
  readonly vaults: readonly { readonly name: string; readonly resourceGroup: string; readonly secrets: number }[];
  readonly identities: readonly {
    readonly name: string;
    readonly clientId: string;
    readonly principalId: string;
    readonly federatedCredentials: number;
  }[];
  /** What goes wrong on purpose now. */
  readonly faults: readonly Fault[];
}

/** The status as text for a person. */
export function renderStatus(status: LabStatus): string {
  const lines = [
    `lab        ${status.state}${status.ephemeral ? ' (ephemeral)' : ''}`,
    ...(status.clock.offsetMs === 0 ? [] : [`clock      ${renderClock(status.clock)}`]),
    `gateway    ${status.gateway.proxyUrl}`,
    `tenant     ${status.tenantId}`,
    `subscription ${status.subscriptionId}`,
    ...(status.faults.length === 0 ? [] : [`faults     ${status.faults.map(renderFault).join('; ')}`]),
    ...section(
      'clusters',
      status.clusters.flatMap((cluster) => [
        `${cluster.name}  ${cluster.url}  group ${cluster.resourceGroup}  secrets provider ${cluster.secretsProvider}`,
        ...cluster.pods.map(
          (pod) => `  pod ${pod.namespace}/${pod.name}  ${pod.reason ?? pod.phase}${pod.ready ? '  ready' : ''}`,
        ),
      ]),
    ),
    ...section(
      'vaults',
      status.vaults.map((vault) => `${vault.name}  group ${vault.resourceGroup}  ${count(vault.secrets, 'secret')}`),
    ),
    ...section(
      'identities',
      status.identities.map(
        (identity) =>
          `${identity.name}  client ${identity.clientId}  principal ${identity.principalId}  ${count(identity.federatedCredentials, 'federated credential')}`,
      ),
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [`${title}   none`] : [title, ...lines.map((line) => `  ${line}`)];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
