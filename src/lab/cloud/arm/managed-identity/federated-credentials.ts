import type { FederatedIdentityCredential, Principal } from '../../directory.ts';
import { AzureError } from '../../rest/azure-error.ts';
import { empty, isObject, json, type JsonObject } from '../../rest/request.ts';
import type { ArmCall } from '../arm-call.ts';
import type { ArmContext, ResourceType } from '../arm-context.ts';
import { badRequest, parentNotFound, resourceNotFound } from '../arm-errors.ts';
import { listAnswer } from '../list-page.ts';
import type { ArmResource } from '../resource-store.ts';
import { requireGroup } from '../tracked-resources.ts';
import { IDENTITY_TYPE, principalIdOf } from './user-assigned-identities.ts';

/** The type of federated identity credentials. */
export const FEDERATED_CREDENTIAL_TYPE = `${IDENTITY_TYPE}/federatedIdentityCredentials`;

// Entra ID documentation, "Considerations and restrictions for federated identity credentials".
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$/;
const MAX_PER_IDENTITY = 20;
const MAX_LENGTH = 600;

interface ParentIdentity {
  readonly identity: ArmResource;
  readonly principal: Principal;
}

/**
 * The resource type of federated identity credentials. They are kept nowhere but in the directory, with the principal
 * that they stand for, so that what ARM shows is what Entra ID checks.
 */
export function createFederatedCredentials(context: ArmContext): ResourceType {
  const { resources, directory } = context;
  const beingWritten = new Set<string>();

  const parentOf = (call: ArmCall): ParentIdentity => {
    const group = requireGroup(context, call);
    const { identity: name = '' } = call.params;
    const identity = resources.get(`${group.id}/providers/${IDENTITY_TYPE}/${name}`);
    const principal = identity === undefined ? undefined : directory.byObjectId(principalIdOf(identity));
    if (identity === undefined || principal === undefined) throw parentNotFound(name);
    return { identity, principal };
  };

  const find = ({ principal }: ParentIdentity, name: string) =>
    principal.federatedCredentials.find((credential) => credential.name.toLowerCase() === name.toLowerCase());

  const store = (principal: Principal, changed: string, put: readonly FederatedIdentityCredential[]) => {
    const others = principal.federatedCredentials.filter(({ name }) => name.toLowerCase() !== changed.toLowerCase());
    directory.put({ ...principal, federatedCredentials: [...others, ...put] });
  };

  // Azure refuses writes that overlap; here they do while a body is still on its way.
  const writing = async <T>(call: ArmCall, write: (parent: ParentIdentity, body: JsonObject) => T): Promise<T> => {
    const { id } = parentOf(call).identity;
    const key = id.toLowerCase();
    if (beingWritten.has(key)) throw concurrentWrite(id);
    beingWritten.add(key);
    try {
      const body = await call.body();
      return write(parentOf(call), body);
    } finally {
      beingWritten.delete(key);
    }
  };

  const put = (call: ArmCall) =>
    writing(call, (parent, body) => {
      const { name = '' } = call.params;
      const before = find(parent, name);
      const credential = parseCredential(before?.name ?? name, body);
      const others = parent.principal.federatedCredentials.filter((other) => other !== before);
      if (others.some(({ issuer, subject }) => issuer === credential.issuer && subject === credential.subject)) {
        throw badRequest('Issuer and subject combination already exists for this Managed Identity.');
      }
      if (others.length >= MAX_PER_IDENTITY) {
        throw badRequest(
          'Too many Federated Identity Credentials are configured on the managed identity: at most ' +
            `${MAX_PER_IDENTITY} are allowed.`,
        );
      }
      store(parent.principal, name, [credential]);
      return json(before === undefined ? 201 : 200, renderCredential(parent.identity, credential));
    });

  const remove = (call: ArmCall) =>
    writing(call, (parent) => {
      const { name = '' } = call.params;
      if (find(parent, name) === undefined) return empty(204);
      store(parent.principal, name, []);
      return empty(200);
    });

  const get = (call: ArmCall) => {
    const parent = parentOf(call);
    const { name = '', identity = '', group = '' } = call.params;
    const credential = find(parent, name);
    if (credential === undefined) throw resourceNotFound(FEDERATED_CREDENTIAL_TYPE, `${identity}/${name}`, group);
    return json(200, renderCredential(parent.identity, credential));
  };

  const list = (call: ArmCall) => {
    const { identity, principal } = parentOf(call);
    const credentials = principal.federatedCredentials.map((each) => renderCredential(identity, each));
    return listAnswer(call, credentials, (credential) => credential);
  };

  const collection = `/subscriptions/:subscription/resourceGroups/:group/providers/${IDENTITY_TYPE}/:identity/federatedIdentityCredentials`;
  const path = `${collection}/:name`;
  return {
    type: FEDERATED_CREDENTIAL_TYPE,
    routes: [
      { method: 'GET', path: collection, operation: 'FederatedIdentityCredentialList', handle: list },
      { method: 'GET', path, operation: 'FederatedIdentityCredentialGet', handle: get },
      { method: 'PUT', path, operation: 'FederatedIdentityCredentialPut', handle: put },
      { method: 'DELETE', path, operation: 'FederatedIdentityCredentialDelete', handle: remove },
    ],
  };
}

function parseCredential(name: string, body: JsonObject): FederatedIdentityCredential {
  const { properties } = body;
  if (!NAME.test(name)) throw badRequest(`Federated Identity Credential name '${name}' is invalid.`);
  if (!isObject(properties) || Object.keys(properties).length === 0) {
    throw badRequest('Federated Identity Credential from HTTP body has empty properties');
  }
  const { issuer, subject, audiences } = properties;
  if (!isText(issuer) || !isText(subject) || !Array.isArray(audiences)) {
    throw badRequest(
      "The request format was unexpected. Federated Identity Credential must specify 'issuer', 'subject' and 'audience'.",
    );
  }
  const [audience] = audiences as readonly unknown[];
  if (!isText(audience) || audiences.length !== 1) {
    throw badRequest('Federated identity credentials must have exactly one audience.');
  }
  checkLength('issuer', issuer);
  checkLength('subject', subject);
  checkLength('audience', audience);
  if (!isHttpsUrl(issuer)) {
    throw badRequest(
      'The request format was unexpected. The issuer of a Federated Identity Credential is an HTTPS URL.',
    );
  }
  return { name, issuer, subject, audiences: [audience] };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isHttpsUrl(value: string): boolean {
  return /^https:\/\//i.test(value) && URL.canParse(value);
}

function checkLength(what: string, value: string): void {
  if (value.length <= MAX_LENGTH) return;
  throw badRequest(`Federated Identity Credential ${what} is longer than ${MAX_LENGTH} characters.`);
}

function renderCredential(identity: ArmResource, { name, issuer, subject, audiences }: FederatedIdentityCredential) {
  return {
    id: `${identity.id}/federatedIdentityCredentials/${name}`,
    name,
    type: FEDERATED_CREDENTIAL_TYPE,
    properties: { issuer, subject, audiences },
  };
}

function concurrentWrite(identityId: string): AzureError {
  return new AzureError(
    409,
    'ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity',
    'Too many Federated Identity Credentials are written concurrently for the managed identity ' +
      `'${identityId}'. Concurrent Federated Identity Credentials writes under the same managed identity are not supported.`,
  );
}
