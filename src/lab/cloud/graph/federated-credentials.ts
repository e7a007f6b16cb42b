import type { Application, FederatedIdentityCredential } from '../directory.ts';
import { AzureError } from '../rest/azure-error.ts';
import { empty, type JsonObject } from '../rest/request.ts';
import { requireApplication } from './applications.ts';
import type { GraphCall, GraphContext, GraphRoute } from './graph-call.ts';
import { alreadyThere, badRequest, notFound } from './graph-errors.ts';
import type { GraphObject } from './graph-objects.ts';
import { answerList, answerObject } from './graph-query.ts';

// Entra ID documentation, "Considerations and restrictions for federated identity credentials".
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$/;
const MAX_PER_APPLICATION = 20;
const MAX_LENGTH = 600;

/** The federated identity credentials of applications. */
export function createFederatedCredentialRoutes(context: GraphContext): readonly GraphRoute[] {
  const { directory, random } = context;

  const credentialOf = (application: Application, call: GraphCall) => {
    const key = keyOf(call);
    const found = find(application, key);
    if (found === undefined) throw notFound(key);
    return found;
  };

  const store = (application: Application, credentials: readonly FederatedIdentityCredential[]) =>
    directory.putApplication({ ...application, federatedCredentials: credentials });

  const add = (application: Application, body: JsonObject): FederatedIdentityCredential => {
    const name = parseName(body['name']);
    if (find(application, name) !== undefined) {
      throw alreadyThere(`FederatedIdentityCredential with name ${name} already exists.`);
    }
    if (application.federatedCredentials.length >= MAX_PER_APPLICATION) {
      throw badRequest(
        `The directory object quota limit for the Application has been exceeded: it has at most ${MAX_PER_APPLICATION} ` +
          'federated identity credentials.',
      );
    }
    const credential = change({ name, id: random.uuid(), issuer: '', subject: '', audiences: [] }, body);
    refuseDouble(application, credential);
    store(application, [...application.federatedCredentials, credential]);
    return credential;
  };

  const create = async (call: GraphCall) => {
    const body = await call.body();
    const application = requireApplication(context, call);
    return answerObject(call, collection(application), renderCredential(add(application, body)), 201);
  };

  const update = async (call: GraphCall) => {
    const body = await call.body();
    const application = requireApplication(context, call);
    const [, name] = /^name=(.*)$/i.exec(keyOf(call)) ?? [];
    if (name !== undefined && find(application, name) === undefined && /create-if-missing/i.test(call.prefer)) {
      const made = add(application, { ...body, name });
      return answerObject(call, collection(application), renderCredential(made), 201);
    }
    const before = credentialOf(application, call);
    if (body['name'] !== undefined && body['name'] !== before.name) {
      throw badRequest("Property 'name' is read-only and cannot be set.");
    }
    const after = change(before, body);
    refuseDouble(application, after);
    store(
      application,
      application.federatedCredentials.map((each) => (each === before ? after : each)),
    );
    return empty(204);
  };

  const remove = (call: GraphCall) => {
    const application = requireApplication(context, call);
    const credential = credentialOf(application, call);
    store(
      application,
      application.federatedCredentials.filter((each) => each !== credential),
    );
    return empty(204);
  };

  const get = (call: GraphCall) => {
    const application = requireApplication(context, call);
    return answerObject(call, collection(application), renderCredential(credentialOf(application, call)));
  };

  const list = (call: GraphCall) => {
    const application = requireApplication(context, call);
    return answerList(call, collection(application), application.federatedCredentials.map(renderCredential));
  };

  const path = '/v1.0/applications/:id/federatedIdentityCredentials';
  const one = `${path}/:credential`;
  const operation = (verb: string) => `ApplicationFederatedIdentityCredential${verb}`;
  return [
    { method: 'GET', path, operation: operation('List'), handle: list },
    { method: 'POST', path, operation: operation('Create'), handle: create },
    { method: 'GET', path: one, operation: operation('Get'), handle: get },
    { method: 'PATCH', path: one, operation: operation('Update'), handle: update },
    { method: 'DELETE', path: one, operation: operation('Delete'), handle: remove },
  ];
}

function keyOf(call: GraphCall): string {
  return call.params['credential'] ?? '';
}

/** By id or by name, also as `name=…`. */
function find(application: Application, key: string): FederatedIdentityCredential | undefined {
  const name = key.replace(/^name=/i, '');
  return application.federatedCredentials.find((each) => each.id === key || each.name === name);
}

function collection({ objectId }: Application): string {
  return `applications('${objectId}')/federatedIdentityCredentials`;
}

/** `before` with what `body` says. Throws 400 for what is missing, too long or not one audience. */
function change(before: FederatedIdentityCredential, body: JsonObject): FederatedIdentityCredential {
  const text = (name: 'issuer' | 'subject', old: string) =>
    parseText(name, Object.hasOwn(body, name) ? body[name] : old);
  const audiences = Object.hasOwn(body, 'audiences') ? body['audiences'] : before.audiences;
  if (!Array.isArray(audiences) || audiences.length !== 1) {
    throw invalidValue('Audiences', 'Federated identity credentials must have exactly one audience.');
  }
  const description = Object.hasOwn(body, 'description') ? body['description'] : before.description;
  return {
    ...before,
    issuer: text('issuer', before.issuer),
    subject: text('subject', before.subject),
    audiences: [parseText('audience', audiences[0])],
    ...(typeof description === 'string' && description !== '' ? { description: description.slice(0, MAX_LENGTH) } : {}),
  };
}

function refuseDouble(application: Application, credential: FederatedIdentityCredential): void {
  const double = application.federatedCredentials.some(
    ({ id, issuer, subject }) => id !== credential.id && issuer === credential.issuer && subject === credential.subject,
  );
  if (!double) return;
  throw invalidValue(
    'Subject',
    `The combination of issuer and subject must be unique for the application. Issuer ${credential.issuer} and ` +
      `Subject: ${credential.subject} already exist.`,
    credential.subject,
  );
}

function parseName(value: unknown): string {
  if (typeof value === 'string' && NAME.test(value)) return value;
  throw invalidValue(
    'Name',
    'The name of a federated identity credential has 3 to 120 letters, digits, - and _.',
    value,
  );
}

function parseText(what: string, value: unknown): string {
  const property = `${what.slice(0, 1).toUpperCase()}${what.slice(1)}`;
  if (typeof value !== 'string' || value === '') throw invalidValue(property, `A value is required for ${what}.`);
  if (value.length > MAX_LENGTH) throw invalidValue(property, `The ${what} has more than ${MAX_LENGTH} characters.`);
  return value;
}

/** As azure-workload-identity#434 quotes it. */
function invalidValue(property: string, message: string, value?: unknown): AzureError {
  const facts = [
    `paramName: FederatedIdentityCredential.${property}`,
    ...(typeof value === 'string' ? [`paramValue: ${value}`] : []),
    'objectType: Microsoft.Online.DirectoryServices.Application',
  ];
  return new AzureError(400, 'InvalidFederatedIdentityCredentialValue', `${message} ${facts.join(', ')}`);
}

function renderCredential({ id, name, issuer, subject, audiences, description }: FederatedIdentityCredential) {
  return {
    id: id ?? name,
    name,
    issuer,
    subject,
    description: description ?? null,
    audiences,
  } satisfies GraphObject;
}
