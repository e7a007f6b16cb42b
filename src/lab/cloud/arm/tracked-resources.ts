import { AzureError } from '../rest/azure-error.ts';
import { json, type JsonObject } from '../rest/request.ts';
import type { ArmCall, ArmRoute } from './arm-call.ts';
import type { ArmContext } from './arm-context.ts';
import { groupNotFound, resourceNotFound } from './arm-errors.ts';
import { listAnswer } from './list-page.ts';
import { parseLocation } from './locations.ts';
import { groupNameOf, renderResource, type ArmResource } from './resource-store.ts';
import { parseTags } from './resource-tags.ts';

/** The place of a resource in a resource group, taken from a request's path. */
export interface Place {
  /** The id that a resource created here gets. */
  readonly id: string;
  readonly name: string;
  readonly group: ArmResource;
  /** What is there now. */
  readonly existing: ArmResource | undefined;
}

/** The id of a resource group. */
export function groupId(subscriptionId: string, name: string): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${name}`;
}

/** The resource group of a call. Throws 404 ResourceGroupNotFound. */
export function requireGroup(context: ArmContext, call: ArmCall): ArmResource {
  const { subscription = '', group = '' } = call.params;
  const found = context.resources.get(groupId(subscription, group));
  if (found === undefined) throw groupNotFound(group);
  return found;
}

/** The place that a call on a resource of `type` names by `:group` and `:name`. */
export function placeOf(context: ArmContext, type: string, call: ArmCall): Place {
  const group = requireGroup(context, call);
  const { name = '' } = call.params;
  const id = `${group.id}/providers/${type}/${name}`;
  const existing = context.resources.get(id);
  return { id: existing?.id ?? id, name: existing?.name ?? name, group, existing };
}

/** The resource of `type` that a call names. Throws 404 ResourceNotFound. */
export function requireResource(context: ArmContext, type: string, call: ArmCall): ArmResource {
  const place = placeOf(context, type, call);
  if (place.existing === undefined) throw resourceNotFound(type, place.name, place.group.name);
  return place.existing;
}

/** Location and tags of a body that creates or replaces what is at `place`. Throws when the location is another than before. */
export function parseTracked(
  place: Place,
  type: string,
  body: JsonObject,
): { readonly location: string; readonly tags: JsonObject } {
  const location = parseLocation(body['location'] ?? place.existing?.location, type);
  if (place.existing !== undefined && place.existing.location !== location) {
    throw new AzureError(
      409,
      'InvalidResourceLocation',
      `The resource '${place.name}' already exists in location '${place.existing.location}' in resource group ` +
        `'${place.group.name}'. A resource with the same name cannot be created in location '${location}'. Please ` +
        'select a new resource name.',
    );
  }
  return { location, tags: parseTags(body['tags']) };
}

/** The path of one resource of `type`, as a route pattern. */
export function resourcePath(type: string): string {
  return `/subscriptions/:subscription/resourceGroups/:group/providers/${type}/:name`;
}

/**
 * The rows that all resources of a type have: get one, list those of a group, list those of the subscription. `render` is how
 * they look on the wire.
 */
export function readRoutes(
  context: ArmContext,
  type: string,
  operationPrefix: string,
  render: (resource: ArmResource) => JsonObject = renderResource,
): readonly ArmRoute[] {
  const list = (call: ArmCall, scope: string) => listAnswer(call, context.resources.below(scope, type), render);
  return [
    {
      method: 'GET',
      path: resourcePath(type),
      operation: `${operationPrefix}Get`,
      handle: (call) => json(200, render(requireResource(context, type, call))),
    },
    {
      method: 'GET',
      path: `/subscriptions/:subscription/resourceGroups/:group/providers/${type}`,
      operation: `${operationPrefix}List`,
      handle: (call) => list(call, requireGroup(context, call).id),
    },
    {
      method: 'GET',
      path: `/subscriptions/:subscription/providers/${type}`,
      operation: `${operationPrefix}List`,
      handle: (call) => list(call, `/subscriptions/${call.params['subscription'] ?? ''}/resourceGroups`),
    },
  ];
}

const TOP_LEVEL = /^(\/subscriptions\/[^/]+\/resourcegroups\/([^/]+))(?:\/providers\/([^/]+\/[^/]+)\/([^/]+))?/i;

/** Throws ARM's 404 unless the group, or the resource in a group, that `scope` (an ARM id) is or lies below exists. */
export function requireScope(context: ArmContext, scope: string): void {
  const [, groupScope, group = '', type, name = ''] = TOP_LEVEL.exec(scope) ?? [];
  if (groupScope === undefined) return;
  if (context.resources.get(groupScope) === undefined) throw groupNotFound(group);
  if (type === undefined || context.resources.get(`${groupScope}/providers/${type}/${name}`) !== undefined) return;
  throw resourceNotFound(type, name, group);
}

/** The name of the group of `resource`, as it was created. */
export function groupOf(context: ArmContext, resource: ArmResource): string {
  const [, , subscription = ''] = resource.id.split('/');
  const name = groupNameOf(resource.id);
  return context.resources.get(groupId(subscription, name))?.name ?? name;
}
