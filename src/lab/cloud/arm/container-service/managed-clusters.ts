import { errorText } from '#base';
import type { ClusterSpec, NodeIdentities } from '../../clusters.ts';
import { AzureError } from '../../rest/azure-error.ts';
import { empty, isObject, json, objectOr, textOr, type JsonObject } from '../../rest/request.ts';
import type { ArmCall } from '../arm-call.ts';
import type { ArmContext, ResourceType } from '../arm-context.ts';
import { SCALE_SET_TYPE, type ScaleSets } from '../compute/scale-sets.ts';
import { changeIdentity, forgetSystemIdentity } from '../managed-identity/resource-identity.ts';
import { IDENTITY_TYPE, type UserAssignedIdentities } from '../managed-identity/user-assigned-identities.ts';
import type { ArmResource } from '../resource-store.ts';
import type { ResourceGroups } from '../resources/resource-groups.ts';
import { parseTags } from '../resource-tags.ts';
import {
  groupId,
  parseTracked,
  placeOf,
  readRoutes,
  requireResource,
  resourcePath,
  type Place,
} from '../tracked-resources.ts';
import { createAgentPoolRoutes, type AgentPoolDeps } from './agent-pools.ts';
import { checkPreconditions, clusterEtag, renderCluster } from './cluster-etag.ts';
import { renderKubernetesVersions, renderUpgradeProfile } from './kubernetes-versions.ts';
import { firstMachine, nodePoolMachines } from './node-pool-machines.ts';
import { clusterSpec, parseCluster, renderProperties, withState, type ClusterFacts } from './cluster-properties.ts';

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
  readonly scaleSets: ScaleSets;
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
    resources.put({ ...cluster, properties: withState(cluster.properties, provisioningState) });
  };
  // What the end of an earlier lab interrupted moves no more.
  for (const cluster of resources.below('/subscriptions', CLUSTER_TYPE)) {
    if (MOVING_STATES.includes(stateOf(cluster))) setState(cluster.id, 'Failed');
  }
  const location = (cluster: ArmResource) =>
    `/subscriptions/${subscriptionId}/providers/Microsoft.ContainerService/locations/${cluster.location}`;

  const factsOf = (cluster: ArmResource) => cluster.internal as unknown as ClusterFacts;
  const issuerUrl = (location: string, facts: ClusterFacts) =>
    `https://${location}.oic.prod-aks.azure.com/${directory.tenant.tenantId}/${facts.issuerGuid}/`;
  const issuerOf = (cluster: ArmResource) => issuerUrl(cluster.location, factsOf(cluster));
  const specOf = (cluster: ArmResource) => {
    const [first] = machinesOf(cluster);
    return clusterSpec(cluster, issuerOf(cluster), first === undefined ? cluster.name : firstMachine(first));
  };

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
      kubeletIdentity:
        ownKubeletIdentity(properties) ?? createIdentity({ nodeResourceGroup }, `${place.name}-agentpool`, location),
    };
  };

  /** The identity for the nodes that the client brought along. */
  const ownKubeletIdentity = (properties: JsonObject): JsonObject | undefined => {
    const { resourceId } = objectOr(objectOr(properties['identityProfile'])['kubeletidentity']);
    const identity = typeof resourceId === 'string' ? resources.get(resourceId) : undefined;
    if (identity?.type !== IDENTITY_TYPE) return undefined;
    return {
      resourceId: identity.id,
      clientId: identity.properties['clientId'],
      objectId: identity.properties['principalId'],
    };
  };

  const machinesOf = (cluster: ArmResource) => {
    const { nodeResourceGroup } = factsOf(cluster);
    return nodePoolMachines(cluster, groupId(subscriptionId, nodeResourceGroup), issuerOf(cluster));
  };

  /** Removes the machines of the node pools that a cluster had and has no more. */
  const removeMachines = async (before: ArmResource, after: ArmResource) => {
    const stay = machinesOf(after).map(({ name }) => name);
    for (const gone of machinesOf(before).filter(({ name }) => !stay.includes(name))) {
      const scaleSet = resources.get(`${gone.groupId}/providers/${SCALE_SET_TYPE}/${gone.name}`);
      if (scaleSet !== undefined) await deps.scaleSets.destroy?.(scaleSet);
    }
  };

  /** Makes the machines of the node pools, and gives them the identities that they need. */
  const provideMachines = (cluster: ArmResource) => {
    const facts = factsOf(cluster);
    for (const machines of machinesOf(cluster)) {
      const { id } = deps.scaleSets.ensure(machines);
      for (const identity of [facts.kubeletIdentity, facts.addonIdentity]) {
        const resource = resources.get(textOr(identity?.['resourceId'], ''));
        if (resource !== undefined) deps.scaleSets.assign(id, resource);
      }
    }
  };

  const put = async (call: ArmCall) => {
    const body = await call.body();
    const place = placeOf(context, CLUSTER_TYPE, call);
    const { existing } = place;
    if (clusters.refusal !== undefined) throw new AzureError(409, 'OperationNotAllowed', clusters.refusal);
    checkPreconditions(call, existing && clusterEtag(existing));
    if (existing !== undefined) refuseWhileMoving(stateOf(existing));
    const { location, tags } = parseTracked(place, CLUSTER_TYPE, body);
    const wanted = parseCluster(place.name, body['properties'], existing);
    const identity = changeIdentity(context, {
      call,
      resource: { id: place.id, name: place.name, type: CLUSTER_TYPE },
      before: existing?.identity,
      sent: isObject(body['identity']) ? body['identity'] : (existing?.identity ?? { type: 'SystemAssigned' }),
    });
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
      ...(identity === undefined ? {} : { identity }),
      internal: facts as unknown as JsonObject,
    };
    resources.put(cluster);
    if (existing !== undefined) await removeMachines(existing, cluster);
    provideMachines(cluster);
    return json(existing === undefined ? 201 : 200, renderCluster(cluster), apply(cluster).asyncHeaders(call.url));
  };

  /** Begins what moves a cluster. However it ends, the cluster moves no more then. */
  const move = (cluster: ArmResource, work: () => Promise<void>) =>
    operations.start(location(cluster), async () => {
      try {
        await work();
      } catch (error) {
        await operations.settle(() => setState(cluster.id, 'Failed'));
        throw error;
      }
      await operations.settle(() => setState(cluster.id, 'Succeeded')); // unless it is no more
    });

  /** Brings the cluster up. The answer does not wait for that: it says where to ask. */
  const apply = (cluster: ArmResource) => move(cluster, () => clusters.apply(specOf(cluster)));

  const changePools: AgentPoolDeps['changePools'] = async (before, agentPoolProfiles) => {
    refuseWhileMoving(stateOf(before));
    const cluster = { ...before, properties: withState({ ...before.properties, agentPoolProfiles }, 'Updating') };
    resources.put(cluster);
    await removeMachines(before, cluster);
    provideMachines(cluster);
    return { cluster, operation: apply(cluster) };
  };

  const patch = async (call: ArmCall) => {
    const body = await call.body();
    const before = requireResource(context, CLUSTER_TYPE, call);
    checkPreconditions(call, clusterEtag(before));
    refuseWhileMoving(stateOf(before));
    const cluster = { ...before, ...(body['tags'] === undefined ? {} : { tags: parseTags(body['tags']) }) };
    resources.put(cluster);
    return json(200, renderCluster(cluster));
  };

  const destroy = async (cluster: ArmResource) => {
    await clusters.remove(cluster.id);
    await deps.groups.destroy(groupId(subscriptionId, factsOf(cluster).nodeResourceGroup));
    forgetSystemIdentity(context, cluster.identity);
    resources.remove(cluster.id);
  };

  const remove = (call: ArmCall) => {
    const { existing } = placeOf(context, CLUSTER_TYPE, call);
    if (existing === undefined) return empty(204);
    checkPreconditions(call, clusterEtag(existing));
    refuseWhileMoving(stateOf(existing));
    setState(existing.id, 'Deleting');
    return move(existing, () => destroy(existing)).accepted(call.url);
  };

  const credential = (name: string) => async (call: ArmCall) => {
    const cluster = requireResource(context, CLUSTER_TYPE, call);
    if (stateOf(cluster) === 'Creating') refuseWhileMoving('Creating');
    const kubeconfig = await clusters.kubeconfig(cluster.id).catch((error: unknown) => {
      throw new AzureError(409, 'OperationNotAllowed', `The cluster has no credentials to give: ${errorText(error)}`);
    });
    return json(200, { kubeconfigs: [{ name, value: Buffer.from(kubeconfig).toString('base64') }] });
  };

  const rotateSigningKeys = (call: ArmCall) => {
    const cluster = requireResource(context, CLUSTER_TYPE, call);
    refuseWhileMoving(stateOf(cluster));
    setState(cluster.id, 'Updating');
    return move(cluster, () => clusters.rotateSigningKeys(cluster.id)).accepted(call.url);
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
      return cluster === undefined
        ? { systemAssigned: undefined, userAssigned: [] }
        : deps.scaleSets.identitiesIn(groupId(subscriptionId, factsOf(cluster).nodeResourceGroup));
    },
    routes: [
      ...readRoutes(context, CLUSTER_TYPE, 'ManagedCluster', renderCluster),
      ...createAgentPoolRoutes(context, { clusterType: CLUSTER_TYPE, changePools }),
      {
        method: 'GET',
        path: `${path}/upgradeProfiles/default`,
        operation: operation('GetUpgradeProfile'),
        handle: (call) => json(200, renderUpgradeProfile(requireResource(context, CLUSTER_TYPE, call))),
      },
      {
        method: 'GET',
        path: '/subscriptions/:subscription/providers/Microsoft.ContainerService/locations/:location/kubernetesVersions',
        operation: operation('ListKubernetesVersions'),
        handle: () => json(200, renderKubernetesVersions()),
      },
      { method: 'PUT', path, operation: operation('Put'), handle: put },
      { method: 'PATCH', path, operation: operation('Patch'), handle: patch },
      { method: 'DELETE', path, operation: operation('Delete'), handle: remove },
      {
        method: 'POST',
        path: `${path}/rotateServiceAccountSigningKeys`,
        operation: operation('RotateServiceAccountSigningKeys'),
        handle: rotateSigningKeys,
      },
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
      'starting a new operation. See https://aka.ms/aks-pending-operation for more details',
  );
}
