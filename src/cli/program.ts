import { Command, CommanderError } from 'commander';
import { VERSION } from '#base';
import { addDemoCommand } from './demo/demo-command.ts';
import { addLabCommands } from './lab-commands.ts';
import { reportError } from './report-error.ts';
import type { Terminal } from './terminal.ts';

/** Runs `keyferry ARGV…` but for the processes that have a bundle of their own (bin/keyferry), and answers the exit code. */
export async function runProgram(argv: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0;
  const context = {
    terminal,
    exit: (code: number) => {
      exitCode = code;
    },
  };
  const program = new Command('keyferry')
    .description('Azure Key Vault secrets in Kubernetes pods by workload identity, and a lab to try it without Azure')
    .version(VERSION)
    .enablePositionalOptions()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .exitOverride();
  addDemoCommand(program, context);
  addLabCommands(program, context);
  for (const [name, description] of OWN_PROCESSES) program.command(name).description(description);
  for (const command of allCommands(program)) command.copyInheritedSettings(program);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return reportError(error, terminal);
  }
}

/** Started by bin/keyferry itself; here only so that the help names them. */
const OWN_PROCESSES: readonly (readonly [string, string])[] = [
  ['az', 'the az stand-in: groups, clusters, identities, vaults, secrets (see "keyferry az --help")'],
  ['node', 'the CSI node driver with the Key Vault provider (see "keyferry node --help")'],
  ['provider', 'the Key Vault provider alone, on a provider socket (see "keyferry provider --help")'],
];

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)]);
}
