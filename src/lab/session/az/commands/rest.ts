import { writeFile } from 'node:fs/promises';
import { ARM_URL, sendSigned } from '../arm.ts';
import type { Args } from '../args.ts';
import type { CommandSpec } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { AzError, usageError } from '../errors.ts';
import type { AzRequest, AzResponse } from '../http.ts';
import { isObject, parseJson, type Json } from '../json.ts';
import { flag, text } from '../options.ts';
import { ARM_SCOPE, GRAPH_SCOPE } from '../tokens.ts';

/** Which token a host's requests carry. The real az knows the endpoints of its cloud, and no vault. */
const SCOPES: Readonly<Record<string, string>> = {
  'management.azure.com': ARM_SCOPE,
  'graph.microsoft.com': GRAPH_SCOPE,
};

/** `az rest`. */
export const restCommands: readonly CommandSpec[] = [
  {
    path: 'rest',
    summary: 'Send any request with the token of who is signed in.',
    options: [
      text('url', ['--url', '--uri', '-u'], 'The URL, or a path of Azure Resource Manager.', { required: true }),
      text('method', ['--method', '-m'], 'The method.', {
        choices: ['head', 'get', 'put', 'post', 'delete', 'options', 'patch'],
        fallback: 'get',
      }),
      text('body', ['--body', '-b'], 'The body.'),
      { key: 'headers', names: ['--headers'], kind: 'list', help: 'Headers as KEY=VALUE or as JSON.' },
      {
        key: 'parameters',
        names: ['--uri-parameters', '--url-parameters'],
        kind: 'list',
        help: 'Parameters of the URL as KEY=VALUE or as JSON.',
      },
      text('resource', '--resource', 'The resource that the token is for. Default: by the host.'),
      flag('noToken', '--skip-authorization-header', 'Send no token.'),
      text('outputFile', '--output-file', 'Write the answer to a file.'),
    ],
    example: 'rest --url "/subscriptions/{subscriptionId}/resourcegroups?api-version=2024-11-01"',
    run: async (context, args) => {
      const answer = await send(context, args);
      if (answer.status >= 400) {
        // As Python's requests names the status, with the body behind it.
        throw new AzError('error', answer.reason + (answer.body === '' ? '' : `(${answer.body})`));
      }
      const file = args.optional('outputFile');
      if (file !== undefined) {
        await writeFile(file, answer.body);
        return undefined;
      }
      return printable(context, answer);
    },
  },
];

async function send(context: CommandContext, args: Args): Promise<AzResponse> {
  const account = await context.account();
  const url = urlOf(args, account.id);
  const headers = pairsOf(args.list('headers'));
  const body = args.optional('body');
  const request: AzRequest = {
    method: args.text('method').toUpperCase() as AzRequest['method'],
    url: url.href,
    headers,
    ...(body === undefined ? {} : { body }),
  };
  const hasToken = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
  const resource = args.optional('resource');
  const scope = resource === undefined ? SCOPES[url.hostname] : `${resource}/.default`;
  if (args.flag('noToken') || hasToken) return context.http.send(request);
  if (scope === undefined) {
    context.warn(
      "Can't derive appropriate Azure AD resource from --url to acquire an access token. If access token is required, use --resource to specify the resource",
    );
    return context.http.send(request);
  }
  return sendSigned(context.http, context.tokens, account, scope, request);
}

function urlOf(args: Args, subscriptionId: string): URL {
  const given = args.text('url').replaceAll('{subscriptionId}', subscriptionId);
  const address = given.includes('://') ? given : `${ARM_URL}/${given.replace(/^\/+/, '')}`;
  if (!URL.canParse(address)) throw usageError(`'${given}' is not a URL`);
  const url = new URL(address);
  for (const [name, value] of Object.entries(pairsOf(args.list('parameters')))) url.searchParams.append(name, value);
  return url;
}

/** Pairs given as KEY=VALUE or as a JSON object each. */
function pairsOf(words: readonly string[] = []): Record<string, string> {
  const pairs = words.flatMap((word): [string, string][] => {
    const parsed = parseJson(word);
    if (isObject(parsed))
      return Object.entries(parsed).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]);
    const equals = word.indexOf('=');
    if (equals === -1) throw usageError(`'${word}' is neither KEY=VALUE nor JSON`);
    return [[word.slice(0, equals), word.slice(equals + 1)]];
  });
  return Object.fromEntries(pairs);
}

function printable(context: CommandContext, answer: AzResponse): Json | undefined {
  if (answer.body === '') return undefined;
  const parsed = parseJson(answer.body);
  if (parsed !== undefined) return parsed;
  context.warn(
    'Not a json response, outputting to stdout. For binary data suggest use "--output-file" to write to a file',
  );
  context.io.stdout(`${answer.body}\n`);
  return undefined;
}
