import type { RequestListener } from 'node:http';
import { createDisposeStack, KeyferryError, type Clock, type Log, type Random, type Secret } from '#base';
import type { Faults } from '#lab/faults';
import { machineTime } from '#lab/clock';
import type { Store } from '#lab/store';
import { cloudHosts, type CloudHosts } from './azure-clouds.ts';
import { createArm, type ArmService } from './arm/index.ts';
import { createAuditLog } from './audit-log.ts';
import { createChartRepositories } from './charts/index.ts';
import type { ClusterHost, ClusterSpec } from './clusters.ts';
import { openDirectory, type LabDirectory } from './directory-store.ts';
import { openEntra } from './entra/index.ts';
import { openLabAuthority, startGateway, type Gateway, type ListenAddress } from './gateway/index.ts';
import { createGraph } from './graph/index.ts';
import { IMDS_HOST } from './imds/index.ts';
import { createIssuerMap, type MappedIssuer } from './issuer-map/index.ts';
import { createIssuerService } from './issuer-service.ts';
import { createLabNodes, type NodeMetadata } from './node-metadata.ts';
import { createOutbound } from './outbound.ts';
import type { AuditLog } from './service.ts';
import { createVaultService } from './vault/index.ts';
import { countVaultContents } from './vault/vault-contents.ts';

/** What the emulated Azure is started with. */
export interface CloudOptions {
  /** What must survive a restart: the directory, ARM's resources, vaults' contents, and the lab's own keys. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Runs the Kubernetes behind managed clusters. */
  readonly clusters: ClusterHost;
  /** The gateway's port; any free one when it is taken or not given. */
  readonly port?: number;
  /** Whether the gateway reaches hosts that the lab does not serve. Default false. */
  readonly allowInternet?: boolean;
  /** The HTTPS_PROXY that was set before: used with `allowInternet` only. */
  readonly upstreamProxy?: string;
  /** Another address for the gateway to listen on, for clients on other machines. Default: none. */
  readonly outside?: ListenAddress | undefined;
  /** Issuers whose documents are read somewhere else than at their own address. Default: none, and none can be. */
  readonly mappedIssuers?: readonly MappedIssuer[] | undefined;
  /** Answers plain HTTP requests to the gateway's own port: the session's control interface. */
  readonly control?: RequestListener;
  /** The folder of Keyferry's chart, served under upstream's addresses. Default: no chart repositories. */
  readonly chartFolder?: string | undefined;
  /** What goes wrong on purpose. Default: nothing. */
  readonly faults?: Pick<Faults, 'meet'> | undefined;
}

/** A vault and how much is in it; the keys and secrets of certificates are not counted. */
export interface VaultSummary {
  readonly name: string;
  readonly resourceGroup: string;
  readonly secrets: number;
  readonly keys: number;
  readonly certificates: number;
}

/** What the emulated Azure holds, for a person. */
export interface CloudStatus {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly vaults: readonly VaultSummary[];
  readonly identities: readonly {
    readonly name: string;
    readonly clientId: string;
    readonly principalId: string;
    /** How many it has. */
    readonly federatedCredentials: number;
  }[];
  readonly clusters: readonly {
    readonly name: string;
    readonly resourceGroup: string;
    readonly issuerUrl: string;
  }[];
}

/** The emulated Azure, running. Disposing it closes the gateway and waits for what is under way. */
export interface Cloud extends AsyncDisposable {
  readonly gateway: Pick<Gateway, 'port' | 'proxyUrl' | 'outside'>;
  /** The certificate that clients must trust. */
  readonly caPem: string;
  readonly directory: LabDirectory;
  readonly audit: AuditLog;
  /** What the gateway answers for. */
  readonly hosts: CloudHosts;
  /** Signs the directory's user in: the refresh token that Entra ID would answer, a new one each call. */
  signInUser(): Secret<string>;
  /** The managed clusters that ARM has kept: the session starts them again. */
  clusters(): readonly ClusterSpec[];
  /** Starts the instance metadata service of the node of the cluster with this ARM id, for its pods. */
  startNodeMetadata(clusterId: string): Promise<NodeMetadata>;
  status(): CloudStatus;
}

