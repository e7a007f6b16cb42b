import type { CommandSpec } from '../command.ts';
import { quoted } from '../graph.ts';
import { text } from '../options.ts';

/** `az ad user …` and `az ad signed-in-user …`. */
export const adUserCommands: readonly CommandSpec[] = [
  {
    path: 'ad signed-in-user show',
    summary: 'Show the user who is signed in.',
    options: [],
    example: 'ad signed-in-user show --query id --output tsv',
    run: async (context) => (await context.graph()).get('/me'),
  },
  {
    path: 'ad user show',
    summary: 'Show a user.',
    options: [text('id', '--id', 'Object id or principal name of the user.', { required: true })],
    example: 'ad user show --id user@keyferrylab.onmicrosoft.com',
    run: async (context, args) => (await context.graph()).get(`/users/${encodeURIComponent(args.text('id'))}`),
  },
  {
    path: 'ad user list',
    summary: 'List the users.',
    options: [
      text('upn', '--upn', 'Only the user with this principal name.'),
      text('displayName', '--display-name', 'Only users whose display name starts so.'),
      text('filter', '--filter', 'An OData filter.'),
    ],
    example: 'ad user list --output table',
    run: async (context, args) => {
      const [upn, name, filter] = [args.optional('upn'), args.optional('displayName'), args.optional('filter')];
      return (await context.graph()).list(
        '/users',
        ...(filter === undefined ? [] : [filter]),
        ...(upn === undefined ? [] : [`userPrincipalName eq ${quoted(upn)}`]),
        ...(name === undefined ? [] : [`startswith(displayName,${quoted(name)})`]),
      );
    },
  },
];
