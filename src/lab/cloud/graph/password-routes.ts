import type { ClientSecretDigest } from '../directory.ts';
import { empty, json } from '../rest/request.ts';
import { createPassword, renderPassword, withoutPassword } from './credentials.ts';
import { odataContext, type GraphCall, type GraphContext, type GraphRoute } from './graph-call.ts';

/** A sort of object that has secrets: applications, or service principals. */
export interface SecretOwners<T> {
  /** The path of one, such as `/v1.0/applications/:id`. */
  readonly path: string;
  /** What the audit calls the sort: `Application`. */
  readonly operation: string;
  /** The object of a call's path. Throws what the client is to get where there is none, or where it may not be changed. */
  readonly require: (call: GraphCall) => T;
  readonly keep: (object: T, secrets: readonly ClientSecretDigest[]) => void;
}

/** `addPassword`, which alone shows a secret's text, and `removePassword`. */
export function passwordRoutes<T extends { readonly secrets: readonly ClientSecretDigest[] }>(
  context: GraphContext,
  { path, operation, require, keep }: SecretOwners<T>,
): readonly GraphRoute[] {
  const add = async (call: GraphCall) => {
    const { text, kept } = createPassword(context, await call.body());
    const object = require(call);
    keep(object, [...object.secrets, kept]);
    return json(200, {
      ...odataContext(call, 'microsoft.graph.passwordCredential'),
      ...renderPassword(kept),
      secretText: text.expose(),
    });
  };

  const remove = async (call: GraphCall) => {
    const body = await call.body();
    const object = require(call);
    keep(object, withoutPassword(object.secrets, body));
    return empty(204);
  };

  return [
    { method: 'POST', path: `${path}/addPassword`, operation: `${operation}AddPassword`, handle: add },
    { method: 'POST', path: `${path}/removePassword`, operation: `${operation}RemovePassword`, handle: remove },
  ];
}
