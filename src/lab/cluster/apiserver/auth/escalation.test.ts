import { beforeEach, describe, expect, it } from 'vitest';
import { ApiError } from '../../api-access.ts';
import type { KubeObject } from '#kube';
import { createObject } from '../operations/create.ts';
import { updateObject } from '../operations/update.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';
import type { PolicyRule } from './authorizer.ts';
import { renderRules, uncoveredRules } from './escalation.ts';

const rule = (verbs: string[], apiGroups: string[], resources: string[], resourceNames?: string[]): PolicyRule => ({
  verbs,
  apiGroups,
  resources,
  ...(resourceNames === undefined ? {} : { resourceNames }),
});

describe('rights that are held', () => {
  const pods = rule(['get', 'list'], [''], ['pods', '*/scale']);

  it.each<[string, PolicyRule, PolicyRule, number]>([
    ['cover themselves', pods, pods, 0],
    ['cover less', pods, rule(['get'], [''], ['pods']), 0],
    ['do not cover another verb', pods, rule(['get', 'delete'], [''], ['pods']), 1],
    ['do not cover another group', pods, rule(['get'], ['apps'], ['pods']), 1],
    ['do not cover every verb', pods, rule(['*'], [''], ['pods']), 1],
    ['do not cover every resource', pods, rule(['get'], [''], ['*']), 1],
    ['cover one name of all', pods, rule(['get'], [''], ['pods'], ['a']), 0],
    ['of one name do not cover all', rule(['get'], [''], ['pods'], ['a']), rule(['get'], [''], ['pods']), 1],
    ['of one name do not cover another', rule(['get'], [''], ['pods'], ['a']), rule(['get'], [''], ['pods'], ['b']), 1],
    ['cover a subresource by star', pods, rule(['get'], [''], ['deployments/scale']), 0],
    ['do not cover a subresource by its parent', pods, rule(['get'], [''], ['pods/exec']), 1],
    ['of everything cover anything', rule(['*'], ['*'], ['*']), rule(['patch'], ['x'], ['y/z'], ['n']), 0],
    [
      'on paths cover what is below them',
      { verbs: ['get'], nonResourceURLs: ['/a/*'] },
      { verbs: ['get'], nonResourceURLs: ['/a/b', '/b'] },
      1,
    ],
  ])('%s', (_what, held, wanted, missing) => {
    expect(uncoveredRules([held], [wanted])).toHaveLength(missing);
  });

  it('are listed by what they are on', () => {
    expect(renderRules(uncoveredRules([], [rule(['get', 'list'], [''], ['secrets'])]))).toBe(
      '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}',
    );
  });
});

describe('who writes roles and bindings', () => {
  const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1' };
  const ROLES = { ...RBAC, resource: 'roles' };
  const BINDINGS = { ...RBAC, resource: 'rolebindings' };
  const jane = { username: 'jane', groups: ['system:authenticated'] };
  let api: TestApi;

  const role = (name: string, rules: readonly PolicyRule[]) => ({ metadata: { name }, rules });
  const binding = (name: string, roleName: string) => ({
    metadata: { name },
    roleRef: { apiGroup: RBAC.group, kind: 'Role', name: roleName },
    subjects: [{ kind: 'User', name: 'jane' }],
  });
  const target = (resource: typeof ROLES, name = '') => ({
    kind: api.context.kinds.get(resource),
    namespace: 'default',
    name,
  });
  const asJane = (resource: typeof ROLES, body: unknown): KubeObject =>
    createObject(api.context, target(resource), body, api.options('test', { user: jane }));
  const refusalOf = (act: () => unknown): string => {
    try {
      act();
    } catch (error) {
      if (error instanceof ApiError) return `${error.body.code} ${error.body.message}`;
      throw error;
    }
    return 'allowed';
  };
  const give = async (...rules: PolicyRule[]) => {
    await api.access.create(ROLES, 'default', role('of-jane', rules));
    await api.access.create(BINDINGS, 'default', binding('of-jane', 'of-jane'));
  };

  beforeEach(async () => {
    api = await createTestApi();
    await api.access.create(ROLES, 'default', role('secrets', [rule(['get'], [''], ['secrets'])]));
  });

  it('may grant what they hold, and nothing more', async () => {
    await give(rule(['get', 'list'], [''], ['pods']));
    expect(asJane(ROLES, role('same', [rule(['get'], [''], ['pods'])])).metadata.name).toBe('same');
    expect(refusalOf(() => asJane(ROLES, role('more', [rule(['get'], [''], ['pods', 'secrets'])])))).toBe(
      '403 roles.rbac.authorization.k8s.io "more" is forbidden: user "jane" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}',
    );
    expect(api.context.storage.get({ group: RBAC.group, resource: 'roles' }, 'default', 'more')).toBeUndefined();
  });

  it('may bind a role only when they hold what it allows', async () => {
    await give(rule(['get'], [''], ['pods']));
    expect(refusalOf(() => asJane(BINDINGS, binding('b', 'secrets')))).toContain('not currently held');
    expect(refusalOf(() => asJane(BINDINGS, binding('b', 'nothing')))).toContain('404 roles.rbac');
  });

  it('may do both with the verbs for it', async () => {
    await give(rule(['escalate', 'bind'], [RBAC.group], ['roles'], ['more', 'secrets']));
    expect(asJane(ROLES, role('more', [rule(['*'], ['*'], ['*'])])).metadata.name).toBe('more');
    expect(asJane(BINDINGS, binding('b', 'secrets')).metadata.name).toBe('b');
    expect(refusalOf(() => asJane(ROLES, role('other', [rule(['get'], [''], ['pods'])])))).toContain('403');
  });

  it('may change the labels of a role that is beyond them, but not its rules', async () => {
    const labelled = {
      ...role('secrets', [rule(['get'], [''], ['secrets'])]),
      metadata: { name: 'secrets', labels: { a: 'b' } },
    };
    const options = api.options('test', { user: jane });
    expect(updateObject(api.context, target(ROLES, 'secrets'), labelled, options).metadata.labels).toEqual({ a: 'b' });
    const wider = role('secrets', [rule(['get', 'list'], [''], ['secrets'])]);
    expect(refusalOf(() => updateObject(api.context, target(ROLES, 'secrets'), wider, options))).toContain('403');
  });
});
