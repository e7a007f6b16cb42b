import type { Command } from 'commander';
import { KeyferryError, systemClock, type ErrorCode } from '#base';
import { createKubeClient, loadKubeconfig } from '#kube';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { json, outputOption, type CommandContext, type Output } from '../lab/options.ts';
import { visible } from '../visible.ts';
import { renderReport } from './report-text.ts';
import type { MigrationReport } from './check-migration.ts';

interface Choice {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly output: Output;
}

const EXAMPLES = `
Examples:
  keyferry migrate check
  keyferry migrate check --context prod --namespace shop
  keyferry migrate check --output json

It reads the cluster and changes nothing. Exit code 0: nothing has to be mended first; 4: something has to be;
3: neither upstream's driver nor its Azure provider is there.`;

/** Adds `keyferry migrate check`. */
export function addMigrateCommands(program: Command, context: CommandContext): void {
  const migrate = program
    .command('migrate')
    .description("from upstream's driver and Azure provider, or the AKS add-on, to Keyferry")
    .addHelpText('after', '\nExample:\n  keyferry migrate check');
  migrate
    .command('check')
    .description('read a cluster and say what will be different when Keyferry takes over, with the commands for it')
    .option('--kubeconfig <file>', 'the kubeconfig (default: $KUBECONFIG, else ~/.kube/config)')
    .option('--context <name>', 'its context (default: the current one)')
    .option('-n, --namespace <name>', 'only classes, pods and Secrets of this namespace (default: all)')
    .addOption(outputOption())
    .addHelpText('after', EXAMPLES)
    .action(async (options: Choice) => {
      const report = await check(options, context);
      const { terminal } = context;
      // Names, images and classes are whatever somebody wrote into the cluster.
      terminal.out(options.output === 'json' ? json(visible(report)) : renderReport(visible(report), terminal));
      context.exit(exitCodeOf(report));
    });
}

async function check(options: Choice, { terminal, nodeFlags }: CommandContext): Promise<MigrationReport> {
  const path = options.kubeconfig ?? (terminal.env['KUBECONFIG'] || join(homedir(), '.kube', 'config'));
  using client = createKubeClient({
    config: loadKubeconfig(path, systemClock, options.context),
    clock: systemClock,
    userAgent: 'keyferry-migrate',
  });
  // What judges classes is large, and no other command needs it.
  const { checkMigration } = await import('./check-migration.ts');
  const report = await checkMigration({ client, nodeFlags, namespace: options.namespace }).catch(withMend);
  if (!report.programs.some(({ role }) => role === 'driver' || role === 'azure-provider')) {
    const isThere = report.programs.some(({ role }) => role === 'keyferry');
    throw new KeyferryError(
      'not-found',
      isThere
        ? 'Keyferry runs in this cluster already, and no driver or provider of upstream does'
        : "neither upstream's driver nor its Azure provider runs in this cluster",
      { hint: isThere ? 'There is nothing left to do.' : 'Install Keyferry as docs/chart.md says.' },
    );
  }
  return report;
}

/** What keeps the check from anything at all, by code. */
const MENDS: Partial<Record<ErrorCode, string>> = {
  unavailable: 'Is the cluster up, and is it the right one? --context and --kubeconfig name another.',
  unauthenticated: 'Sign in to the cluster again, or name another --context or --kubeconfig.',
  'permission-denied':
    "Without the cluster's DaemonSets nothing can be said: ask for the right to list them in all namespaces.",
};

function withMend(error: unknown): never {
  const hint = error instanceof KeyferryError && error.hint === undefined ? MENDS[error.code] : undefined;
  if (hint === undefined) throw error;
  const { code, message } = error as KeyferryError;
  throw new KeyferryError(code, message, { hint, cause: error });
}

/** 4 where something has to be mended first, else 0. */
export function exitCodeOf({ findings }: Pick<MigrationReport, 'findings'>): 0 | 4 {
  return findings.some(({ weight }) => weight === 'mend first') ? 4 : 0;
}
