import type { Arm } from '../arm.ts';
import type { CommandSpec, OptionSpec } from '../command.ts';
import { AzError, AzHttpError } from '../errors.ts';
import { isObject, textAt } from '../json.ts';
import { location, name, resourceGroup, tags, text } from '../options.ts';
import { flattenResource, withNulls } from '../shape.ts';
import { locationOf } from './resource-group.ts';

const IDENTITY_API = '2025-05-31-preview';
const CREDENTIAL_API = '2025-01-31-preview';
const PROVIDER = 'providers/Microsoft.ManagedIdentity/userAssignedIdentities';

/** The audience that az fills in. */
const DEFAULT_AUDIENCE = 'api://AzureADTokenExchange';

const identityName = name('Name of the identity.');

function identityPath(arm: Arm, group: string, identity: string): string {
  return `${arm.subscription}/resourceGroups/${group}/${PROVIDER}/${identity}`;
}

/** az's own words, in which the group that is missing does not appear. */
function missingLocation(error: unknown): never {
  if (!(error instanceof AzHttpError)) throw error;
  throw new AzError('error', 'InvalidArgumentValue: Missing required field: --location', { cause: error });
}

function shapeIdentity(identity: Parameters<typeof flattenResource>[0]) {
  return withNulls(flattenResource(identity), ['tags']);
}

function shapeCredential(credential: Parameters<typeof flattenResource>[0]) {
  return flattenResource(credential);
}

const credentialOptions: readonly OptionSpec[] = [
  name('Name of the federated identity credential.'),
  {
    key: 'identityName',
    names: ['--identity-name'],
    kind: 'text',
    required: true,
    help: 'Name of the identity that the credential belongs to.',
  },
  resourceGroup,
];

const trustOptions: readonly OptionSpec[] = [
  text('issuer', '--issuer', "URL of the tokens' issuer, exactly as their iss claim has it.", { required: true }),
  text('subject', '--subject', 'The sub claim: system:serviceaccount:NAMESPACE:NAME.', { required: true }),
  { key: 'audiences', names: ['--audiences'], kind: 'list', help: `The aud claim. Default: ${DEFAULT_AUDIENCE}.` },
];

