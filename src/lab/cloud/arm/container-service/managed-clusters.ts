import { errorText } from '#base';
import type { ClusterSpec, NodeIdentities } from '../../clusters.ts';
import { AzureError } from '../../rest/azure-error.ts';
import { empty, json, objectOr, textOr, type JsonObject } from '../../rest/request.ts';
import type { ArmCall } from '../arm-call.ts';
import type { ArmContext, ResourceType } from '../arm-context.ts';
import { IDENTITY_TYPE, type UserAssignedIdentities } from '../managed-identity/user-assigned-identities.ts';
import { renderResource, type ArmResource } from '../resource-store.ts';
import type { ResourceGroups } from '../resources/resource-groups.ts';
import {
  groupId,
  parseTags,
  parseTracked,
  placeOf,
  readRoutes,
  requireResource,
  resourcePath,
  type Place,
} from '../tracked-resources.ts';
import { clusterSpec, parseCluster, renderProperties, type ClusterFacts } from './cluster-properties.ts';

/** The type of managed clusters. */
export const CLUSTER_TYPE = 'Microsoft.ContainerService/managedClusters';

const MAX_GROUP_NAME = 80;
const MOVING_STATES = ['Creating', 'Updating', 'Deleting'];

/** Managed clusters, and what the session must start again after a restart of the lab. */
export interface ManagedClusters extends ResourceType {
  specs(): readonly ClusterSpec[];
  /** The identities of the nodes of the cluster with this ARM id; none when there is no such cluster. */
  assignedIdentities(clusterId: string): NodeIdentities;
}

/** What managed clusters need of other types. */
export interface ManagedClusterDeps {
  readonly groups: ResourceGroups;
  readonly identities: UserAssignedIdentities;
}