/** Starts the emulated Azure behind one gateway on 127.0.0.1. An empty store gets a tenant, a subscription and a user. */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const { store, clock, random, log } = options;
  const stack = createDisposeStack();
  try {
    const directory = openDirectory(store, random);
    const audit = createAuditLog({ clock, nameOf: (objectId) => directory.byObjectId(objectId)?.displayName });
    const authority = await openLabAuthority(store, { clock: machineTime(clock), random });
    let gateway: Gateway | undefined;
    const proxyUrl = () => {
      if (gateway === undefined) throw new KeyferryError('unavailable', 'the gateway does not listen yet');
      return gateway.proxyUrl;
    };
    const outbound = stack.use(createOutbound({ clock: machineTime(clock), proxyUrl, caPem: authority.pair.certPem }));
    const { fetchJson } = createIssuerMap({
      clock: machineTime(clock),
      issuers: options.mappedIssuers,
      fetchJson: (url) => outbound.fetchJson(url),
    });
    const entra = stack.use(openEntra({ store, clock, random, log, directory, audit, fetchJson }));
    const tokens = entra.verifier;
    const arm = createArm({ store, clock, random, log, directory, tokens, audit, clusters: options.clusters });
    stack.defer(() => arm.stop());
    const vaults = createVaultService({
      store,
      clock,
      random,
      log,
      tokens,
      audit,
      vaults: arm.vaultRegistry,
      roles: arm.dataRoles,
    });
    const graph = createGraph({ clock, random, log, directory, tokens, audit });
    const issuers = createIssuerService({ clusters: options.clusters, specs: () => arm.clusters(), audit });
    const { chartFolder } = options;
    const charts = chartFolder === undefined ? [] : [createChartRepositories({ chartFolder, audit })];
    const nodes = createLabNodes({
      clock,
      random,
      log,
      directory,
      audit,
      tokens: entra.identityTokens,
      clusters: () => arm.clusters(),
      assignedIdentities: (clusterId) => arm.assignedIdentities(clusterId),
      allowInternet: options.allowInternet,
      upstreamProxy: options.upstreamProxy,
      faults: options.faults,
    });
    gateway = stack.use(
      await startGateway({
        services: [entra.service, arm, graph, vaults, issuers, ...charts],
        missingHost: (host) =>
          vaults.serves(host) && !vaults.exists(host)
            ? `${host} cannot be resolved: no vault has this name`
            : undefined,
        authority,
        audit,
        clock,
        log,
        port: options.port,
        outside: options.outside,
        allowInternet: options.allowInternet,
        upstreamProxy: options.upstreamProxy,
        control: options.control,
        faults: options.faults,
        metadata: nodes.machine,
      }),
    );
    return {
      gateway: { port: gateway.port, proxyUrl: gateway.proxyUrl, outside: gateway.outside },
      caPem: authority.pair.certPem,
      directory,
      audit,
      hosts: cloudHosts(IMDS_HOST),
      signInUser: () => entra.grants.issue('refresh', { userObjectId: directory.user.objectId, scope: '' }),
      clusters: () => arm.clusters(),
      startNodeMetadata: (clusterId) => nodes.startNode(clusterId),
      status: () => cloudStatus(directory, arm, (vault) => countVaultContents({ store, clock }, vault)),
      [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
    };
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}

function cloudStatus(
  { tenant, subscription }: LabDirectory,
  arm: ArmService,
  count: (vaultName: string) => Pick<VaultSummary, 'secrets' | 'keys' | 'certificates'>,
): CloudStatus {
  return {
    tenantId: tenant.tenantId,
    subscriptionId: subscription.subscriptionId,
    vaults: arm.vaults().map(({ name, resourceGroup }) => ({ name, resourceGroup, ...count(name) })),
    identities: arm.identities().map(({ name, clientId, principalId, federatedCredentials }) => ({
      name,
      clientId,
      principalId,
      federatedCredentials,
    })),
    clusters: arm.clusters().map(({ name, resourceGroup, issuerUrl }) => ({ name, resourceGroup, issuerUrl })),
  };
}
