import type { Command } from 'commander';
import { KeyferryError, systemClock } from '#base';
import { readEndpoint, renderExports, renderStatus, type StateFolder } from '#lab/session';
import { renderAuditRecord } from './audit-line.ts';
import { addClockCommand } from './clock-command.ts';
import { addFaultCommand } from './fault-command.ts';
import { placeOf, runningLab, type LabPlace } from './access.ts';
import {
  azOption,
  json,
  keepHomeOption,
  outputOption,
  stateOption,
  type CommandContext,
  type Output,
} from './options.ts';
import { addRunCommands, environmentOf, type EnvironmentChoice } from './run.ts';
import { addUpCommand } from './up.ts';
import { addValuesCommand } from './values-command.ts';
import { withProgress } from '../progress.ts';
import { palette, type Terminal } from '../terminal.ts';
import { addTraceCommand } from './trace-command.ts';
import { visible } from '../visible.ts';

/** A lab ends in less, whatever hangs in it. */
const ENDS_WITHIN_MS = 12_000;

/** Adds `keyferry lab …` to the program. */
export function addLabCommands(program: Command, context: CommandContext): void {
  const { terminal } = context;
  const lab = program
    .command('lab')
    .description('the emulated Azure and Kubernetes on this machine')
    .addHelpText('after', '\nExample:\n  keyferry lab run --ephemeral -- ./script.sh');

  addUpCommand(lab, context);
  addRunCommands(lab, context);
  addEnvCommand(lab, terminal);
  addValuesCommand(lab, terminal);
  addStatusCommand(lab, terminal);
  addTraceCommand(lab, terminal);
  addAuditCommand(lab, terminal);
  addClockCommand(lab, terminal);
  addFaultCommand(lab, terminal);
  addDownCommand(lab, terminal);
}

function addEnvCommand(lab: Command, terminal: Terminal): void {
  lab
    .command('env')
    .description('print the environment of the running lab as shell exports')
    .addOption(stateOption())
    .addOption(azOption())
    .addOption(keepHomeOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  eval "$(keyferry lab env)"')
    .action(async (options: LabPlace & EnvironmentChoice & { output: Output }) => {
      const environment = environmentOf(await runningLab(placeOf(options, terminal)), options, terminal);
      terminal.out(options.output === 'json' ? json(environment) : renderExports(environment));
    });
}

function addStatusCommand(lab: Command, terminal: Terminal): void {
  lab
    .command('status')
    .description('what the running lab consists of: clusters, pods, vaults, identities, faults, its clock')
    .addOption(stateOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  keyferry lab status --output json')
    .action(async (options: LabPlace & { output: Output }) => {
      const { status } = await runningLab(placeOf(options, terminal));
      terminal.out(options.output === 'json' ? json(status) : renderStatus(visible(status), palette(terminal)));
    });
}

function addAuditCommand(lab: Command, terminal: Terminal): void {
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
}

function addDownCommand(lab: Command, terminal: Terminal): void {
  lab
    .command('down')
    .description('end the running lab; its state stays')
    .addOption(stateOption())
    .addHelpText('after', '\nExample:\n  keyferry lab down')
    .action(async (options: LabPlace) => {
      const { control, folder } = await runningLab(placeOf(options, terminal));
      await control.stop();
      await withProgress({ terminal, clock: systemClock, what: 'ending the lab' }, () => untilEnded(folder));
      terminal.err(`the lab on ${folder.root} has ended\n`);
    });
}

/** Not only until it stops to answer: another one that started then would write to the same files. */
async function untilEnded(folder: StateFolder): Promise<void> {
  const untilMs = systemClock.monotonic() + ENDS_WITHIN_MS;
  while ((await readEndpoint(folder)) !== undefined) {
    if (systemClock.monotonic() > untilMs) {
      throw new KeyferryError(
        'deadline-exceeded',
        `the lab on ${folder.root} has not ended within ${ENDS_WITHIN_MS / 1000} s`,
        {
          hint: `Its log, ${folder.logFile}, may say what it waits for; kill its process "lab-daemon" to end it at once.`,
        },
      );
    }
    await systemClock.sleep(50);
  }
}
