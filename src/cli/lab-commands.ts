import { Option, type Command } from 'commander';
import { KeyferryError, systemClock } from '#base';
import {
  AZ_CHOICES,
  labEnvironment,
  renderExports,
  renderStatus,
  runCommand,
  wantsBuiltinAz,
  type AzChoice,
  readEndpoint,
} from '#lab/session';
import { renderAuditRecord } from './audit-line.ts';
import { addClockCommand } from './clock-command.ts';
import { addFaultCommand } from './fault-command.ts';
import { findLab, placeOf, runningLab, startLab, type LabPlace, type UsableLab } from './lab-access.ts';
import { json, outputOption, stateOption, type Output } from './lab-options.ts';
import { palette, type Terminal } from './terminal.ts';
import { addTraceCommand } from './trace-command.ts';

interface RunChoice extends LabPlace {
  readonly az: AzChoice;
  readonly keepHome: boolean;
  readonly allowInternet: boolean;
}

/** A lab ends in less, whatever hangs in it. */
const ENDS_WITHIN_MS = 12_000;

const ephemeralOption = () =>
  new Option('--ephemeral', 'keep everything in memory, and nothing when the lab ends').default(false);
const internetOption = () => new Option('--allow-internet', 'let the gateway pass other hosts through').default(false);
const azOption = () =>
  new Option('--az <which>', 'which az: the one on the PATH, the stand-in, or the first where there is one')
    .choices(AZ_CHOICES)
    .default('auto');
const keepHomeOption = () => new Option('--keep-home', 'leave HOME as it is').default(false);

/** What the commands need of their process. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Sets the exit code of the process. */
  exit(code: number): void;
}

