import { empty, json, objectOr, type JsonObject } from '../../rest/request.ts';
import type { ArmCall } from '../arm-call.ts';
import type { ArmContext, ResourceType } from '../arm-context.ts';
import { badRequest } from '../arm-errors.ts';
import { groupNameOf, renderResource, type ArmResource } from '../resource-store.ts';
import { parseTags } from '../resource-tags.ts';
import { parseTracked, placeOf, readRoutes, requireResource, resourcePath } from '../tracked-resources.ts';

/** The type of user-assigned identities. */
export const IDENTITY_TYPE = 'Microsoft.ManagedIdentity/userAssignedIdentities';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{2,127}$/;

/** User-assigned identities, and what other types do with them. */
export interface UserAssignedIdentities extends ResourceType {
  readonly destroy: (resource: ArmResource) => Promise<void>;
  /** Makes an identity with a principal of its own in the directory. */
  create(id: string, name: string, location: string, tags: JsonObject): ArmResource;
}

/** The resource type of user-assigned identities. Each one is a principal of the directory. */
export function createUserAssignedIdentities(context: ArmContext): UserAssignedIdentities {
  const { resources, directory, random } = context;

  const create: UserAssignedIdentities['create'] = (id, name, location, tags) => {
    const [principalId, clientId] = [random.uuid(), random.uuid()];
    directory.put({
      type: 'ManagedIdentity',
      objectId: principalId,
      clientId,
      displayName: name,
      armId: id,
      secrets: [],
      federatedCredentials: [],
    });
    const properties = { tenantId: directory.tenant.tenantId, principalId, clientId, isolationScope: 'None' };
    const identity: ArmResource = { id, name, type: IDENTITY_TYPE, location, tags, properties };
    resources.put(identity);
    return identity;
  };

  const put = async (call: ArmCall) => {
    const body = await call.body();
    const place = placeOf(context, IDENTITY_TYPE, call);
    if (!NAME.test(place.name)) throw badRequest(`The name '${place.name}' of the managed identity is invalid.`);
    const { location, tags } = parseTracked(place, IDENTITY_TYPE, body);
    if (place.existing === undefined) {
      return json(201, renderResource(create(place.id, place.name, location, tags)));
    }
    const updated = { ...place.existing, tags };
    resources.put(updated);
    return json(200, renderResource(updated));
  };

  const patch = async (call: ArmCall) => {
    const body = await call.body();
    const before = requireResource(context, IDENTITY_TYPE, call);
    const updated = body['tags'] === undefined ? before : { ...before, tags: parseTags(body['tags']) };
    resources.put(updated);
    return json(200, renderResource(updated));
  };

  const destroy = (identity: ArmResource): Promise<void> => {
    directory.remove(principalIdOf(identity));
    resources.remove(identity.id);
    return Promise.resolve();
  };

  const remove = async (call: ArmCall) => {
    const { existing } = placeOf(context, IDENTITY_TYPE, call);
    if (existing === undefined) return empty(204);
    await destroy(existing);
    return empty(200);
  };

  // Resources that the identity is assigned to (User Assigned Identities - List Associated Resources).
  const listAssociated = (call: ArmCall) => {
    const { id } = requireResource(context, IDENTITY_TYPE, call);
    const { subscriptionId, displayName } = directory.subscription;
    const isAssigned = ({ identity }: ArmResource) =>
      Object.keys(objectOr(identity?.['userAssignedIdentities'])).some(
        (each) => each.toLowerCase() === id.toLowerCase(),
      );
    const value = resources
      .below('/subscriptions')
      .filter(isAssigned)
      .map((resource) => ({
        id: resource.id,
        name: resource.name,
        type: resource.type.toLowerCase(),
        resourceGroup: groupNameOf(resource.id),
        subscriptionId,
        subscriptionDisplayName: displayName,
      }));
    return json(200, { value, totalCount: value.length });
  };

  const path = resourcePath(IDENTITY_TYPE);
  return {
    type: IDENTITY_TYPE,
    create,
    destroy,
    routes: [
      ...readRoutes(context, IDENTITY_TYPE, 'UserAssignedIdentity'),
      { method: 'PUT', path, operation: 'UserAssignedIdentityPut', handle: put },
      { method: 'PATCH', path, operation: 'UserAssignedIdentityPatch', handle: patch },
      { method: 'DELETE', path, operation: 'UserAssignedIdentityDelete', handle: remove },
      {
        method: 'POST',
        path: `${path}/listAssociatedResources`,
        operation: 'UserAssignedIdentityListAssociatedResources',
        handle: listAssociated,
      },
    ],
  };
}

/** The object id of an identity's principal. */
export function principalIdOf(identity: ArmResource): string {
  return String(identity.properties['principalId']);
}