/** `az identity …`. */
export const identityCommands: readonly CommandSpec[] = [
  {
    path: 'identity create',
    summary: 'Create a user-assigned managed identity.',
    options: [identityName, resourceGroup, location, tags],
    example: 'identity create --name demo-identity --resource-group demo',
    run: async (context, args) => {
      const arm = await context.arm();
      const group = args.text('resourceGroup');
      const identity = await arm.put(identityPath(arm, group, args.text('name')), IDENTITY_API, {
        location: args.optional('location') ?? (await locationOf(arm, group).catch(missingLocation)),
        ...(args.tags('tags') === undefined ? {} : { tags: args.tags('tags') }),
      });
      return shapeIdentity(identity ?? {});
    },
  },
  {
    path: 'identity show',
    summary: 'Show an identity, with its client id and its principal (object) id.',
    options: [identityName, resourceGroup],
    example: 'identity show --name demo-identity --resource-group demo --query clientId --output tsv',
    run: async (context, args) => {
      const arm = await context.arm();
      return shapeIdentity(
        await arm.get(identityPath(arm, args.text('resourceGroup'), args.text('name')), IDENTITY_API),
      );
    },
  },
  {
    path: 'identity list',
    summary: 'List the identities of a resource group, or of the subscription.',
    options: [{ ...resourceGroup, required: false }],
    example: 'identity list --resource-group demo --output table',
    run: async (context, args) => {
      const arm = await context.arm();
      const group = args.optional('resourceGroup');
      const scope = group === undefined ? arm.subscription : `${arm.subscription}/resourceGroups/${group}`;
      return (await arm.list(`${scope}/${PROVIDER}`, IDENTITY_API)).map(shapeIdentity);
    },
  },
  {
    path: 'identity delete',
    summary: 'Delete an identity.',
    options: [identityName, resourceGroup],
    example: 'identity delete --name demo-identity --resource-group demo',
    run: async (context, args) => {
      const arm = await context.arm();
      await arm.delete(identityPath(arm, args.text('resourceGroup'), args.text('name')), IDENTITY_API);
      return undefined;
    },
  },
  {
    path: 'identity federated-credential create',
    summary: 'Let tokens of one issuer and subject stand for an identity.',
    options: [...credentialOptions, ...trustOptions],
    example:
      'identity federated-credential create --name demo --identity-name demo-identity --resource-group demo --issuer https://ISSUER/ --subject system:serviceaccount:default:demo',
    run: async (context, args) => {
      const arm = await context.arm();
      const identity = identityPath(arm, args.text('resourceGroup'), args.text('identityName'));
      const credential = await arm.put(
        `${identity}/federatedIdentityCredentials/${args.text('name')}`,
        CREDENTIAL_API,
        {
          properties: {
            issuer: args.text('issuer'),
            subject: args.text('subject'),
            audiences: args.list('audiences') ?? [DEFAULT_AUDIENCE],
          },
        },
      );
      return shapeCredential(credential ?? {});
    },
  },
  {
    path: 'identity federated-credential update',
    summary: 'Change what a federated identity credential trusts.',
    options: [...credentialOptions, ...trustOptions.map((option) => ({ ...option, required: false }))],
    example:
      'identity federated-credential update --name demo --identity-name demo-identity --resource-group demo --subject system:serviceaccount:default:other',
    run: async (context, args) => {
      const arm = await context.arm();
      const identity = identityPath(arm, args.text('resourceGroup'), args.text('identityName'));
      const path = `${identity}/federatedIdentityCredentials/${args.text('name')}`;
      const before = await arm.get(path, CREDENTIAL_API);
      const change = (key: 'issuer' | 'subject') => args.optional(key) ?? textAt(before, `properties.${key}`) ?? '';
      const properties = before['properties'];
      const credential = await arm.put(path, CREDENTIAL_API, {
        properties: {
          ...(isObject(properties) ? properties : {}),
          issuer: change('issuer'),
          subject: change('subject'),
          ...(args.list('audiences') === undefined ? {} : { audiences: args.list('audiences') }),
        },
      });
      return shapeCredential(credential ?? {});
    },
  },
  {
    path: 'identity federated-credential show',
    summary: 'Show a federated identity credential.',
    options: credentialOptions,
    example: 'identity federated-credential show --name demo --identity-name demo-identity --resource-group demo',
    run: async (context, args) => {
      const arm = await context.arm();
      const identity = identityPath(arm, args.text('resourceGroup'), args.text('identityName'));
      return shapeCredential(
        await arm.get(`${identity}/federatedIdentityCredentials/${args.text('name')}`, CREDENTIAL_API),
      );
    },
  },
  {
    path: 'identity federated-credential list',
    summary: 'List the federated identity credentials of an identity.',
    options: credentialOptions.slice(1),
    example: 'identity federated-credential list --identity-name demo-identity --resource-group demo',
    run: async (context, args) => {
      const arm = await context.arm();
      const identity = identityPath(arm, args.text('resourceGroup'), args.text('identityName'));
      return (await arm.list(`${identity}/federatedIdentityCredentials`, CREDENTIAL_API)).map(shapeCredential);
    },
  },
  {
    path: 'identity federated-credential delete',
    summary: 'Delete a federated identity credential: its tokens no longer stand for the identity.',
    options: credentialOptions,
    example:
      'identity federated-credential delete --name demo --identity-name demo-identity --resource-group demo --yes',
    confirm: true,
    run: async (context, args) => {
      const arm = await context.arm();
      const identity = identityPath(arm, args.text('resourceGroup'), args.text('identityName'));
      await arm.delete(`${identity}/federatedIdentityCredentials/${args.text('name')}`, CREDENTIAL_API);
      return undefined;
    },
  },
];
