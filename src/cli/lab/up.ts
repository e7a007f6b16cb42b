import type { Command } from 'commander';
import { KeyferryError, systemClock } from '#base';
import { exitCodeOfSignal } from '../exit-codes.ts';
import { interruption, type Interruption } from '../interruption.ts';
import { placeOf, startLab, type LabPlace, type UsableLab } from './access.ts';
import {
  ephemeralOption,
  internetOption,
  json,
  outputOption,
  stateOption,
  type CommandContext,
  type Output,
} from './options.ts';
import { palette, type Terminal } from '../terminal.ts';

interface UpChoice extends LabPlace {
  readonly allowInternet: boolean;
  readonly detach: boolean;
  readonly output: Output;
}

/** Adds `keyferry lab up`. */
export function addUpCommand(lab: Command, { terminal, exit }: CommandContext): void {
  lab
    .command('up')
    .description('start a lab and keep it running until Ctrl-C')
    .addOption(stateOption())
    .addOption(ephemeralOption())
    .addOption(internetOption())
    .option('--detach', 'answer when it serves and leave it running', false)
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  keyferry lab up --detach && eval "$(keyferry lab env)" && az account show')
    .action(async (options: UpChoice) => {
      if (options.detach && options.ephemeral === true) {
        throw new KeyferryError('invalid-input', '--detach and --ephemeral do not go together', {
          hint: 'Nobody could find an ephemeral lab again: name a folder with --state, and remove it afterwards.',
        });
      }
      using interrupted = interruption();
      exit(await up(options, terminal, interrupted));
    });
}

async function up(options: UpChoice, terminal: Terminal, interrupted: Interruption): Promise<number> {
  const startedMs = systemClock.monotonic();
  const started = await startLab(
    placeOf(options, terminal),
    { ephemeral: options.ephemeral ?? false, allowInternet: options.allowInternet, detached: options.detach },
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
  if (options.output === 'json') terminal.out(json(status));
  else terminal.out(welcome(status, seconds, options.detach, terminal));
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

function welcome(status: UsableLab['status'], seconds: string, detached: boolean, terminal: Terminal): string {
  const { title, key, faint } = palette(terminal);
  return [
    title(`the lab is ready (${seconds} s)`),
    `  gateway  ${status.gateway.proxyUrl}`,
    `  state    ${status.state}${status.ephemeral ? ' (goes when the lab ends)' : ''}`,
    `  use it   ${key(`eval "$(keyferry lab env --state '${status.state}')"`)}`,
    `  end it   ${detached ? key(`keyferry lab down --state '${status.state}'`) : faint('Ctrl-C')}`,
    '',
  ].join('\n');
}