/** Adds `keyferry lab …` to the program. */
export function addLabCommands(program: Command, { terminal, exit }: CommandContext): void {
  const lab = program.command('lab').description('the emulated Azure and Kubernetes on this machine');

  lab
    .command('up')
    .description('start a lab and keep it running until Ctrl-C')
    .addOption(stateOption())
    .addOption(ephemeralOption())
    .addOption(internetOption())
    .option('--detach', 'answer when it serves and leave it running', false)
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  keyferry lab up --detach && eval "$(keyferry lab env)" && az account show')
    .action(async (options: LabPlace & { allowInternet: boolean; detach: boolean; output: Output }) => {
      exit(await up(options, terminal));
    });

  lab
    .command('run')
    .description('run a command in a lab, which is started for it and ended after it')
    .argument('<command...>', 'the command, best after --')
    .addOption(stateOption())
    .addOption(ephemeralOption())
    .addOption(internetOption())
    .addOption(azOption())
    .addOption(keepHomeOption())
    .passThroughOptions()
    .addHelpText('after', '\nExample:\n  keyferry lab run --ephemeral -- ./script.sh')
    .action(async (command: string[], options: RunChoice) => exit(await runIn(command, options, terminal)));

  lab
    .command('shell')
    .description('a shell in a lab')
    .addOption(stateOption())
    .addOption(ephemeralOption())
    .addOption(internetOption())
    .addOption(azOption())
    .addOption(keepHomeOption())
    .addHelpText('after', '\nExample:\n  keyferry lab shell --az builtin')
    .action(async (options: RunChoice) => {
      terminal.err('a shell in the lab; leave it with "exit"\n');
      exit(await runIn([terminal.env['SHELL'] ?? '/bin/sh'], options, terminal));
    });

  lab
    .command('env')
    .description('print the environment of the running lab as shell exports')
    .addOption(stateOption())
    .addOption(azOption())
    .addOption(keepHomeOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  eval "$(keyferry lab env)"')
    .action(async (options: RunChoice & { output: Output }) => {
      const environment = environmentOf(await runningLab(placeOf(options, terminal)), options, terminal);
      terminal.out(options.output === 'json' ? json(environment) : renderExports(environment));
    });

  lab
    .command('status')
    .description('what the running lab consists of: endpoints, clusters, pods, vaults, identities')
    .addOption(stateOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  keyferry lab status --output json')
    .action(async (options: LabPlace & { output: Output }) => {
      const { status } = await runningLab(placeOf(options, terminal));
      terminal.out(options.output === 'json' ? json(status) : renderStatus(status));
    });

  lab
    .command('audit')
    .description('every request to the emulated Azure: who, what, result')
    .addOption(stateOption())
    .option('--follow', 'go on with those to come', false)
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  keyferry lab audit --follow')
    .action(async (options: LabPlace & { follow: boolean; output: Output }) => {
      const { control } = await runningLab(placeOf(options, terminal));
      for await (const record of control.audit({ follow: options.follow })) {
        terminal.out(
          options.output === 'json'
            ? `${JSON.stringify(record)}\n`
            : `${renderAuditRecord(record, palette(terminal))}\n`,
        );
      }
    });

  addTraceCommand(lab, terminal);
  addClockCommand(lab, terminal);
  addFaultCommand(lab, terminal);

  lab
    .command('down')
    .description('end the running lab; its state stays')
    .addOption(stateOption())
    .addHelpText('after', '\nExample:\n  keyferry lab down')
    .action(async (options: LabPlace) => {
      const { control, folder } = await runningLab(placeOf(options, terminal));
      await control.stop();
      const untilMs = systemClock.monotonic() + ENDS_WITHIN_MS;
      // Not when it stops to answer: another one that started then would write to the same files.
      while ((await readEndpoint(folder)) !== undefined && systemClock.monotonic() < untilMs) {
        await systemClock.sleep(50);
      }
      terminal.err(`the lab on ${folder.root} has ended\n`);
    });
}

async function up(
  options: LabPlace & { allowInternet: boolean; detach: boolean; output: Output },
  terminal: Terminal,
): Promise<number> {
  if (options.detach && options.ephemeral === true) {
    throw new KeyferryError('invalid-input', '--detach and --ephemeral do not go together', {
      hint: 'Nobody could find an ephemeral lab again: name a folder with --state, and remove it afterwards.',
    });
  }
  const folder = placeOf(options, terminal);
  const startedMs = systemClock.monotonic();
  const { status, launched } = await startLab(
    folder,
    { ephemeral: options.ephemeral ?? false, allowInternet: options.allowInternet, detached: options.detach },
    terminal,
  );
  const seconds = ((systemClock.monotonic() - startedMs) / 1000).toFixed(1);
  if (options.output === 'json') terminal.out(json(status));
  else terminal.out(welcome(status, seconds, options.detach, terminal));
  if (options.detach || launched === undefined) return 0;
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve('interrupted'));
  });
  const how = await Promise.race([launched.ended, interrupted]);
  if (how === 'interrupted') {
    terminal.err('\nending the lab\n');
    await launched.stop();
    return 0;
  }
  return how;
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

async function runIn(command: readonly string[], options: RunChoice, terminal: Terminal): Promise<number> {
  // Said before anything is started: a missing az is the person's to mend.
  wantsBuiltinAz(options.az, terminal.env['PATH']);
  const folder = placeOf(options, terminal);
  const lab =
    (await findLab(folder)) ??
    (await startLab(
      folder,
      { ephemeral: options.ephemeral ?? false, allowInternet: options.allowInternet, detached: false },
      terminal,
    ));
  try {
    return await runCommand(command, { ...terminal.env, ...environmentOf(lab, options, terminal) });
  } finally {
    await lab.launched?.stop();
  }
}

function environmentOf(
  lab: UsableLab,
  options: { readonly az: AzChoice; readonly keepHome: boolean },
  terminal: Terminal,
): Record<string, string> {
  const path = terminal.env['PATH'];
  return labEnvironment({
    folder: lab.folder,
    gatewayPort: lab.status.gateway.port,
    path,
    builtinAz: wantsBuiltinAz(options.az, path),
    keepHome: options.keepHome,
  });
}
