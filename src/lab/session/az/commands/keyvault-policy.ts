import type { Args } from '../args.ts';
import type { CommandSpec, OptionSpec } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { AzError, usageError } from '../errors.ts';
import { at, objectsAt, textAt, type Json, type JsonObject } from '../json.ts';
import { noWait, text } from '../options.ts';
import {
  applyPolicy,
  isPolicyOf,
  PERMISSION_KINDS,
  PERMISSIONS,
  type PermissionKind,
  type PolicySubject,
} from './access-policy.ts';
import { optionalGroup, vaultName } from './vault-lookup.ts';
import { changeVault } from './vault-change.ts';

const policyTarget: readonly OptionSpec[] = [
  text('objectId', '--object-id', 'The object (principal) id of who the policy is for.'),
  text('spn', '--spn', 'Its client id instead.'),
  text('upn', '--upn', "A user's principal name instead."),
  text('applicationId', '--application-id', 'The application that acts for the principal.'),
];

const permissionOptions: readonly OptionSpec[] = PERMISSION_KINDS.map((kind) => ({
  key: `${kind}Permissions`,
  names: [`--${kind}-permissions`],
  kind: 'list',
  help: `What it may do with ${kind === 'storage' ? 'storage accounts' : `${kind}s`}.`,
  choices: PERMISSIONS[kind],
}));

/** `az keyvault set-policy` and `delete-policy`. */
export const policyCommands: readonly CommandSpec[] = [
  {
    path: 'keyvault set-policy',
    summary: 'Set what a principal may do in a vault that uses access policies.',
    options: [vaultName, optionalGroup, ...policyTarget, ...permissionOptions, noWait],
    example: 'keyvault set-policy --name demo-vault --spn CLIENT_ID --secret-permissions get list',
    run: (context, args) =>
      writePolicies(context, args, 'set', (policies, who) => applyPolicy(policies, who, permissionsOf(args))),
  },
  {
    path: 'keyvault delete-policy',
    summary: 'Take a principal out of a vault’s access policies.',
    options: [vaultName, optionalGroup, ...policyTarget, noWait],
    example: 'keyvault delete-policy --name demo-vault --object-id OBJECT_ID',
    run: (context, args) =>
      writePolicies(context, args, 'delete', (policies, who) => {
        const left = policies.filter((policy) => !isPolicyOf(policy, who));
        if (left.length === policies.length) throw new AzError('error', 'No matching policies found');
        return left;
      }),
  },
];

/** az itself merges the policies and writes all of them back. */
async function writePolicies(
  context: CommandContext,
  args: Args,
  verb: 'set' | 'delete',
  change: (policies: readonly JsonObject[], who: PolicySubject) => readonly JsonObject[],
): Promise<Json | undefined> {
  const objectId = await policyObjectId(context, args);
  return changeVault(context, args, (properties) => {
    if (at(properties, 'enableRbacAuthorization') === true) {
      throw new AzError('error', `Cannot ${verb} policies to a vault with '--enable-rbac-authorization' specified`);
    }
    const tenantId = textAt(properties, 'tenantId') ?? '';
    const who = { tenantId, objectId, applicationId: args.optional('applicationId') };
    return { ...properties, accessPolicies: change(objectsAt(properties, 'accessPolicies'), who) };
  });
}

async function policyObjectId(context: CommandContext, args: Args): Promise<string> {
  const given = args.optional('objectId');
  const spn = args.optional('spn');
  const upn = args.optional('upn');
  if ([given, spn, upn].filter((value) => value !== undefined).length !== 1) {
    throw usageError('specify exactly one: --object-id, --spn, --upn');
  }
  if (given !== undefined) return given;
  const graph = await context.graph();
  const found = spn === undefined ? await graph.userObjectId(upn ?? '') : await graph.servicePrincipalObjectId(spn);
  if (found !== undefined) return found;
  context.warn(
    spn === undefined ? `Unable to find user with upn '${upn}'` : `Unable to find service principal with spn '${spn}'`,
  );
  throw new AzError('error', 'Unable to get object id from principal name.');
}

function permissionsOf(args: Args): Partial<Record<PermissionKind, readonly string[]>> {
  const given = PERMISSION_KINDS.map((kind) => [kind, args.list(`${kind}Permissions`)] as const);
  if (given.every(([, list]) => list === undefined)) {
    throw usageError(
      'specify at least one: --key-permissions, --secret-permissions, --certificate-permissions --storage-permissions',
    );
  }
  return Object.fromEntries(given.filter(([, list]) => list !== undefined));
}