/** The resource type of managed clusters: each one is a Kubernetes of the cluster host. */
export function createManagedClusters(context: ArmContext, deps: ManagedClusterDeps): ManagedClusters {
  const { resources, directory, random, clusters, operations } = context;
  const { subscriptionId } = directory.subscription;
  const stateOf = (cluster: ArmResource) => String(cluster.properties['provisioningState']);
  const setState = (id: string, provisioningState: string) => {
    const cluster = resources.get(id);
    if (cluster === undefined) return;
    resources.put({ ...cluster, properties: { ...cluster.properties, provisioningState } });
  };
  // What the end of an earlier lab interrupted moves no more.
  for (const cluster of resources.below('/subscriptions', CLUSTER_TYPE)) {
    if (MOVING_STATES.includes(stateOf(cluster))) setState(cluster.id, 'Failed');
  }

  const factsOf = (cluster: ArmResource) => cluster.internal as unknown as ClusterFacts;
  const issuerUrl = (location: string, facts: ClusterFacts) =>
    `https://${location}.oic.prod-aks.azure.com/${directory.tenant.tenantId}/${facts.issuerGuid}/`;
  const specOf = (cluster: ArmResource) => clusterSpec(cluster, issuerUrl(cluster.location, factsOf(cluster)));

  const createIdentity = (facts: { readonly nodeResourceGroup: string }, name: string, location: string) => {
    const id = `${groupId(subscriptionId, facts.nodeResourceGroup)}/providers/${IDENTITY_TYPE}/${name}`;
    const { properties } = deps.identities.create(id, name, location, {});
    return { resourceId: id, clientId: properties['clientId'], objectId: properties['principalId'] };
  };

  const createFacts = (place: Place, location: string, properties: JsonObject): ClusterFacts => {
    const nodeResourceGroup = textOr(
      properties['nodeResourceGroup'],
      `MC_${place.group.name}_${place.name}_${location}`.slice(0, MAX_GROUP_NAME),
    );
    deps.groups.createOwned(nodeResourceGroup, location, place.id);
    const prefix = textOr(properties['dnsPrefix'], place.name).toLowerCase();
    return {
      issuerGuid: random.uuid(),
      fqdn: `${prefix}-${random.bytes(4).toString('hex')}.hcp.${location}.azmk8s.io`,
      nodeResourceGroup,
      kubeletIdentity: createIdentity({ nodeResourceGroup }, `${place.name}-agentpool`, location),
    };
  };

  const createSystemIdentity = (place: Place): JsonObject => {
    const [principalId, clientId] = [random.uuid(), random.uuid()];
    directory.put({
      type: 'ManagedIdentity',
      objectId: principalId,
      clientId,
      displayName: place.name,
      armId: place.id,
      secrets: [],
      federatedCredentials: [],
    });
    return { type: 'SystemAssigned', principalId, tenantId: directory.tenant.tenantId };
  };

  const put = async (call: ArmCall) => {
    const body = await call.body();
    const place = placeOf(context, CLUSTER_TYPE, call);
    const { existing } = place;
    if (existing !== undefined) refuseWhileMoving(stateOf(existing));
    const { location, tags } = parseTracked(place, CLUSTER_TYPE, body);
    const wanted = parseCluster(place.name, body['properties'], existing);
    const before = existing === undefined ? createFacts(place, location, wanted.properties) : factsOf(existing);
    const facts: ClusterFacts =
      wanted.secretsProvider === undefined || before.addonIdentity !== undefined
        ? before
        : {
            ...before,
            addonIdentity: createIdentity(before, `azurekeyvaultsecretsprovider-${place.name}`, location),
          };
    const state = existing === undefined ? 'Creating' : 'Updating';
    const cluster: ArmResource = {
      id: place.id,
      name: place.name,
      type: CLUSTER_TYPE,
      location,
      tags,
      properties: renderProperties(wanted, facts, issuerUrl(location, facts), state),
      sku: { name: 'Base', tier: 'Free', ...objectOr(body['sku']) },
      identity: existing?.identity ?? createSystemIdentity(place),
      internal: facts as unknown as JsonObject,
    };
    resources.put(cluster);
    return apply(cluster, call, existing === undefined ? 201 : 200);
  };

  /** Brings the cluster up. The answer waits for that, as long as it is quick. */
  const apply = async (cluster: ArmResource, call: ArmCall, status: 200 | 201) => {
    const operation = operations.start(subscriptionId, async () => {
      try {
        await clusters.apply(specOf(cluster));
        setState(cluster.id, 'Succeeded');
      } catch (error) {
        setState(cluster.id, 'Failed');
        throw error;
      }
    });
    const end = await operation.quickly();
    // A failure is told by the operation's status: a PUT has no way to say "created, and failed".
    const headers = end === 'Succeeded' ? {} : operation.asyncHeaders(call.url);
    return json(status, renderResource(resources.get(cluster.id) ?? cluster), headers);
  };

  const patch = async (call: ArmCall) => {
    const body = await call.body();
    const before = requireResource(context, CLUSTER_TYPE, call);
    refuseWhileMoving(stateOf(before));
    const cluster = { ...before, ...(body['tags'] === undefined ? {} : { tags: parseTags(body['tags']) }) };
    resources.put(cluster);
    return json(200, renderResource(cluster));
  };

  const destroy = async (cluster: ArmResource) => {
    await clusters.remove(cluster.id);
    await deps.groups.destroy(groupId(subscriptionId, factsOf(cluster).nodeResourceGroup));
    const principalId = cluster.identity?.['principalId'];
    if (typeof principalId === 'string') directory.remove(principalId);
    resources.remove(cluster.id);
  };

  const remove = (call: ArmCall) => {
    const { existing } = placeOf(context, CLUSTER_TYPE, call);
    if (existing === undefined) return empty(204);
    refuseWhileMoving(stateOf(existing));
    setState(existing.id, 'Deleting');
    return operations
      .start(subscriptionId, async () => {
        try {
          await destroy(existing);
        } catch (error) {
          setState(existing.id, 'Failed');
          throw error;
        }
      })
      .accepted(call.url);
  };

  const credential = (name: string) => async (call: ArmCall) => {
    const cluster = requireResource(context, CLUSTER_TYPE, call);
    if (stateOf(cluster) === 'Creating') refuseWhileMoving('Creating');
    const kubeconfig = await clusters.kubeconfig(cluster.id).catch((error: unknown) => {
      throw new AzureError(409, 'OperationNotAllowed', `The cluster has no credentials to give: ${errorText(error)}`);
    });
    return json(200, { kubeconfigs: [{ name, value: Buffer.from(kubeconfig).toString('base64') }] });
  };

  const path = resourcePath(CLUSTER_TYPE);
  const operation = (name: string) => `ManagedCluster${name}`;
  return {
    type: CLUSTER_TYPE,
    destroy,
    specs: () =>
      resources
        .below('/subscriptions', CLUSTER_TYPE)
        .filter((cluster) => stateOf(cluster) !== 'Deleting')
        .map(specOf),
    assignedIdentities: (clusterId) => {
      const cluster = resources.get(clusterId);
      const facts = cluster === undefined ? undefined : factsOf(cluster);
      const objectIds = [facts?.kubeletIdentity, facts?.addonIdentity].map((identity) => identity?.['objectId']);
      return { systemAssigned: undefined, userAssigned: objectIds.filter((id) => typeof id === 'string') };
    },
    routes: [
      ...readRoutes(context, CLUSTER_TYPE, 'ManagedCluster'),
      { method: 'PUT', path, operation: operation('Put'), handle: put },
      { method: 'PATCH', path, operation: operation('Patch'), handle: patch },
      { method: 'DELETE', path, operation: operation('Delete'), handle: remove },
      {
        method: 'POST',
        path: `${path}/listClusterUserCredential`,
        operation: operation('ListClusterUserCredential'),
        handle: credential('clusterUser'),
      },
      {
        method: 'POST',
        path: `${path}/listClusterAdminCredential`,
        operation: operation('ListClusterAdminCredential'),
        handle: credential('clusterAdmin'),
      },
    ],
  };
}

function refuseWhileMoving(state: string): void {
  if (!MOVING_STATES.includes(state)) return;
  throw new AzureError(
    409,
    'OperationNotAllowed',
    `Operation is not allowed: Another operation (${state}) is in progress, please wait for it to finish before ` +
      'starting a new operation.',
  );
}
