import { AzureError } from '../../rest/azure-error.ts';
import { empty, json, queryValue } from '../../rest/request.ts';
import type { ArmCall, ArmRoute } from '../arm-call.ts';
import type { ArmContext, ResourceType } from '../arm-context.ts';
import { authorizationFailed } from '../authorization/index.ts';
import { listAnswer } from '../list-page.ts';
import { parseLocation } from '../locations.ts';
import { groupNameOf, renderResource, type ArmResource } from '../resource-store.ts';
import { parseTags } from '../resource-tags.ts';
import { groupId, requireGroup } from '../tracked-resources.ts';
import { parseTagFilter } from './resource-query.ts';

const TYPE = 'Microsoft.Resources/resourceGroups';
const NAME = /^[\p{L}\p{N}._()-]{0,89}[\p{L}\p{N}_()-]$/u;
const GROUP_PATH = '/subscriptions/:subscription/resourceGroups/:group';
const ACTION = 'Microsoft.Resources/subscriptions/resourceGroups';

/** What other resource types do with resource groups. */
export interface ResourceGroups {
  readonly routes: readonly ArmRoute[];
  /** Creates the group that belongs to a resource, such as a cluster's node resource group. */
  createOwned(name: string, location: string, managedBy: string): ArmResource;
  /** Throws 409 when `path` lies in a group that is being deleted. */
  refuseWhileDeleting(path: string): void;
  /** Removes a group with all that is in it. Nothing happens when it does not exist. */
  destroy(id: string): Promise<void>;
}

/** Resource groups. `types` is asked when a group goes, for how to remove what is in it. */
export function createResourceGroups(context: ArmContext, types: () => readonly ResourceType[]): ResourceGroups {
  const { resources, directory, operations } = context;

  const make = (name: string, location: string, more: Partial<ArmResource>): ArmResource => ({
    id: groupId(directory.subscription.subscriptionId, name),
    name,
    type: TYPE,
    location,
    properties: { provisioningState: 'Succeeded' },
    ...more,
  });

  // What the end of an earlier lab interrupted is a group as before.
  for (const group of resources.below(`/subscriptions/${directory.subscription.subscriptionId}`, TYPE)) {
    if (isDeleting(group)) resources.put({ ...group, properties: { provisioningState: 'Succeeded' } });
  }

  const put = async (call: ArmCall) => {
    const body = await call.body();
    const { group: name = '' } = call.params;
    if (!NAME.test(name)) throw invalidName(name);
    const existing = resources.get(groupId(directory.subscription.subscriptionId, name));
    const location = parseLocation(body['location'], 'resource group');
    if (existing !== undefined && existing.location !== location) {
      throw new AzureError(
        409,
        'InvalidResourceGroupLocation',
        `Invalid resource group location '${location}'. The Resource group already exists in location '${existing.location}'.`,
      );
    }
    const group: ArmResource = { ...(existing ?? make(name, location, {})), tags: parseTags(body['tags']) };
    resources.put(group);
    return json(existing === undefined ? 201 : 200, renderResource(group));
  };

  const patch = async (call: ArmCall) => {
    const body = await call.body();
    const before = requireGroup(context, call);
    const group = body['tags'] === undefined ? before : { ...before, tags: parseTags(body['tags']) };
    resources.put(group);
    return json(200, renderResource(group));
  };

  const exists = (call: ArmCall) => {
    const { subscription = '', group = '' } = call.params;
    return empty(resources.get(groupId(subscription, group)) === undefined ? 404 : 204);
  };

  const destroy = async (id: string) => {
    for (const resource of resources.below(id)) {
      // One may have taken others along: a cluster its node resource group.
      if (resources.get(resource.id) === undefined) continue;
      const type = types().find((candidate) => candidate.type === resource.type);
      if (type?.destroy === undefined) resources.remove(resource.id);
      else await type.destroy(resource);
    }
    resources.remove(id);
  };

  const remove = async (call: ArmCall) => {
    const group = requireGroup(context, call);
    resources.put({ ...group, properties: { provisioningState: 'Deleting' } });
    const operation = operations.start(`/subscriptions/${directory.subscription.subscriptionId}`, () =>
      destroy(group.id),
    );
    return operation.accepted(call.url);
  };

  // Who has a role in some groups only sees those.
  const list = (call: ArmCall) => {
    const scope = `/subscriptions/${directory.subscription.subscriptionId}`;
    const action = `${ACTION}/read`;
    if (!context.access.sees(call.token.objectId, scope)) {
      throw authorizationFailed(directory, call.token, { action, scope });
    }
    const fits = parseTagFilter(queryValue(call.url, '$filter') ?? '');
    const visible = resources.below(scope, TYPE).filter((group) => fits(group) && call.may(action, group.id));
    return listAnswer(call, visible, renderResource);
  };

  return {
    createOwned: (name, location, managedBy) => {
      const group = make(name, location, { managedBy });
      resources.put(group);
      return group;
    },
    destroy,
    refuseWhileDeleting: (path) => {
      const name = groupNameOf(path);
      const group = name === '' ? undefined : resources.get(groupId(directory.subscription.subscriptionId, name));
      if (group !== undefined && isDeleting(group)) throw groupBeingDeleted(group.name);
    },
    routes: [
      {
        method: 'GET',
        path: '/subscriptions/:subscription/resourceGroups',
        operation: `${ACTION}/read`,
        open: true,
        handle: list,
      },
      {
        method: 'GET',
        path: GROUP_PATH,
        operation: `${ACTION}/read`,
        handle: (call) => json(200, renderResource(requireGroup(context, call))),
      },
      { method: 'HEAD', path: GROUP_PATH, operation: `${ACTION}/read`, handle: exists },
      { method: 'PUT', path: GROUP_PATH, operation: `${ACTION}/write`, handle: put },
      { method: 'PATCH', path: GROUP_PATH, operation: `${ACTION}/write`, handle: patch },
      { method: 'DELETE', path: GROUP_PATH, operation: `${ACTION}/delete`, handle: remove },
    ],
  };
}

function isDeleting(group: ArmResource): boolean {
  return group.properties['provisioningState'] === 'Deleting';
}

function groupBeingDeleted(name: string): AzureError {
  return new AzureError(
    409,
    'ResourceGroupBeingDeleted',
    `The resource group '${name}' is in deprovisioning state and cannot perform this operation.`,
  );
}

function invalidName(name: string): AzureError {
  return new AzureError(
    400,
    'InvalidResourceGroup',
    `The provided resource group name '${name}' is not valid. It has at most 90 letters, digits, '-', '.', '(', ')' or ` +
      "'_', and does not end with '.'.",
  );
}
