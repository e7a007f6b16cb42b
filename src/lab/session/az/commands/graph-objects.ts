import type { Args } from '../args.ts';
import type { OptionSpec } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { AzError } from '../errors.ts';
import { quoted } from '../graph.ts';
import { textAt, type JsonObject } from '../json.ts';
import { flag, text } from '../options.ts';
import { isGuid } from './principals.ts';

/** What az warns of whenever it prints a credential. */
export const CREDENTIAL_WARNING =
  'The output includes credentials that you must protect. Be sure that you do not include these credentials in your code or check the credentials into your source control. For more information, see https://aka.ms/azadsp-cli';

/** Options of the lists of applications and of service principals. */
export const listOptions: readonly OptionSpec[] = [
  text('displayName', '--display-name', 'Only those whose display name starts so.'),
  text('filter', '--filter', 'An OData filter.'),
  flag('all', '--all', 'All of them, not only the first hundred.'),
  flag('mine', '--show-mine', 'Only those of who is signed in.'),
];

/** The columns of these lists in `-o table`, sorted by name. */
export const LIST_COLUMNS = [
  ['DisplayName', 'displayName'],
  ['Id', 'id'],
  ['AppId', 'appId'],
  ['CreatedDateTime', 'createdDateTime'],
] as const;

/** The objects of a collection that the options let through, `filters` being the options' own. */
export async function listObjects(
  context: CommandContext,
  args: Args,
  collection: 'applications' | 'servicePrincipals',
  ...filters: readonly string[]
): Promise<readonly JsonObject[]> {
  const graph = await context.graph();
  if (args.flag('mine')) {
    const kind = `#microsoft.graph.${collection.replace(/s$/, '')}`;
    return (await graph.list('/me/ownedObjects')).filter((object) => object['@odata.type'] === kind);
  }
  const [filter, displayName] = [args.optional('filter'), args.optional('displayName')];
  const all = [
    ...(filter === undefined ? [] : [filter]),
    ...filters,
    ...(displayName === undefined ? [] : [`startswith(displayName,${quoted(displayName)})`]),
  ];
  const found = await graph.list(`/${collection}`, ...all);
  if (args.flag('all') || all.length > 0 || found.length <= 100) return found;
  context.warn(
    "The result is not complete. You can still use '--all' to get all of them with long latency expected, or provide a filter through command arguments",
  );
  return found.slice(0, 100);
}

/** The object id of an application that is named by its client id, its object id or an identifier URI. */
export async function applicationObjectId(context: CommandContext, identifier: string): Promise<string> {
  const graph = await context.graph();
  if (isGuid(identifier)) {
    const found = (await graph.list('/applications', `appId eq ${quoted(identifier)}`))[0];
    return textAt(found, 'id') ?? identifier;
  }
  const found = (await graph.list('/applications', `identifierUris/any(s:s eq ${quoted(identifier)})`))[0];
  const id = textAt(found, 'id');
  if (id !== undefined) return id;
  throw new AzError('notFound', `Application with identifier URI '${identifier}' doesn't exist`);
}

/**
 * Creates an application, or changes the one that has its display name, as `az ad app create` and `az ad sp create-for-rbac`
 * both do. Throws when several have the name.
 */
export async function createOrPatchApplication(
  context: CommandContext,
  body: JsonObject & { readonly displayName: string },
): Promise<JsonObject> {
  const graph = await context.graph();
  const { displayName } = body;
  const similar = await graph.list('/applications', `startswith(displayName,${quoted(displayName)})`);
  const same = similar.filter((app) => app['displayName'] === displayName);
  if (same.length > 1) {
    const ids = same.map((app) => textAt(app, 'id')).join(', ');
    throw new AzError(
      'error',
      `More than one application have the same display name '${displayName}': (id) ${ids}, please remove them first.`,
    );
  }
  if (same[0] === undefined) return graph.post('/applications', body);
  const id = textAt(same[0], 'id');
  context.warn(`Found an existing application instance: (id) ${id}. We will patch it.`);
  await graph.patch(`/applications/${id}`, body);
  return graph.get(`/applications/${id}`);
}

/** The object id of a service principal that is named by its client id, another of its names, or its object id. */
export async function servicePrincipalId(context: CommandContext, identifier: string): Promise<string> {
  const id = await (await context.graph()).servicePrincipalObjectId(identifier);
  if (id !== undefined) return id;
  if (isGuid(identifier)) return identifier;
  throw new AzError('notFound', `Service principal '${identifier}' doesn't exist`);
}

/** The failure of a command that is no `show`: az has exit code 1 for all of them. */
export function plainGraphFailure(error: unknown): never {
  if (error instanceof AzError && error.sort === 'notFound')
    throw new AzError('error', error.message, { cause: error });
  throw error;
}
