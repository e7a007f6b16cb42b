import type { Principal } from '../directory.ts';
import { AzureError } from '../rest/azure-error.ts';
import { empty } from '../rest/request.ts';
import { parseCertificates } from './credentials.ts';
import type { GraphCall, GraphContext, GraphRoute } from './graph-call.ts';
import { accessDenied, alreadyThere, badRequest, notFound } from './graph-errors.ts';
import { renderServicePrincipal } from './graph-objects.ts';
import { answerList, answerObject } from './graph-query.ts';
import { passwordRoutes } from './password-routes.ts';

/** What changes the service principals of applications. Those of managed identities are Azure's own: 403. */
export function createServicePrincipalRoutes(context: GraphContext): readonly GraphRoute[] {
  const { directory, clock, random } = context;

  const findPrincipal = (call: GraphCall): Principal => {
    const { id = '' } = call.params;
    const [, clientId] = /^appId=(.*)$/i.exec(id) ?? [];
    const found = clientId === undefined ? directory.byObjectId(id) : directory.byClientId(clientId);
    if (found === undefined || found.type === 'User') throw notFound(clientId ?? id);
    return found;
  };
  const requireChangeable = (call: GraphCall): Principal => {
    const principal = findPrincipal(call);
    if (principal.type !== 'Application') throw accessDenied();
    return principal;
  };

  const create = async (call: GraphCall) => {
    const body = await call.body();
    const appId = body['appId'];
    if (typeof appId !== 'string' || appId === '') {
      throw badRequest("A value is required for property 'appId' of resource 'ServicePrincipal'.");
    }
    const application = directory.applicationByClientId(appId);
    if (application === undefined) {
      throw new AzureError(
        400,
        'NoBackingApplicationObject',
        `The appId '${appId}' of the service principal does not reference a valid application object.`,
      );
    }
    if (directory.byClientId(appId) !== undefined) {
      throw alreadyThere(
        'The service principal cannot be created, updated, or restored because the service principal name ' +
          `${appId} is already in use.`,
      );
    }
    const principal: Principal = {
      type: 'Application',
      objectId: random.uuid(),
      clientId: application.clientId,
      displayName: application.displayName,
      createdAtMs: Math.floor(clock.now() / 1000) * 1000,
      tags: parseTags(body['tags']),
      ...(body['accountEnabled'] === false ? { enabled: false } : {}),
      secrets: [],
      federatedCredentials: [],
    };
    directory.put(principal);
    return answerObject(call, 'servicePrincipals', renderServicePrincipal(directory, principal), 201);
  };

  const update = async (call: GraphCall) => {
    const body = await call.body();
    const principal = requireChangeable(call);
    directory.put({
      ...principal,
      ...(body['tags'] === undefined ? {} : { tags: parseTags(body['tags']) }),
      ...(typeof body['accountEnabled'] === 'boolean' ? { enabled: body['accountEnabled'] } : {}),
      ...(body['keyCredentials'] === undefined
        ? {}
        : { certificates: parseCertificates(context, body['keyCredentials'], principal.certificates ?? []) }),
    });
    return empty(204);
  };

  const remove = (call: GraphCall) => {
    directory.remove(requireChangeable(call).objectId);
    return empty(204);
  };

  const owners = (call: GraphCall) => {
    findPrincipal(call);
    return answerList(call, 'directoryObjects', []);
  };

  const path = '/v1.0/servicePrincipals';
  const one = `${path}/:id`;
  return [
    { method: 'POST', path, operation: 'ServicePrincipalCreate', handle: create },
    { method: 'PATCH', path: one, operation: 'ServicePrincipalUpdate', handle: update },
    { method: 'DELETE', path: one, operation: 'ServicePrincipalDelete', handle: remove },
    { method: 'GET', path: `${one}/owners`, operation: 'ServicePrincipalOwnerList', handle: owners },
    ...passwordRoutes(context, {
      path: one,
      operation: 'ServicePrincipal',
      require: requireChangeable,
      keep: (principal, secrets) => directory.put({ ...principal, secrets }),
    }),
  ];
}

function parseTags(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((tag) => typeof tag === 'string')) return value;
  throw badRequest("Invalid value specified for property 'tags' of resource 'ServicePrincipal'.");
}
