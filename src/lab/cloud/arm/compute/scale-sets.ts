import type { NodeIdentities } from '../../clusters.ts';
import { AzureError } from '../../rest/azure-error.ts';
import { empty, isObject, json, objectOr, type JsonObject } from '../../rest/request.ts';
import type { ArmCall } from '../arm-call.ts';
import type { ArmContext, ResourceType } from '../arm-context.ts';
import { changeIdentity, forgetSystemIdentity } from '../managed-identity/resource-identity.ts';
import { renderResource, type ArmResource } from '../resource-store.ts';
import { parseTags } from '../resource-tags.ts';
import { readRoutes, requireResource, resourcePath } from '../tracked-resources.ts';

/** The type of virtual machine scale sets. */
export const SCALE_SET_TYPE = 'Microsoft.Compute/virtualMachineScaleSets';

/** What a scale set behind a node pool is made from. */
export interface NodePoolMachines {
  /** The node resource group's id. */
  readonly groupId: string;
  readonly name: string;
  readonly location: string;
  readonly poolName: string;
  readonly vmSize: string;
  readonly count: number;
}

/** The scale sets of clusters' node pools, and what other types do with them. */
export interface ScaleSets extends ResourceType {
  /** Makes the scale set of a node pool, or answers the one that is there. */
  ensure(machines: NodePoolMachines): ArmResource;
  /** Gives a scale set a user-assigned identity, on the service's own behalf. */
  assign(scaleSetId: string, identity: ArmResource): void;
  /** The identities of all machines in a node resource group. */
  identitiesIn(groupId: string): NodeIdentities;
}

/**
 * Virtual machine scale sets. Clients make none: each is a cluster's node pool, there to be found by az and to carry the
 * identities that IMDS gives tokens for. Its machines are the cluster's one node.
 */
