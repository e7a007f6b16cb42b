import type { Group } from '../directory.ts';
import { empty, json, textOr, type JsonObject } from '../rest/request.ts';
import { odataContext, type GraphCall, type GraphContext, type GraphRoute } from './graph-call.ts';
import { badRequest, notFound } from './graph-errors.ts';
import { findObject, renderGroup } from './graph-objects.ts';
import { answerList, answerObject } from './graph-query.ts';

// The route table compares encoded segments.
const REF = encodeURIComponent('$ref');

/** Security groups and who is in them. Owners are not kept: the lab's user may change every group as it is. */
export function createGroupRoutes(context: GraphContext): readonly GraphRoute[] {
  const { directory, clock, random } = context;

  const requireGroup = (call: GraphCall): Group => {
    const { id = '' } = call.params;
    const group = directory.groupByObjectId(id);
    if (group === undefined) throw notFound(id);
    return group;
  };

  const create = async (call: GraphCall) => {
    const group = parseGroup(await call.body(), {
      objectId: random.uuid(),
      displayName: '',
      mailNickname: '',
      createdAtMs: Math.floor(clock.now() / 1000) * 1000,
      memberIds: [],
    });
    directory.putGroup(group);
    return answerObject(call, 'groups', renderGroup(group), 201);
  };

  const update = async (call: GraphCall) => {
    const body = await call.body();
    directory.putGroup(parseGroup(body, requireGroup(call)));
    return empty(204);
  };

  const remove = (call: GraphCall) => {
    directory.removeGroup(requireGroup(call).objectId);
    return empty(204);
  };

  const members = (call: GraphCall) => {
    const objects = requireGroup(call).memberIds.flatMap((id) => findObject(directory, id) ?? []);
    return answerList(call, 'directoryObjects', objects);
  };

  const addMember = async (call: GraphCall) => {
    const body = await call.body();
    const group = requireGroup(call);
    const id = textOr(body['@odata.id'], '').split('/').at(-1) ?? '';
    const member = findObject(directory, id);
    if (member === undefined || member['@odata.type'] === '#microsoft.graph.application') throw notFound(id);
    if (group.memberIds.includes(member.id)) {
      throw badRequest(
        "One or more added object references already exist for the following modified properties: 'members'.",
      );
    }
    directory.putGroup({ ...group, memberIds: [...group.memberIds, member.id] });
    return empty(204);
  };

  const removeMember = (call: GraphCall) => {
    const group = requireGroup(call);
    const { member = '' } = call.params;
    const memberIds = group.memberIds.filter((id) => id.toLowerCase() !== member.toLowerCase());
    if (memberIds.length === group.memberIds.length) throw notFound(member);
    directory.putGroup({ ...group, memberIds });
    return empty(204);
  };

  const owners = (call: GraphCall) => {
    requireGroup(call);
    return answerList(call, 'directoryObjects', []);
  };

  /** The groups of the path's object; by user name too. */
  const groupsOf = (call: GraphCall): readonly string[] => {
    const { id = '' } = call.params;
    const user = directory.principals().find((each) => each.userPrincipalName?.toLowerCase() === id.toLowerCase());
    const found = findObject(directory, user?.objectId ?? id);
    if (found === undefined) throw notFound(id);
    return directory.groupsOf(found.id);
  };

  const memberGroups = (call: GraphCall) =>
    json(200, { ...odataContext(call, 'Collection(Edm.String)'), value: groupsOf(call) });

  const checkMemberGroups = async (call: GraphCall) => {
    const { groupIds } = await call.body();
    if (!Array.isArray(groupIds)) throw badRequest("The property 'groupIds' is required.");
    const value = groupsOf(call).filter((id) => groupIds.includes(id));
    return json(200, { ...odataContext(call, 'Collection(Edm.String)'), value });
  };

  const path = '/v1.0/groups';
  const one = `${path}/:id`;
  return [
    { method: 'POST', path, operation: 'GroupCreate', handle: create },
    { method: 'PATCH', path: one, operation: 'GroupUpdate', handle: update },
    { method: 'DELETE', path: one, operation: 'GroupDelete', handle: remove },
    { method: 'GET', path: `${one}/members`, operation: 'GroupMemberList', handle: members },
    { method: 'POST', path: `${one}/members/${REF}`, operation: 'GroupMemberAdd', handle: addMember },
    { method: 'DELETE', path: `${one}/members/:member/${REF}`, operation: 'GroupMemberRemove', handle: removeMember },
    { method: 'GET', path: `${one}/owners`, operation: 'GroupOwnerList', handle: owners },
    ...['users', 'groups', 'servicePrincipals', 'directoryObjects'].flatMap((collection): readonly GraphRoute[] => [
      {
        method: 'POST',
        path: `/v1.0/${collection}/:id/getMemberGroups`,
        operation: 'GetMemberGroups',
        handle: memberGroups,
      },
      {
        method: 'POST',
        path: `/v1.0/${collection}/:id/checkMemberGroups`,
        operation: 'CheckMemberGroups',
        handle: checkMemberGroups,
      },
    ]),
  ];
}

/** `before` with what `body` says. Only security groups: mail is not the lab's. */
function parseGroup(body: JsonObject, before: Group): Group {
  const displayName = textOr(body['displayName'], before.displayName);
  const mailNickname = textOr(body['mailNickname'], before.mailNickname);
  for (const [name, value] of Object.entries({ displayName, mailNickname })) {
    if (value === '') throw badRequest(`A value is required for property '${name}' of resource 'Group'.`);
  }
  if (body['mailEnabled'] === true || body['securityEnabled'] === false) {
    throw badRequest("Invalid value specified for property 'mailEnabled' of resource 'Group'.");
  }
  const { description } = body;
  return {
    ...before,
    displayName,
    mailNickname,
    ...(typeof description === 'string' && description !== '' ? { description } : {}),
  };
}
