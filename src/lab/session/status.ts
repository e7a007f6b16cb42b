import type { ListenAddress, MappedIssuer, VaultSummary } from '#lab/cloud';
import type { PodSummary } from '#lab/cluster';
import { renderFault, type Fault } from '#lab/faults';
import { renderClock, type ClockReport } from './timekeeper.ts';

/** One cluster as `lab status` shows it. */
export interface ClusterSummary {
  readonly name: string;
  readonly resourceGroup: string;
  readonly url: string;
  readonly issuerUrl: string;
  /** How far the driver is, whether the add-on or a person has installed it. */
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
  /** There in a lab of Azure's side only: where a cluster outside finds the gateway, and whose tokens are known. */
  readonly cloudOnly?: { readonly listens: ListenAddress | undefined; readonly issuers: readonly MappedIssuer[] };
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly clusters: readonly ClusterSummary[];
  readonly vaults: readonly VaultSummary[];
  readonly identities: readonly {
    readonly name: string;
    readonly clientId: string;
    readonly principalId: string;
    readonly federatedCredentials: number;
  }[];
  /** What goes wrong on purpose now. */
  readonly faults: readonly Fault[];
}

/** How parts of the status are told apart; each is given plain text. */
export interface StatusPaint {
  title(text: string): string;
  faint(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  key(text: string): string;
}

const TROUBLES: Readonly<Record<NonNullable<PodSummary['trouble']>, string>> = {
  'refresh-fails': 'keeps old files: its refreshes fail',
  'secret-sync-fails': 'its Kubernetes Secrets cannot be synced',
};

const PLAIN: StatusPaint = { title: same, faint: same, good: same, bad: same, key: same };

/** The status as text for a person; what needs their attention first where it can be. */
export function renderStatus(status: LabStatus, paint: StatusPaint = PLAIN): string {
  const { title, faint, bad } = paint;
  const fact = (name: string, value: string) => `${faint(name.padEnd(12))}  ${value}`;
  const lines = [
    fact('lab', `${title(status.state)}${status.ephemeral ? ' (ephemeral)' : ''}`),
    ...(status.clock.offsetMs === 0 ? [] : [fact('clock', renderClock(status.clock))]),
    fact('gateway', status.gateway.proxyUrl),
    ...cloudOnlyFacts(status).map(([name, value]) => fact(name, value)),
    fact('tenant', status.tenantId),
    fact('subscription', status.subscriptionId),
    ...status.faults.map((fault) => fact('fault', bad(renderFault(fault)))),
    ...(status.cloudOnly === undefined
      ? section(
          paint,
          'clusters',
          status.clusters.flatMap((cluster) => renderCluster(cluster, paint)),
        )
      : []),
    ...section(
      paint,
      'vaults',
      columns(status.vaults.map((vault) => [vault.name, contentsOf(vault), `group ${vault.resourceGroup}`])),
    ),
    ...section(
      paint,
      'identities',
      columns(
        status.identities.map((identity) => [
          identity.name,
          `client ${identity.clientId}`,
          `principal ${identity.principalId}`,
          count(identity.federatedCredentials, 'federated credential'),
        ]),
      ),
    ),
  ];
  return `${lines.join('\n')}\n`;
}

/** Of a lab of Azure's side only. */
function cloudOnlyFacts({ cloudOnly }: LabStatus): [name: string, value: string][] {
  if (cloudOnly === undefined) return [];
  const { listens, issuers } = cloudOnly;
  return [
    ['listens', listens === undefined ? 'on this machine only' : renderAddress(listens)],
    ['clusters', 'none of its own (--cloud-only)'],
    ...issuers.map(({ issuer, from }): [string, string] => ['issuer', `${issuer} from ${from}`]),
  ];
}

/** `host:port`, with brackets around an IPv6 address. */
export function renderAddress({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function renderCluster(cluster: ClusterSummary, { title, faint, good, bad, key }: StatusPaint): string[] {
  const { name, pods, secretsProvider, url, resourceGroup } = cluster;
  const done = pods.filter(({ phase }) => phase === 'Succeeded');
  const ready = pods.filter((pod) => pod.ready);
  const troubled = ready.filter(({ trouble }) => trouble !== undefined);
  const waiting = pods.filter((pod) => !pod.ready && !done.includes(pod));
  const worst = waiting[0] ?? troubled[0];
  const provider = `secrets provider ${secretsProvider}`;
  const inPods = [
    ...waiting.map((pod) => ({ pod, state: 'waits', paint: bad })),
    ...troubled.map((pod) => ({ pod, state: 'ready', paint: bad })),
    ...ready.filter((pod) => !troubled.includes(pod)).map((pod) => ({ pod, state: 'ready', paint: good })),
    ...done.map((pod) => ({ pod, state: 'done', paint: faint })),
  ];
  const width = Math.max(0, ...pods.map((pod) => pod.namespace.length + pod.name.length + 1));
  return [
    `${title(name)}  ${ready.length} of ${count(pods.length, 'pod')} ready  ` +
      `${secretsProvider === 'off' || secretsProvider === 'running' ? provider : bad(provider)}  ` +
      faint(`group ${resourceGroup}  ${url}`),
    ...inPods.map(({ pod, state, paint }) => {
      const why =
        state === 'waits' ? (pod.reason ?? pod.phase) : pod.trouble === undefined ? '' : TROUBLES[pod.trouble];
      return `  ${paint(state.padEnd(5))}  ${`${pod.namespace}/${pod.name}`.padEnd(width)}  ${why}`.trimEnd();
    }),
    ...(worst === undefined
      ? []
      : [`  ${faint('why:')} ${key(`keyferry lab trace ${worst.name} -n ${worst.namespace}`)}`]),
  ];
}

/** What is in a vault: its secrets always, keys and certificates where there are any. */
function contentsOf({ secrets, keys, certificates }: VaultSummary): string {
  return [
    count(secrets, 'secret'),
    ...(keys === 0 ? [] : [count(keys, 'key')]),
    ...(certificates === 0 ? [] : [count(certificates, 'certificate')]),
  ].join(', ');
}

function section({ faint, title }: StatusPaint, name: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [`${faint(name.padEnd(12))}  none`] : [title(name), ...lines.map((line) => `  ${line}`)];
}

/** Rows with their cells below each other. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function same(text: string): string {
  return text;
}
