import { Option, type Command } from 'commander';
import { inputError, KeyferryError, systemClock } from '#base';
import { checkIssuers, parseIssuerMap } from '#lab/cloud';
import type { CloudOnly } from '#lab/session';
import { parseListen } from './listen-address.ts';
import type { Terminal } from '../terminal.ts';

/** The options of a lab of Azure's side only. */
export interface CloudOnlyChoice {
  readonly cloudOnly: boolean;
  readonly listen?: string;
  readonly issuerMap: readonly string[];
  readonly issuerCa: readonly string[];
}

const collect = (text: string, before: readonly string[]) => [...before, text];

/** The heading of these options in a command's help. */
export const OUTSIDE_GROUP = 'For a cluster of your own (docs/kind.md):';

/** Adds the options to a command that starts labs, below those that it has. */
export function addCloudOnlyOptions(command: Command): Command {
  const options = [
    new Option('--cloud-only', "only Azure's side: no Kubernetes, and no root needed").default(false),
    new Option(
      '--listen <address[:port]>',
      'with --cloud-only: let pods and other machines reach the lab at this address of this machine',
    ),
    new Option(
      '--issuer-map <issuer=from>',
      'with --cloud-only: where the keys of a token issuer are: a JWKS file, a folder, or the URL of its API server',
    )
      .argParser(collect)
      .default([], 'none'),
    new Option('--issuer-ca <issuer=file>', 'with --cloud-only: the authorities (PEM) of such a URL')
      .argParser(collect)
      .default([], 'none'),
  ];
  for (const option of options) command.addOption(option.helpGroup(OUTSIDE_GROUP));
  return command;
}

/**
 * What the options ask for, undefined for a whole lab. The documents of mapped issuers are read once: servers that do not
 * answer yet are told on stderr. Throws `invalid-input` with all that is wrong.
 */
export async function cloudOnlyOf(choice: CloudOnlyChoice, terminal: Terminal): Promise<CloudOnly | undefined> {
  if (!choice.cloudOnly) {
    const [first] = namedOptions(choice);
    if (first === undefined) return undefined;
    throw new KeyferryError('invalid-input', `${first} is for a lab of Azure's side only`, {
      hint: 'Add --cloud-only. A lab with clusters of its own serves this machine alone, and knows their issuers.',
    });
  }
  const listen = choice.listen === undefined ? undefined : parseListen(choice.listen);
  const { issuers, issues } = parseIssuerMap({ maps: choice.issuerMap, authorities: choice.issuerCa }, process.cwd());
  if (issues.length > 0) throw inputError('the issuers are not mapped', issues, HINT);
  const found = await checkIssuers(issuers, systemClock);
  if (found.issues.length > 0) throw inputError('the issuers are not mapped', found.issues, HINT);
  for (const warning of found.warnings) {
    terminal.err(`warning: ${warning}; until it can be read, its tokens are refused (AADSTS50166)\n`);
  }
  return { ...(listen === undefined ? {} : { listen }), issuers };
}

const HINT =
  'A cluster tells its issuer with "kubectl get --raw /.well-known/openid-configuration", and its keys with ' +
  '"kubectl get --raw /openid/v1/jwks > jwks.json": --issuer-map ISSUER=jwks.json.';

/** Refuses options for a lab that is to be started where one runs already. */
export function refuseForRunning(choice: CloudOnlyChoice, isCloudOnly: boolean, root: string): void {
  const named = namedOptions(choice);
  if (choice.cloudOnly && !isCloudOnly) named.unshift('--cloud-only');
  if (named.length === 0) return;
  throw new KeyferryError(
    'failed-precondition',
    `a lab runs on ${root} already, started without this: ${named.join(', ')}`,
    {
      hint: 'Leave it out to use the running lab, end that one with "keyferry lab down", or name another folder with --state.',
    },
  );
}

function namedOptions({ listen, issuerMap, issuerCa }: CloudOnlyChoice): string[] {
  return [
    ...(listen === undefined ? [] : ['--listen']),
    ...(issuerMap.length === 0 ? [] : ['--issuer-map']),
    ...(issuerCa.length === 0 ? [] : ['--issuer-ca']),
  ];
}
