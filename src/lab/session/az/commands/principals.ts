import type { CommandContext } from '../context.ts';
import { AzError, AzHttpError } from '../errors.ts';
import { at, textAt, type JsonObject } from '../json.ts';

/** A principal as Azure RBAC names it. */
export interface Assignee {
  readonly objectId: string;
  /** `User`, `Group` or `ServicePrincipal`; undefined when Graph does not tell. */
  readonly type: string | undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  '#microsoft.graph.user': 'User',
  '#microsoft.graph.group': 'Group',
  '#microsoft.graph.servicePrincipal': 'ServicePrincipal',
};

/** Whether a text has the form of a GUID. */
export function isGuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

/**
 * Who `--assignee` names, asked of Graph in az's order: a user's principal name, a service principal's client id, an
 * object id. Throws az's error when it is nobody.
 */
export async function findAssignee(context: CommandContext, assignee: string): Promise<Assignee> {
  const graph = await context.graph();
  if (assignee.includes('@')) {
    const objectId = await graph.userObjectId(assignee);
    if (objectId !== undefined) return { objectId, type: 'User' };
  }
  const objectId = await graph.servicePrincipalObjectId(assignee);
  if (objectId !== undefined) return { objectId, type: 'ServicePrincipal' };
  const found = isGuid(assignee) ? (await graph.objects([assignee]))[0] : undefined;
  if (found !== undefined) return { objectId: textAt(found, 'id') ?? assignee, type: typeOf(found) };
  throw new AzError(
    'error',
    `Cannot find user or service principal in graph database for '${assignee}'. If the assignee is an appId, make sure the corresponding service principal is created with 'az ad sp create --id ${assignee}'.`,
  );
}

/** The type of the principal with an object id; undefined when Graph does not know it or may not be asked. */
export async function typeOfPrincipal(context: CommandContext, objectId: string): Promise<string | undefined> {
  try {
    const found = (await (await context.graph()).objects([objectId]))[0];
    return found === undefined ? undefined : typeOf(found);
  } catch (error) {
    if (!(error instanceof AzHttpError)) throw error;
    context.warn(
      `Failed to query --assignee-principal-type for --assignee-object-id ${objectId} by invoking Graph API.`,
    );
    return undefined;
  }
}

/** What az shows of a principal: a user's principal name, a service principal's first name, a group's display name. */
export function displayedName(object: JsonObject): string {
  const names = at(object, 'servicePrincipalNames');
  const first: unknown = Array.isArray(names) ? names[0] : undefined;
  return (
    textAt(object, 'userPrincipalName') ?? (typeof first === 'string' ? first : (textAt(object, 'displayName') ?? ''))
  );
}

function typeOf(object: JsonObject): string | undefined {
  const type = object['@odata.type'];
  return typeof type === 'string' ? TYPES[type] : undefined;
}
