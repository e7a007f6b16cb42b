import type { JsonObject } from '../rest/request.ts';
import type { Route } from '../rest/router.ts';
import type { AccessToken } from '../service.ts';

/** A request to ARM that has been authenticated and whose subscription, where its path has one, exists. */
export interface ArmCall {
  readonly url: URL;
  readonly apiVersion: string;
  /** What the route's `:names` stand for, in the client's casing. */
  readonly params: Readonly<Record<string, string>>;
  readonly token: AccessToken;
  /** Whether the caller's roles allow `action` at `scope`, an ARM id. */
  may(action: string, scope: string): boolean;
  /** A request header, by its name in any case. */
  header(name: string): string | undefined;
  /** The body as a JSON object. Throws 415 for another media type, 400 for what is no JSON object. */
  body(): Promise<JsonObject>;
}

/** One operation of ARM. Its `operation` is `Vault…` (Key Vault's diagnostic log) or the action's name of Azure RBAC. */
export interface ArmRoute extends Route<ArmCall> {
  /** Whoever is signed in may ask: the handler shows each caller what they may see. Default: the caller's roles decide. */
  readonly open?: true;
}
