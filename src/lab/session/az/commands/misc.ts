import { sendSigned } from '../arm.ts';
import type { CommandSpec } from '../command.ts';
import { AzError, httpError, usageError } from '../errors.ts';
import type { AzRequest } from '../http.ts';
import { isObject, parseJson } from '../json.ts';
import { text } from '../options.ts';
import { ARM_SCOPE, GRAPH_SCOPE } from '../tokens.ts';

/** The release of az whose requests and output the stand-in reproduces. */
export const AZ_VERSION = '2.91.0';

/** Which token a host's requests carry. */
const SCOPES: readonly (readonly [suffix: string, scope: string])[] = [
  ['management.azure.com', ARM_SCOPE],
  ['graph.microsoft.com', GRAPH_SCOPE],
  ['vault.azure.net', 'https://vault.azure.net/.default'],
];

/** `az version` and `az rest`. */
export const miscCommands: readonly CommandSpec[] = [
  {
    path: 'version',
    summary: 'Show the version of az whose behaviour this stand-in has.',
    options: [],
    example: 'version',
    run: () =>
      Promise.resolve({
        'azure-cli': AZ_VERSION,
        'azure-cli-core': AZ_VERSION,
        'azure-cli-telemetry': '1.1.0',
        extensions: {},
        'keyferry-stand-in': true,
      }),
  },
  {
    path: 'rest',
    summary: 'Send any request with the token of who is signed in.',
    options: [
      text('url', ['--url', '--uri', '-u'], 'The URL, or a path of Azure Resource Manager.', { required: true }),
      text('method', ['--method', '-m'], 'The method.', {
        choices: ['delete', 'get', 'head', 'patch', 'post', 'put'],
        fallback: 'get',
      }),
      text('body', ['--body', '-b'], 'The body.'),
      { key: 'headers', names: ['--headers'], kind: 'tags', help: 'Headers as key=value, separated by spaces.' },
      text('resource', '--resource', 'The resource that the token is for. Default: by the host.'),
    ],
    example: 'rest --url "/subscriptions/{subscriptionId}/resourcegroups?api-version=2024-11-01"',
    run: async (context, args) => {
      const account = await context.account();
      const given = args.text('url').replaceAll('{subscriptionId}', account.id);
      const address = given.startsWith('/') ? `https://management.azure.com${given}` : given;
      if (!URL.canParse(address)) throw usageError(`'${given}' is not a URL`);
      const { hostname } = new URL(address);
      const resource = args.optional('resource');
      const scope =
        resource === undefined
          ? SCOPES.find(([suffix]) => hostname === suffix || hostname.endsWith(`.${suffix}`))?.[1]
          : `${resource}/.default`;
      if (scope === undefined) {
        throw new AzError('error', `no token is known for ${hostname}: name its resource with --resource`);
      }
      const body = args.optional('body');
      const answer = await sendSigned(context.http, context.tokens, account, scope, {
        method: args.text('method').toUpperCase() as AzRequest['method'],
        url: address,
        headers: { ...args.tags('headers') },
        ...(body === undefined ? {} : { body }),
      });
      if (answer.status >= 400) throw httpError(answer.status, answer.body);
      const parsed = parseJson(answer.body);
      if (parsed === undefined && answer.body !== '') context.warn('Not a json response, outputting to stdout.');
      return isObject(parsed) || Array.isArray(parsed) ? parsed : answer.body === '' ? undefined : answer.body;
    },
  },
];