export function createScaleSets(context: ArmContext): ScaleSets {
  const { resources, random } = context;

  const ensure: ScaleSets['ensure'] = (machines) => {
    const id = `${machines.groupId}/providers/${SCALE_SET_TYPE}/${machines.name}`;
    const existing = resources.get(id);
    if (existing !== undefined) return existing;
    const scaleSet: ArmResource = {
      id,
      name: machines.name,
      type: SCALE_SET_TYPE,
      location: machines.location,
      tags: { 'aks-managed-poolName': machines.poolName, 'aks-managed-orchestrator': 'Kubernetes' },
      sku: { name: machines.vmSize, tier: 'Standard', capacity: machines.count },
      properties: renderProperties(machines, random.uuid(), new Date(context.clock.now()).toISOString()),
    };
    resources.put(scaleSet);
    return scaleSet;
  };

  const assign: ScaleSets['assign'] = (scaleSetId, identity) => {
    const scaleSet = resources.get(scaleSetId);
    if (scaleSet === undefined) return;
    const before = scaleSet.identity ?? {};
    const { principalId, clientId } = identity.properties;
    const types = before['principalId'] === undefined ? 'UserAssigned' : 'SystemAssigned, UserAssigned';
    const userAssignedIdentities = {
      ...objectOr(before['userAssignedIdentities']),
      [identity.id]: { principalId, clientId },
    };
    resources.put({ ...scaleSet, identity: { ...before, type: types, userAssignedIdentities } });
  };

  // PATCH, or az's PUT of what it read before.
  const change = (merge: boolean) => async (call: ArmCall) => {
    const body = await call.body();
    const scaleSet = requireScaleSet(call);
    const sent = body['identity'];
    const identity = isObject(sent)
      ? changeIdentity(context, { call, resource: scaleSet, before: scaleSet.identity, sent, merge })
      : scaleSet.identity;
    const { identity: _before, ...rest } = scaleSet;
    const changed: ArmResource = {
      ...rest,
      ...(body['tags'] === undefined ? {} : { tags: parseTags(body['tags']) }),
      ...(identity === undefined ? {} : { identity }),
    };
    resources.put(changed);
    return json(200, renderResource(changed));
  };

  const requireScaleSet = (call: ArmCall): ArmResource => {
    if (call.params['name'] !== undefined && isNew(call)) {
      throw new AzureError(
        400,
        'OperationNotAllowed',
        'The lab has no virtual machines of its own: its scale sets are the node pools of managed clusters.',
      );
    }
    return requireResource(context, SCALE_SET_TYPE, call);
  };
  const isNew = ({ params: { subscription = '', group = '', name = '' } }: ArmCall) =>
    resources.get(`/subscriptions/${subscription}/resourceGroups/${group}`) !== undefined &&
    resources.get(`/subscriptions/${subscription}/resourceGroups/${group}/providers/${SCALE_SET_TYPE}/${name}`) ===
      undefined;

  const machines = (call: ArmCall) => {
    const scaleSet = requireResource(context, SCALE_SET_TYPE, call);
    return json(200, { value: [renderMachine(scaleSet)] });
  };

  const path = resourcePath(SCALE_SET_TYPE);
  const operation = (name: string) => `VirtualMachineScaleSet${name}`;
  return {
    type: SCALE_SET_TYPE,
    ensure,
    assign,
    destroy: (scaleSet) => {
      forgetSystemIdentity(context, scaleSet.identity);
      resources.remove(scaleSet.id);
      return Promise.resolve();
    },
    identitiesIn: (groupId) => {
      const scaleSets = resources.below(groupId, SCALE_SET_TYPE);
      const identities = scaleSets.flatMap(({ identity }) => (identity === undefined ? [] : [identity]));
      const [systemAssigned] = identities.flatMap(({ principalId }) =>
        typeof principalId === 'string' ? [principalId] : [],
      );
      const assigned = identities.flatMap((identity) => Object.keys(objectOr(identity['userAssignedIdentities'])));
      // An identity that was deleted meanwhile gives no tokens.
      const principals = assigned.flatMap((id) => resources.get(id)?.properties['principalId'] ?? []);
      return { systemAssigned, userAssigned: [...new Set(principals.map(String))], scaleSetId: scaleSets[0]?.id };
    },
    routes: [
      ...readRoutes(context, SCALE_SET_TYPE, 'VirtualMachineScaleSet'),
      { method: 'PUT', path, operation: operation('Put'), handle: change(false) },
      { method: 'PATCH', path, operation: operation('Patch'), handle: change(true) },
      { method: 'GET', path: `${path}/virtualMachines`, operation: operation('ListMachines'), handle: machines },
      {
        method: 'POST',
        path: `${path}/manualupgrade`,
        operation: operation('UpdateInstances'),
        handle: (call) => {
          requireResource(context, SCALE_SET_TYPE, call);
          return empty(200);
        },
      },
    ],
  };
}

function renderProperties(machines: NodePoolMachines, uniqueId: string, timeCreated: string): JsonObject {
  return {
    singlePlacementGroup: false,
    orchestrationMode: 'Uniform',
    upgradePolicy: { mode: 'Manual' },
    virtualMachineProfile: {
      osProfile: { computerNamePrefix: machines.name, adminUsername: 'azureuser' },
      storageProfile: { osDisk: { osType: 'Linux', createOption: 'FromImage', diskSizeGB: 128 } },
    },
    provisioningState: 'Succeeded',
    overprovision: false,
    uniqueId,
    platformFaultDomainCount: 1,
    timeCreated,
  };
}

function renderMachine(scaleSet: ArmResource): JsonObject {
  return {
    name: `${scaleSet.name}_0`,
    id: `${scaleSet.id}/virtualMachines/0`,
    type: `${SCALE_SET_TYPE}/virtualMachines`,
    location: scaleSet.location,
    instanceId: '0',
    sku: { name: scaleSet.sku?.['name'], tier: 'Standard' },
    ...(scaleSet.identity === undefined ? {} : { identity: scaleSet.identity }),
    properties: { latestModelApplied: true, provisioningState: 'Succeeded' },
  };
}
