import type { Clock, Random } from '#base';
import type { Directory } from '../directory.ts';
import type { JsonObject } from '../rest/request.ts';
import type { Route } from '../rest/router.ts';
import type { AccessToken } from '../service.ts';

/** One request to Graph, authenticated and matched to its route. */
export interface GraphCall {
  readonly url: URL;
  /** What the `:names` of the route's path stand for; an alternate key arrives as `appId=…` or `name=…`. */
  readonly params: Readonly<Record<string, string>>;
  readonly token: AccessToken;
  /** The header `Prefer`, or empty. */
  readonly prefer: string;
  body(): Promise<JsonObject>;
}

/** A row of Graph's route table. */
export type GraphRoute = Route<GraphCall>;

/** What the routes work on. */
export interface GraphContext {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly random: Random;
}

/** The `@odata.context` of an answer about `what`, for example `users/$entity`. */
export function odataContext(call: GraphCall, what: string): { readonly '@odata.context': string } {
  return { '@odata.context': `${call.url.origin}/v1.0/$metadata#${what}` };
}
