import type { Args } from '../args.ts';
import type { CommandSpec, OptionSpec } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { AzError, AzHttpError } from '../errors.ts';
import { quoted } from '../graph.ts';
import { textAt, type JsonObject } from '../json.ts';
import { boolean, text } from '../options.ts';
import { addPassword, credentialCommands, keyCredential, removePasswords, validity } from './graph-credentials.ts';
import {
  CREDENTIAL_WARNING,
  createOrPatchApplication,
  LIST_COLUMNS,
  listObjects,
  listOptions,
  plainGraphFailure,
  servicePrincipalId,
} from './graph-objects.ts';
import { isGuid } from './principals.ts';
import { assignRole } from './role-assignment.ts';

const principalOption: OptionSpec = text(
  'id',
  '--id',
  'Client id, another name or object id of the service principal.',
  {
    required: true,
  },
);

/** `az ad sp …`. */
export const adSpCommands: readonly CommandSpec[] = [
  {
    path: 'ad sp create-for-rbac',
    summary: 'Create an application with a service principal and a secret, and give it a role.',
    options: [
      text('displayName', ['--display-name', '--name', '-n'], 'Its display name. Default: azure-cli-TIME.'),
      text('role', '--role', 'Name or GUID of a role. Needs --scopes.'),
      { key: 'scopes', names: ['--scopes'], kind: 'list', help: 'Where the role counts: ids, separated by spaces.' },
      { key: 'years', names: ['--years'], kind: 'integer', help: 'How many years the secret is valid. Default: 1.' },
      text('certificate', '--cert', 'A certificate (PEM; @FILE reads a file) instead of a secret.'),
      boolean('skipAssignment', '--skip-assignment', 'Without effect: no role is given unless --role asks for one.'),
    ],
    example: 'ad sp create-for-rbac --name demo-ci --role Reader --scopes /subscriptions/SUBSCRIPTION',
    run: (context, args) => createForRbac(context, args).catch(plainGraphFailure),
  },
  {
    path: 'ad sp create',
    summary: 'Create the service principal of an application.',
    options: [text('id', '--id', 'Client id, object id or identifier URI of the application.', { required: true })],
    example: 'ad sp create --id CLIENT_ID',
    run: async (context, args) => {
      const graph = await context.graph();
      const id = args.text('id');
      const filter = isGuid(id) ? `appId eq ${quoted(id)}` : `identifierUris/any(s:s eq ${quoted(id)})`;
      const app =
        (await graph.list('/applications', filter))[0] ??
        (await graph.get(`/applications/${encodeURIComponent(id)}`).catch(() => undefined));
      const body = { appId: textAt(app, 'appId') ?? id, accountEnabled: true };
      return graph.post('/servicePrincipals', body).catch(plainGraphFailure);
    },
  },
  {
    path: 'ad sp show',
    summary: 'Show a service principal: of an application, or of a managed identity.',
    options: [principalOption],
    example: 'ad sp show --id CLIENT_ID --query id --output tsv',
    run: async (context, args) =>
      (await context.graph()).get(`/servicePrincipals/${await servicePrincipalId(context, args.text('id'))}`),
  },
  {
    path: 'ad sp list',
    summary: 'List the service principals.',
    options: [...listOptions, text('spn', '--spn', 'Only that with this client id or name.')],
    example: 'ad sp list --display-name demo --output table',
    columns: LIST_COLUMNS,
    run: (context, args) => {
      const spn = args.optional('spn');
      const filters = spn === undefined ? [] : [`servicePrincipalNames/any(c:c eq ${quoted(spn)})`];
      return listObjects(context, args, 'servicePrincipals', ...filters);
    },
  },
  {
    path: 'ad sp delete',
    summary: 'Delete a service principal.',
    options: [principalOption],
    example: 'ad sp delete --id CLIENT_ID',
    run: async (context, args) => {
      const id = await servicePrincipalId(context, args.text('id')).catch(plainGraphFailure);
      await (await context.graph()).delete(`/servicePrincipals/${id}`).catch(plainGraphFailure);
      return undefined;
    },
  },
  ...credentialCommands({
    group: 'ad sp',
    what: 'a service principal',
    collection: '/servicePrincipals',
    idOption: principalOption,
    objectId: servicePrincipalId,
  }),
];

async function createForRbac(context: CommandContext, args: Args): Promise<JsonObject> {
  const [role, scopes, certificate] = [args.optional('role'), args.list('scopes'), args.optional('certificate')];
  if ((role === undefined) !== (scopes === undefined)) {
    throw new AzError('error', 'Usage error: To create role assignments, specify both --role and --scopes.');
  }
  const graph = await context.graph();
  const displayName = args.optional('displayName') ?? `azure-cli-${timeName(context.io.clock.now())}`;
  const period = validity(context, args);
  const [existing] =
    args.optional('displayName') === undefined
      ? []
      : await graph.list('/servicePrincipals', `displayName eq ${quoted(displayName)}`);

  const keyCredentials =
    certificate === undefined ? undefined : [keyCredential(certificate, period, context.io.random.uuid())];
  const app = await createOrPatchApplication(context, {
    displayName,
    ...(keyCredentials === undefined ? {} : { keyCredentials }),
  });
  const path = `/applications/${textAt(app, 'id')}`;
  await removePasswords(context, path, app);
  const password = certificate === undefined ? await addPassword(context, path, 'rbac', period) : null;
  const appId = textAt(app, 'appId') ?? '';
  const principal = existing ?? (await graph.post('/servicePrincipals', { appId, accountEnabled: true }));
  for (const scope of scopes ?? []) {
    context.warn(`Creating '${role}' role assignment under scope '${scope}'`);
    await assignRole(context, {
      assignee: { objectId: textAt(principal, 'id') ?? '', type: 'ServicePrincipal' },
      scope,
      role: role ?? '',
    }).catch((error: unknown) => {
      if (!(error instanceof AzHttpError) || error.azureCode !== 'RoleAssignmentExists') throw error;
      context.warn('  Role assignment already exists.\n');
    });
  }
  if (password !== null) context.warn(CREDENTIAL_WARNING);
  const { tenantId } = await context.account();
  return { appId, password, displayName, tenant: tenantId };
}

/** `2026-01-31-12-00-00`. */
function timeName(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replaceAll(/[T:]/g, '-');
}
