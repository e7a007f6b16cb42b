import type { Application } from '../directory.ts';
import { empty, isObject, type JsonObject } from '../rest/request.ts';
import { parseCertificates, refusePasswords } from './credentials.ts';
import type { GraphCall, GraphContext, GraphRoute } from './graph-call.ts';
import { badRequest, notFound } from './graph-errors.ts';
import { APPLICATION_DEFAULTS, renderApplication } from './graph-objects.ts';
import { answerList, answerObject } from './graph-query.ts';
import { passwordRoutes } from './password-routes.ts';

const MAX_NAME = 256;
/** What the lab keeps apart, or makes itself: taken from a body by name, or let be when a client sends it back. */
const OWN_PROPERTIES = ['displayName', 'identifierUris', 'keyCredentials', 'passwordCredentials'];
const READ_ONLY = ['id', 'appId', 'createdDateTime', 'publisherDomain'];

/** The application of a call's path: by object id, or by `appId=…`. Throws 404. */
export function requireApplication({ directory }: GraphContext, call: GraphCall): Application {
  const { id = '' } = call.params;
  const [, clientId] = /^appId=(.*)$/i.exec(id) ?? [];
  const found =
    clientId === undefined ? directory.applicationByObjectId(id) : directory.applicationByClientId(clientId);
  if (found === undefined) throw notFound(clientId ?? id);
  return found;
}

/** What changes applications: create, update, delete, and their secrets. */
export function createApplicationRoutes(context: GraphContext): readonly GraphRoute[] {
  const { directory, clock, random } = context;

  const create = async (call: GraphCall) => {
    const body = await call.body();
    const application: Application = {
      ...EMPTY,
      objectId: random.uuid(),
      clientId: random.uuid(),
      createdAtMs: Math.floor(clock.now() / 1000) * 1000,
      displayName: '',
    };
    const made = change(context, application, body);
    if (made.displayName === '') {
      throw badRequest("A value is required for property 'displayName' of resource 'Application'.");
    }
    directory.putApplication(made);
    return answerObject(call, 'applications', renderApplication(directory, made), 201);
  };

  const update = async (call: GraphCall) => {
    const body = await call.body();
    const before = requireApplication(context, call);
    const after = change(context, before, body);
    directory.putApplication(after);
    const principal = directory.byClientId(before.clientId);
    if (principal !== undefined && principal.displayName !== after.displayName) {
      directory.put({ ...principal, displayName: after.displayName });
    }
    return empty(204);
  };

  // In its own tenant an application takes its service principal along.
  const remove = (call: GraphCall) => {
    const application = requireApplication(context, call);
    const principal = directory.byClientId(application.clientId);
    if (principal !== undefined) directory.remove(principal.objectId);
    directory.removeApplication(application.objectId);
    return empty(204);
  };

  const owners = (call: GraphCall) => {
    requireApplication(context, call);
    return answerList(call, 'directoryObjects', []);
  };

  const path = '/v1.0/applications';
  const one = `${path}/:id`;
  return [
    { method: 'POST', path, operation: 'ApplicationCreate', handle: create },
    { method: 'PATCH', path: one, operation: 'ApplicationUpdate', handle: update },
    { method: 'DELETE', path: one, operation: 'ApplicationDelete', handle: remove },
    { method: 'GET', path: `${one}/owners`, operation: 'ApplicationOwnerList', handle: owners },
    ...passwordRoutes(context, {
      path: one,
      operation: 'Application',
      require: (call) => requireApplication(context, call),
      keep: (application, secrets) => directory.putApplication({ ...application, secrets }),
    }),
  ];
}

const EMPTY = { identifierUris: [], secrets: [], certificates: [], federatedCredentials: [], properties: {} };

/** `before` with what `body` says of it. Throws 400 for a property that applications do not have. */
function change(context: GraphContext, before: Application, body: JsonObject): Application {
  const known = new Set([...Object.keys(APPLICATION_DEFAULTS), ...OWN_PROPERTIES, ...READ_ONLY]);
  const unknown = Object.keys(body).find((name) => !name.includes('@odata.') && !known.has(name));
  if (unknown !== undefined) throw badRequest(`Invalid property '${unknown}'.`);
  refusePasswords(body['passwordCredentials'], before.secrets);
  const settable = Object.keys(body).filter((name) => Object.hasOwn(APPLICATION_DEFAULTS, name));
  return {
    ...before,
    displayName: parseName(body['displayName'], before.displayName),
    identifierUris: parseUris(context, before, body['identifierUris']),
    certificates: Object.hasOwn(body, 'keyCredentials')
      ? parseCertificates(context, body['keyCredentials'], before.certificates)
      : before.certificates,
    properties: {
      ...before.properties,
      ...Object.fromEntries(settable.map((name) => [name, merge(valueOf(before, name), body[name])])),
    },
  };
}

function valueOf({ properties }: Application, name: string): unknown {
  return properties[name] ?? APPLICATION_DEFAULTS[name];
}

/** A complex property is changed field by field, any other as a whole. */
function merge(before: unknown, sent: unknown): unknown {
  return isObject(before) && isObject(sent) ? { ...before, ...sent } : sent;
}

function parseName(sent: unknown, before: string): string {
  if (sent === undefined) return before;
  if (typeof sent !== 'string' || sent === '' || sent.length > MAX_NAME) {
    throw badRequest("Invalid value specified for property 'displayName' of resource 'Application'.");
  }
  return sent;
}

function parseUris({ directory }: GraphContext, before: Application, sent: unknown): readonly string[] {
  if (sent === undefined) return before.identifierUris;
  if (!Array.isArray(sent) || !sent.every((uri) => typeof uri === 'string' && URL.canParse(uri))) {
    throw badRequest("Invalid value specified for property 'identifierUris' of resource 'Application'.");
  }
  const uris = sent.map(String);
  const others = directory.applications().filter(({ objectId }) => objectId !== before.objectId);
  if (others.some(({ identifierUris }) => identifierUris.some((uri) => uris.includes(uri)))) {
    throw badRequest('Another object with the same value for property identifierUris already exists.');
  }
  return uris;
}
