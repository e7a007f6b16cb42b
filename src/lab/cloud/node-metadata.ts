import { createHash } from 'node:crypto';
import type { Clock, Log, Random } from '#base';
import type { Faults } from '#lab/faults';
import type { WritableAuditLog } from './audit-log.ts';
import type { ClusterSpec, NodeIdentities } from './clusters.ts';
import type { Directory } from './directory.ts';
import type { IdentityTokens } from './entra/index.ts';
import { startMetadataListener } from './gateway/index.ts';
import { createImds, IMDS_HOST, type AssignedIdentities, type NodeFacts } from './imds/index.ts';
import type { CloudService } from './service.ts';

/** What the metadata services of the lab's nodes need. */
export interface NodeMetadataOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly directory: Directory;
  readonly tokens: IdentityTokens;
  readonly audit: WritableAuditLog;
  readonly clusters: () => readonly ClusterSpec[];
  readonly assignedIdentities: (clusterId: string) => NodeIdentities;
  readonly allowInternet?: boolean | undefined;
  readonly upstreamProxy?: string | undefined;
  readonly faults?: Pick<Faults, 'meet'> | undefined;
}

/** The metadata service of one node, on a loopback port of its own. Disposing it closes the port. */
export interface NodeMetadata extends AsyncDisposable {
  readonly port: number;
}

/** The instance metadata services of the lab. */
export interface LabNodes {
  /** For the machine that commands run on: a node of every cluster. */
  readonly machine: { readonly service: CloudService; readonly host: string };
  /** Starts the one of the node of the cluster with this ARM id. */
  startNode(clusterId: string): Promise<NodeMetadata>;
}

/** The metadata services over the identities that ARM has assigned. */
export function createLabNodes(options: NodeMetadataOptions): LabNodes {
  const { directory, clusters, assignedIdentities } = options;
  // A machine without a cluster is in no group and of no scale set.
  const nodeOf = (spec: ClusterSpec | undefined): NodeFacts => {
    const scaleSetId = spec === undefined ? undefined : assignedIdentities(spec.armId).scaleSetId;
    const [, , , , resourceGroup = ''] = scaleSetId?.split('/') ?? [];
    return {
      subscriptionId: directory.subscription.subscriptionId,
      resourceGroup,
      location: spec?.location ?? 'eastus',
      scaleSet: scaleSetId?.split('/').at(-1) ?? '',
      vmId: guidOf(spec?.armId ?? 'machine'),
    };
  };
  const service = (specs: () => readonly ClusterSpec[], identities: () => AssignedIdentities) =>
    createImds({ ...options, identities, node: () => nodeOf(specs()[0]) });
  return {
    machine: {
      host: IMDS_HOST,
      service: service(clusters, () => everyNode(clusters().map(({ armId }) => assignedIdentities(armId)))),
    },
    startNode: (clusterId) =>
      startMetadataListener({
        ...options,
        metadata: {
          host: IMDS_HOST,
          service: service(
            () => clusters().filter(({ armId }) => armId.toLowerCase() === clusterId.toLowerCase()),
            () => assignedIdentities(clusterId),
          ),
        },
      }),
  };
}

/**
 * The identities of all nodes together, for a machine that is no node in truth: people develop on it, signed in as
 * themselves. Its programs must not turn into a kubelet because a cluster is there, so they name the identity they want;
 * only a system-assigned one, which somebody put there on purpose, goes without.
 */
function everyNode(nodes: readonly NodeIdentities[]): AssignedIdentities {
  const own = nodes.flatMap(({ systemAssigned }) => systemAssigned ?? []);
  const [only, ...more] = own;
  return {
    byNameOnly: true,
    systemAssigned: more.length === 0 ? only : undefined,
    userAssigned: [...(more.length === 0 ? [] : own), ...nodes.flatMap(({ userAssigned }) => userAssigned)],
  };
}

function guidOf(text: string): string {
  const hex = createHash('sha256').update(text.toLowerCase()).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
