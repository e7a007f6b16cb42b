import { Command, CommanderError } from 'commander';
import { KeyferryError, VERSION } from '#base';
import { addCompletionCommands } from './completion/completion-command.ts';
import { addDemoCommand } from './demo/demo-command.ts';
import { addLabCommands } from './lab/commands.ts';
import type { KnownFlags } from './migrate/checks/check.ts';
import { addMigrateCommands } from './migrate/migrate-command.ts';
import type { CommandContext } from './lab/options.ts';
import { reportError } from './report-error.ts';
import type { Terminal } from './terminal.ts';

const EXAMPLES = `
Examples:
  keyferry demo                                     watch the way of a secret
  keyferry lab run --ephemeral -- ./script.sh       a script with az and kubectl, without Azure
  keyferry lab trace web-0                          why a pod has its secrets, or waits for them`;

/**
 * Runs `keyferry ARGV…` but for the processes that have a bundle of their own (bin/keyferry), and answers the exit code.
 * `nodeFlags` are those of `keyferry node`.
 */
export async function runProgram(argv: readonly string[], terminal: Terminal, nodeFlags: KnownFlags): Promise<number> {
  let exitCode = 0;
  const program = buildProgram({
    terminal,
    nodeFlags,
    exit: (code: number) => {
      exitCode = code;
    },
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return reportError(error, terminal);
  }
}

/** The whole tree of commands. Nothing is run. */
export function buildProgram(context: CommandContext): Command {
  const { terminal } = context;
  const program = new Command('keyferry')
    .description('Azure Key Vault secrets in Kubernetes pods by workload identity, and a lab to try it without Azure')
    .version(VERSION)
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .exitOverride()
    .addHelpText('after', EXAMPLES);
  addDemoCommand(program, context);
  addLabCommands(program, context);
  addMigrateCommands(program, context);
  for (const { name, description, example } of OWN_PROCESSES) {
    program.command(name).description(description).addHelpText('after', `\nExample:\n  ${example}`);
  }
  addCompletionCommands(program, terminal);
  addHelpCommand(program);
  for (const command of allCommands(program)) command.copyInheritedSettings(program);
  for (const command of [program, ...allCommands(program)]) {
    command.showHelpAfterError(`what to do: See "${pathOf(command)} --help".`);
  }
  return program;
}

/** `keyferry help lab fault add`: commander's own goes no deeper than one command. */
function addHelpCommand(program: Command): void {
  program
    .helpCommand(false)
    .command('help')
    .description('the help of a command')
    .argument('[command...]', 'the command, "lab trace" for example')
    .addHelpText('after', '\nExample:\n  keyferry help lab trace')
    .action((words: string[]) => {
      let command = program;
      for (const word of words) {
        const next = command.commands.find((one) => one.name() === word);
        if (next === undefined) {
          throw new KeyferryError('invalid-input', `there is no command "${pathOf(command)} ${word}"`, {
            hint: `See "${pathOf(command)} --help".`,
          });
        }
        command = next;
      }
      command.outputHelp();
    });
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** Started by bin/keyferry itself; here only so that the help names them. */
const OWN_PROCESSES = [
  {
    name: 'az',
    description: 'the az stand-in: groups, clusters, identities, vaults, secrets (see "keyferry az --help")',
    example: 'keyferry az keyvault list --output table',
  },
  {
    name: 'node',
    description: 'the CSI node driver with the Key Vault provider (see "keyferry node --help")',
    example: 'keyferry node --help',
  },
  {
    name: 'provider',
    description: 'the Key Vault provider alone, on a provider socket (see "keyferry provider --help")',
    example: 'keyferry provider --help',
  },
] as const;

/** All commands below `command`, hidden ones too. */
export function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)]);
}
