import { storeSection } from '#lab/store';
import { empty, json, objectOr, type JsonObject } from '../../rest/request.ts';
import type { ArmCall, ArmRoute } from '../arm-call.ts';
import type { ArmContext } from '../arm-context.ts';
import { badRequest, invalidRequestContent } from '../arm-errors.ts';
import { parseTags } from '../resource-tags.ts';
import { requireScope } from '../tracked-resources.ts';

const TYPE = 'Microsoft.Resources/tags';

/** The tags of anything, at any scope (`:scope` is set by who matches an extension's path). */
export function createTagRoutes(context: ArmContext): readonly ArmRoute[] {
  const { resources } = context;
  const ofSubscription = storeSection(context.store, 'subscription-tags/');
  const keyOf = (scope: string) => scope.toLowerCase().replaceAll('/', ' ').trim();

  const read = (scope: string): JsonObject => {
    requireScope(context, scope);
    return resources.get(scope)?.tags ?? objectOr(ofSubscription.get(keyOf(scope)));
  };
  const write = (scope: string, tags: JsonObject) => {
    const resource = resources.get(scope);
    if (resource === undefined) ofSubscription.put(keyOf(scope), Object.fromEntries(stringEntries(tags)));
    else resources.put({ ...resource, tags });
  };
  const answer = (scope: string) =>
    json(200, {
      id: `${scope}/providers/${TYPE}/default`,
      name: 'default',
      type: TYPE,
      properties: { tags: read(scope) },
    });

  const scopeOf = ({ params: { scope = '/' } }: ArmCall) => scope;
  const sentTags = (body: JsonObject) => parseTags(objectOr(body['properties'])['tags']);
  const put = async (call: ArmCall) => {
    const tags = sentTags(await call.body());
    read(scopeOf(call));
    write(scopeOf(call), tags);
    return answer(scopeOf(call));
  };
  const patch = async (call: ArmCall) => {
    const body = await call.body();
    const operation = String(body['operation']).toLowerCase();
    const change = Object.entries(CHANGES).find(([name]) => name === operation)?.[1];
    if (change === undefined) throw invalidRequestContent('The operation must be one of Merge, Replace, Delete.');
    write(scopeOf(call), parseTags(change(read(scopeOf(call)), sentTags(body))));
    return answer(scopeOf(call));
  };
  const remove = (call: ArmCall) => {
    read(scopeOf(call));
    write(scopeOf(call), {});
    return empty(200);
  };

  const path = `/providers/${TYPE}/default`;
  return [
    { method: 'GET', path, operation: `${TYPE}/read`, handle: (call) => answer(scopeOf(call)) },
    { method: 'PUT', path, operation: `${TYPE}/write`, handle: put },
    { method: 'PATCH', path, operation: `${TYPE}/write`, handle: patch },
    { method: 'DELETE', path, operation: `${TYPE}/delete`, handle: remove },
  ];
}

/** The names and values of tags that are in use in the subscription, with how often. */
export function createTagNameRoute(context: ArmContext): ArmRoute {
  return {
    method: 'GET',
    path: '/subscriptions/:subscription/tagNames',
    operation: 'Microsoft.Resources/subscriptions/tagNames/read',
    handle: (call) => {
      const scope = `/subscriptions/${call.params['subscription'] ?? ''}`;
      const used = new Map<string, Map<string, number>>();
      for (const { tags = {} } of context.resources.below(scope)) {
        for (const [name, value] of stringEntries(tags)) {
          const values = used.get(name) ?? new Map<string, number>();
          used.set(name, values.set(value, (values.get(value) ?? 0) + 1));
        }
      }
      return json(200, {
        value: [...used].map(([name, values]) => renderTagName(`${scope}/tagNames/${name}`, name, values)),
      });
    },
  };
}

const CHANGES = {
  merge: (had: JsonObject, sent: JsonObject) => ({ ...had, ...sent }),
  replace: (_had: JsonObject, sent: JsonObject) => sent,
  // A value that is not empty has to fit too.
  delete: (had: JsonObject, sent: JsonObject) =>
    Object.fromEntries(
      Object.entries(had).filter(([name, value]) => !(name in sent) || (sent[name] !== '' && sent[name] !== value)),
    ),
};

function stringEntries(tags: JsonObject): readonly (readonly [string, string])[] {
  return Object.entries(tags).map(([name, value]) => {
    if (typeof value !== 'string') throw badRequest('The tags must be an object whose values are strings.');
    return [name, value];
  });
}

function renderTagName(id: string, tagName: string, values: ReadonlyMap<string, number>) {
  const count = (value: number) => ({ type: 'Total', value });
  return {
    id,
    tagName,
    count: count([...values.values()].reduce((sum, each) => sum + each, 0)),
    values: [...values].map(([tagValue, times]) => ({
      id: `${id}/tagValues/${tagValue}`,
      tagValue,
      count: count(times),
    })),
  };
}
