import { Option, type Command } from 'commander';
import { KeyferryError, systemClock } from '#base';
import { renderAddress } from '#lab/session';
import { exitCodeOfSignal } from '../exit-codes.ts';
import { interruption, type Interruption } from '../interruption.ts';
import { placeOf, startLab, type LabPlace, type UsableLab } from './access.ts';
import { addCloudOnlyOptions, cloudOnlyOf, OUTSIDE_GROUP, type CloudOnlyChoice } from './cloud-only-options.ts';
import { isLoopback, parseAdvertised, parseListen, type NamedAddress } from './listen-address.ts';
import {
  ephemeralOption,
  internetOption,
  json,
  outputOption,
  stateOption,
  type CommandContext,
  type Output,
} from './options.ts';
import { palette, type Palette, type Terminal } from '../terminal.ts';
import { advertiseOption, chartValuesOf, requireReachable } from './values-command.ts';

interface UpChoice extends LabPlace, CloudOnlyChoice {
  readonly allowInternet: boolean;
  readonly detach: boolean;
  readonly output: Output;
  readonly printValues: boolean;
  readonly advertise?: string;
}

const EXAMPLES = `
Examples:
  keyferry lab up --detach && eval "$(keyferry lab env)" && az account show
  keyferry lab up --cloud-only --listen 172.18.0.1:8443 --detach --print-values \\
    --issuer-map https://kubernetes.default.svc.cluster.local=jwks.json > lab-values.yaml`;

/** Adds `keyferry lab up`. */
export function addUpCommand(lab: Command, { terminal, exit }: CommandContext): void {
  const command = lab
    .command('up')
    .description('start a lab and keep it running until Ctrl-C')
    .addOption(stateOption())
    .addOption(ephemeralOption())
    .addOption(internetOption())
    .option('--detach', 'answer when it serves and leave it running', false)
    .addOption(outputOption())
    .addHelpText('after', EXAMPLES)
    .action(async (options: UpChoice) => {
      if (options.detach && options.ephemeral === true) {
        throw new KeyferryError('invalid-input', '--detach and --ephemeral do not go together', {
          hint: 'Nobody could find an ephemeral lab again: name a folder with --state, and remove it afterwards.',
        });
      }
      if (options.printValues || options.advertise !== undefined) requirePrintable(options);
      using interrupted = interruption();
      exit(await up(options, terminal, interrupted));
    });
  addCloudOnlyOptions(command)
    .addOption(
      new Option('--print-values', 'with --cloud-only: print values for the chart to stdout, and nothing else there')
        .default(false)
        .helpGroup(OUTSIDE_GROUP),
    )
    .addOption(advertiseOption().helpGroup(OUTSIDE_GROUP));
}

/** Said before anything is started. */
function requirePrintable({ cloudOnly, printValues, advertise, output, listen }: UpChoice): void {
  if (!cloudOnly) {
    throw new KeyferryError('invalid-input', `${printValues ? '--print-values' : '--advertise'} needs --cloud-only`, {
      hint: 'Values for the chart are for a cluster outside; the clusters of a lab need none.',
    });
  }
  if (!printValues) {
    throw new KeyferryError('invalid-input', '--advertise needs --print-values: it says what is written there', {
      hint: 'Or give it to "keyferry lab values", which prints the values of a running lab.',
    });
  }
  if (output === 'json') {
    throw new KeyferryError('invalid-input', '--print-values and --output json do not go together', {
      hint: '"keyferry lab values" and "keyferry lab status --output json" print them one by one.',
    });
  }
  if (advertise !== undefined) parseAdvertised(advertise);
  else if (listen !== undefined) requireReachable(parseListen(listen));
}

async function up(options: UpChoice, terminal: Terminal, interrupted: Interruption): Promise<number> {
  const cloudOnly = await cloudOnlyOf(options, terminal);
  const startedMs = systemClock.monotonic();
  const started = await startLab(
    placeOf(options, terminal),
    {
      ephemeral: options.ephemeral ?? false,
      allowInternet: options.allowInternet,
      detached: options.detach,
      cloudOnly,
    },
    terminal,
    interrupted.signal,
  ).catch((error: unknown) => {
    if (interrupted.by === undefined) throw error;
    return interrupted.by;
  });
  if (typeof started === 'string') {
    terminal.err('interrupted; the lab is not started\n');
    return exitCodeOfSignal(started);
  }
  const { status, launched } = started;
  const seconds = ((systemClock.monotonic() - startedMs) / 1000).toFixed(1);
  if (options.printValues) {
    terminal.out(await chartValuesOf(started, advertisedBy(options), terminal));
    terminal.err(welcome(status, seconds, options.detach, palette(terminal, 'err')));
  } else if (options.output === 'json') terminal.out(json(status));
  else terminal.out(welcome(status, seconds, options.detach, palette(terminal)));
  terminal.err(whoMayEnter(status));
  if (options.detach || launched === undefined) return 0;
  const asked = new Promise<'asked'>((resolve) => {
    if (interrupted.signal.aborted) resolve('asked');
    else interrupted.signal.addEventListener('abort', () => resolve('asked'), { once: true });
  });
  const how = await Promise.race([launched.ended, asked]);
  if (how !== 'asked') return how;
  terminal.err('\nending the lab\n');
  await launched.stop({ force: interrupted.again });
  return 0;
}

function advertisedBy({ advertise }: UpChoice): NamedAddress | undefined {
  return advertise === undefined ? undefined : parseAdvertised(advertise);
}

/** What it means that others than this machine reach the lab; nothing where they do not. */
function whoMayEnter({ cloudOnly }: UsableLab['status']): string {
  const listens = cloudOnly?.listens;
  if (listens === undefined || isLoopback(listens.host)) return '';
  return (
    `whoever can connect to ${renderAddress(listens)} may sign in as the lab's user, and read and change all that this ` +
    "lab's Azure holds; nothing else of this machine is to be had there\n"
  );
}

function welcome(
  status: UsableLab['status'],
  seconds: string,
  detached: boolean,
  { title, key, faint }: Palette,
): string {
  const { cloudOnly } = status;
  return [
    title(`the lab is ready (${seconds} s)`),
    `  gateway  ${status.gateway.proxyUrl}`,
    ...(cloudOnly === undefined
      ? []
      : [
          `  listens  ${cloudOnly.listens === undefined ? 'on this machine only' : renderAddress(cloudOnly.listens)}`,
          ...cloudOnly.issuers.map(({ issuer, from }) => `  issuer   ${issuer} from ${from}`),
        ]),
    `  state    ${status.state}${status.ephemeral ? ' (goes when the lab ends)' : ''}`,
    `  use it   ${key(`eval "$(keyferry lab env --state '${status.state}')"`)}`,
    `  end it   ${detached ? key(`keyferry lab down --state '${status.state}'`) : faint('Ctrl-C')}`,
    '',
  ].join('\n');
}
