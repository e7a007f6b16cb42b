import type { CommandSpec, OptionSpec } from '../command.ts';
import { AzError } from '../errors.ts';
import { quoted } from '../graph.ts';
import { isObject, parseJson, type Json } from '../json.ts';
import { text } from '../options.ts';
import { credentialCommands } from './graph-credentials.ts';
import {
  applicationObjectId,
  createOrPatchApplication,
  LIST_COLUMNS,
  listObjects,
  listOptions,
  plainGraphFailure,
} from './graph-objects.ts';

const appOption: OptionSpec = text('id', '--id', 'Client id, object id or identifier URI of the application.', {
  required: true,
});

const trustId: OptionSpec = text(
  'trust',
  '--federated-credential-id',
  'Id or name of the federated identity credential.',
  { required: true },
);

const parametersOption: OptionSpec = text(
  'parameters',
  '--parameters',
  'JSON with name, issuer, subject and audiences. @FILE reads a file.',
  { required: true },
);

/** `az ad app …`. */
export const adAppCommands: readonly CommandSpec[] = [
  {
    path: 'ad app create',
    summary: 'Create an application.',
    options: [text('displayName', '--display-name', 'Its display name.', { required: true })],
    example: 'ad app create --display-name demo-app',
    run: (context, args) => createOrPatchApplication(context, { displayName: args.text('displayName') }),
  },
  {
    path: 'ad app show',
    summary: 'Show an application.',
    options: [appOption],
    example: 'ad app show --id CLIENT_ID',
    run: async (context, args) =>
      (await context.graph()).get(`/applications/${await applicationObjectId(context, args.text('id'))}`),
  },
  {
    path: 'ad app list',
    summary: 'List the applications.',
    options: [
      ...listOptions,
      text('appId', '--app-id', 'Only that with this client id.'),
      text('uri', '--identifier-uri', 'Only that with this identifier URI.'),
    ],
    example: 'ad app list --display-name demo --output table',
    columns: LIST_COLUMNS,
    run: (context, args) => {
      const [appId, uri] = [args.optional('appId'), args.optional('uri')];
      return listObjects(
        context,
        args,
        'applications',
        ...(appId === undefined ? [] : [`appId eq ${quoted(appId)}`]),
        ...(uri === undefined ? [] : [`identifierUris/any(s:s eq ${quoted(uri)})`]),
      );
    },
  },
  {
    path: 'ad app delete',
    summary: 'Delete an application with its service principal.',
    options: [appOption],
    example: 'ad app delete --id CLIENT_ID',
    run: async (context, args) => {
      const id = await applicationObjectId(context, args.text('id')).catch(plainGraphFailure);
      await (await context.graph()).delete(`/applications/${id}`).catch(plainGraphFailure);
      return undefined;
    },
  },
  ...credentialCommands({
    group: 'ad app',
    what: 'an application',
    collection: '/applications',
    idOption: appOption,
    objectId: applicationObjectId,
  }),
  {
    path: 'ad app federated-credential create',
    summary: 'Let tokens of one issuer and subject stand for an application.',
    options: [appOption, parametersOption],
    example:
      'ad app federated-credential create --id CLIENT_ID --parameters \'{"name":"demo","issuer":"https://ISSUER/","subject":"system:serviceaccount:default:demo","audiences":["api://AzureADTokenExchange"]}\'',
    run: async (context, args) => {
      const path = await trustsPath(context, args.text('id'));
      return (await context.graph()).post(path, jsonOf(args.text('parameters'))).catch(plainGraphFailure);
    },
  },
  {
    path: 'ad app federated-credential list',
    summary: 'List whose tokens stand for an application.',
    options: [appOption],
    example: 'ad app federated-credential list --id CLIENT_ID',
    run: async (context, args) =>
      (await context.graph()).list(await trustsPath(context, args.text('id'))).catch(plainGraphFailure),
  },
  {
    path: 'ad app federated-credential show',
    summary: 'Show a federated identity credential of an application.',
    options: [appOption, trustId],
    example: 'ad app federated-credential show --id CLIENT_ID --federated-credential-id demo',
    run: async (context, args) =>
      (await context.graph())
        .get(`${await trustsPath(context, args.text('id'))}/${args.text('trust')}`)
        .catch(plainGraphFailure),
  },
  {
    path: 'ad app federated-credential update',
    summary: 'Change what a federated identity credential trusts.',
    options: [appOption, trustId, parametersOption],
    example:
      'ad app federated-credential update --id CLIENT_ID --federated-credential-id demo --parameters @trust.json',
    run: async (context, args) => {
      const path = `${await trustsPath(context, args.text('id'))}/${args.text('trust')}`;
      await (await context.graph()).patch(path, jsonOf(args.text('parameters'))).catch(plainGraphFailure);
      return undefined;
    },
  },
  {
    path: 'ad app federated-credential delete',
    summary: 'Delete a federated identity credential of an application.',
    options: [appOption, trustId],
    example: 'ad app federated-credential delete --id CLIENT_ID --federated-credential-id demo',
    run: async (context, args) => {
      const path = `${await trustsPath(context, args.text('id'))}/${args.text('trust')}`;
      await (await context.graph()).delete(path).catch(plainGraphFailure);
      return undefined;
    },
  },
];

type Context = Parameters<CommandSpec['run']>[0];

async function trustsPath(context: Context, app: string): Promise<string> {
  return `/applications/${await applicationObjectId(context, app)}/federatedIdentityCredentials`;
}

function jsonOf(text: string): Json {
  const parsed = parseJson(text);
  if (isObject(parsed)) return parsed;
  throw new AzError('error', `Failed to parse string as JSON:\n${text}`);
}
