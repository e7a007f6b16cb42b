import type { Command } from 'commander';
import { toKeyferryError } from '#base';
import { labEnvironment, runCommand, wantsBuiltinAz, type AzChoice } from '#lab/session';
import { exitCodeOfSignal } from '../exit-codes.ts';
import { interruption } from '../interruption.ts';
import { findLab, placeOf, startLab, type LabPlace, type UsableLab } from './access.ts';
import { addCloudOnlyOptions, cloudOnlyOf, refuseForRunning, type CloudOnlyChoice } from './cloud-only-options.ts';
import {
  azOption,
  ephemeralOption,
  internetOption,
  keepHomeOption,
  stateOption,
  type CommandContext,
} from './options.ts';
import { reportError } from '../report-error.ts';
import type { Terminal } from '../terminal.ts';

/** How a command finds itself in a lab. */
export interface EnvironmentChoice {
  readonly az: AzChoice;
  readonly keepHome: boolean;
}

interface RunChoice extends LabPlace, EnvironmentChoice, CloudOnlyChoice {
  readonly allowInternet: boolean;
}

/** Adds `keyferry lab run` and `keyferry lab shell`. */
export function addRunCommands(lab: Command, { terminal, exit }: CommandContext): void {
  const run = lab
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

  const shell = lab
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
  addCloudOnlyOptions(run);
  addCloudOnlyOptions(shell);
}

async function runIn(command: readonly string[], options: RunChoice, terminal: Terminal): Promise<number> {
  // Said before anything is started: a missing az is the person's to mend.
  wantsBuiltinAz(options.az, terminal.env['PATH']);
  using interrupted = interruption();
  const cloudOnly = await cloudOnlyOf(options, terminal);
  const folder = placeOf(options, terminal);
  const ephemeral = options.ephemeral ?? false;
  let lab: UsableLab;
  try {
    const running = ephemeral ? undefined : await findLab(folder);
    if (running !== undefined) refuseForRunning(options, running.status.cloudOnly !== undefined, folder.root);
    lab =
      running ??
      (await startLab(
        folder,
        { ephemeral, allowInternet: options.allowInternet, detached: false, cloudOnly },
        terminal,
        interrupted.signal,
      ));
  } catch (error) {
    if (interrupted.by === undefined) throw error;
    terminal.err('interrupted; the command is not run\n');
    return exitCodeOfSignal(interrupted.by);
  }
  try {
    // From here on, signals are passed on to the command.
    if (interrupted.by !== undefined) return exitCodeOfSignal(interrupted.by);
    return await runCommand(command, { ...terminal.env, ...environmentOf(lab, options, terminal) });
  } catch (error) {
    return commandNotRun(error, terminal);
  } finally {
    await lab.launched?.stop({ force: interrupted.again });
  }
}

/** As shells have it: 127 for a command that is not there, 126 for one that cannot be run. */
function commandNotRun(error: unknown, terminal: Terminal): number {
  const { code } = toKeyferryError(error);
  const exitCode = reportError(error, terminal);
  if (code === 'not-found') return 127;
  return code === 'failed-precondition' ? 126 : exitCode;
}

/** The variables with which a command uses the lab. */
export function environmentOf(lab: UsableLab, options: EnvironmentChoice, terminal: Terminal): Record<string, string> {
  const path = terminal.env['PATH'];
  return labEnvironment({
    folder: lab.folder,
    gatewayPort: lab.status.gateway.port,
    path,
    builtinAz: wantsBuiltinAz(options.az, path),
    keepHome: options.keepHome,
    cloudOnly: lab.status.cloudOnly !== undefined,
  });
}
