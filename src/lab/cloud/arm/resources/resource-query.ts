import { AzureError } from '../../rest/azure-error.ts';
import { json, queryValue } from '../../rest/request.ts';
import type { ArmCall, ArmRoute } from '../arm-call.ts';
import type { ArmContext } from '../arm-context.ts';
import { groupNameOf, type ArmResource } from '../resource-store.ts';
import { requireGroup } from '../tracked-resources.ts';

// Outside quotes: an even number of them follows.
const AND = /\s+and\s+(?=(?:[^']*'[^']*')*[^']*$)/i;
const CLAUSE = /^\(?\s*(\w+)\s+eq\s+'((?:[^']|'')*)'\s*\)?$/;

/** What a `$filter` may compare, in lower case. */
const FIELDS: Readonly<Record<string, (resource: ArmResource) => string>> = {
  resourcetype: (resource) => resource.type,
  name: (resource) => resource.name,
  location: (resource) => resource.location,
  resourcegroup: (resource) => groupNameOf(resource.id),
};

/** The look-up of resources by type and name (`GET …/resources?$filter=…`), below a subscription or a group. */
export function createResourceQueryRoutes(context: ArmContext): readonly ArmRoute[] {
  const answer = (call: ArmCall, scope: string) => {
    const fits = parseResourceFilter(queryValue(call.url, '$filter') ?? '');
    const found = context.resources
      .below(scope)
      .filter((resource) => resource.id.includes('/resourceGroups/') && resource.id.includes('/providers/'))
      .filter(fits);
    return json(200, {
      value: found.map(({ id, name, type, location, tags = {} }) => ({ id, name, type, location, tags })),
    });
  };
  const operation = 'Microsoft.Resources/subscriptions/resources/read';
  return [
    {
      method: 'GET',
      path: '/subscriptions/:subscription/resources',
      operation,
      handle: (call) => answer(call, `/subscriptions/${call.params['subscription'] ?? ''}`),
    },
    {
      method: 'GET',
      path: '/subscriptions/:subscription/resourceGroups/:group/resources',
      operation,
      handle: (call) => answer(call, requireGroup(context, call).id),
    },
  ];
}

/** Reads `field eq 'value'`, joined by `and`. Throws 400 InvalidFilterInQueryString for anything else. */
export function parseResourceFilter(filter: string): (resource: ArmResource) => boolean {
  const invalid = () =>
    new AzureError(400, 'InvalidFilterInQueryString', `Invalid $filter '${filter}' specified in the query string.`);
  if (filter.trim() === '') return () => true;
  const tests = filter.split(AND).map((clause) => {
    const [, field = '', quoted = ''] = CLAUSE.exec(clause.trim()) ?? [];
    const read = FIELDS[field.toLowerCase()];
    if (read === undefined) throw invalid();
    const wanted = quoted.replaceAll("''", "'").toLowerCase();
    return (resource: ArmResource) => read(resource).toLowerCase() === wanted;
  });
  return (resource) => tests.every((test) => test(resource));
}
