import { AzureError } from '../../rest/azure-error.ts';
import { queryValue } from '../../rest/request.ts';
import type { ArmCall, ArmRoute } from '../arm-call.ts';
import type { ArmContext } from '../arm-context.ts';
import { authorizationFailed } from '../authorization/index.ts';
import { listAnswer } from '../list-page.ts';
import { groupNameOf, type ArmResource } from '../resource-store.ts';
import { requireGroup } from '../tracked-resources.ts';

// Outside quotes: an even number of them follows.
const AND = /\s+and\s+(?=(?:[^']*'[^']*')*[^']*$)/i;
const OR = /\s+or\s+(?=(?:[^']*'[^']*')*[^']*$)/i;
const CLAUSE = /^\(?\s*(\w+)\s+(eq|ne)\s+'((?:[^']|'')*)'\s*\)?$/i;
const SUBSTRING = /^\(?\s*substringof\(\s*'((?:[^']|'')*)'\s*,\s*(\w+)\s*\)\s*\)?$/i;
const TAG_FIELDS = ['tagname', 'tagvalue'];

type Test = (resource: ArmResource) => boolean;

/** What a `$filter` may compare, in lower case. */
const FIELDS: Readonly<Record<string, (resource: ArmResource) => string>> = {
  resourcetype: (resource) => resource.type,
  name: (resource) => resource.name,
  location: (resource) => resource.location,
  resourcegroup: (resource) => groupNameOf(resource.id),
};

/** The look-up of resources by type and name (`GET …/resources?$filter=…`), below a subscription or a group. */
export function createResourceQueryRoutes(context: ArmContext): readonly ArmRoute[] {
  // Who has roles at some resources only sees those.
  const answer = (call: ArmCall, scope: string) => {
    const action = 'Microsoft.Resources/subscriptions/resources/read';
    if (!context.access.sees(call.token.objectId, scope)) {
      throw authorizationFailed(context.directory, call.token, { action, scope });
    }
    const fits = parseResourceFilter(queryValue(call.url, '$filter') ?? '');
    const found = context.resources
      .below(scope)
      .filter((resource) => resource.id.includes('/resourceGroups/') && resource.id.includes('/providers/'))
      .filter((resource) => fits(resource) && call.may(`${resource.type}/read`, resource.id));
    return listAnswer(call, found, ({ id, name, type, location, sku, identity, tags = {} }) => ({
      id,
      name,
      type,
      location,
      tags,
      ...(sku === undefined ? {} : { sku }),
      ...(identity === undefined ? {} : { identity }),
    }));
  };
  const operation = 'Microsoft.Resources/subscriptions/resources/read';
  return [
    {
      method: 'GET',
      path: '/subscriptions/:subscription/resources',
      operation,
      open: true,
      handle: (call) => answer(call, `/subscriptions/${call.params['subscription'] ?? ''}`),
    },
    {
      method: 'GET',
      path: '/subscriptions/:subscription/resourceGroups/:group/resources',
      operation,
      open: true,
      handle: (call) => answer(call, requireGroup(context, call).id),
    },
  ];
}

/**
 * Reads comparisons (`field eq 'value'`, `ne`, `substringof('value', field)`) joined by `and`, each of them perhaps several
 * joined by `or`. Throws 400 InvalidFilterInQueryString for anything else.
 */
export function parseResourceFilter(filter: string): Test {
  if (filter.trim() === '') return () => true;
  if (/\btagname\b/i.test(filter)) return parseTagFilter(filter);
  const tests = filter.split(AND).map((clause) => {
    const choices = clause.split(OR).map((part) => parseClause(filter, part.trim()));
    return (resource: ArmResource) => choices.some((test) => test(resource));
  });
  return (resource) => tests.every((test) => test(resource));
}

/** Reads `tagName eq 'name'`, perhaps with `and tagValue eq 'value'`. Throws 400 for anything else. */
export function parseTagFilter(filter: string): Test {
  if (filter.trim() === '') return () => true;
  const wanted: Record<string, string> = {};
  for (const clause of filter.split(AND)) {
    const [, field = '', comparison, quoted = ''] = CLAUSE.exec(clause.trim()) ?? [];
    if (!TAG_FIELDS.includes(field.toLowerCase()) || comparison?.toLowerCase() !== 'eq') throw invalid(filter);
    wanted[field.toLowerCase()] = unquote(quoted);
  }
  const { tagname, tagvalue } = wanted;
  if (tagname === undefined) throw invalid(filter);
  return ({ tags = {} }) =>
    Object.entries(tags).some(
      ([name, value]) => name.toLowerCase() === tagname.toLowerCase() && (tagvalue === undefined || value === tagvalue),
    );
}

function parseClause(filter: string, clause: string): Test {
  const [, part, partField = ''] = SUBSTRING.exec(clause) ?? [];
  const readPart = FIELDS[partField.toLowerCase()];
  if (part !== undefined && readPart !== undefined) {
    const text = unquote(part).toLowerCase();
    return (resource) => readPart(resource).toLowerCase().includes(text);
  }
  const [, field = '', comparison = '', quoted = ''] = CLAUSE.exec(clause) ?? [];
  const read = FIELDS[field.toLowerCase()];
  if (read === undefined) throw invalid(filter);
  const wanted = unquote(quoted).toLowerCase();
  const equal = comparison.toLowerCase() === 'eq';
  return (resource) => (read(resource).toLowerCase() === wanted) === equal;
}

function unquote(quoted: string): string {
  return quoted.replaceAll("''", "'");
}

function invalid(filter: string): AzureError {
  return new AzureError(
    400,
    'InvalidFilterInQueryString',
    `Invalid $filter '${filter}' specified in the query string.`,
  );
}
