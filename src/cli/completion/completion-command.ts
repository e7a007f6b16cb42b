import { Argument, type Command } from 'commander';
import type { LabStatus } from '#lab/session';
import { findLab, placeOf } from '../lab/access.ts';
import type { Terminal } from '../terminal.ts';
import { planCompletion, type Candidate, type LabThing } from './plan.ts';
import { completionScript, SHELLS, type Shell } from './scripts.ts';

const HELP = `
Examples:
  source <(keyferry completion bash)       # in ~/.bashrc
  source <(keyferry completion zsh)        # in ~/.zshrc, after compinit
  keyferry completion fish | source        # in ~/.config/fish/config.fish`;

/** Adds `keyferry completion SHELL`, and the hidden command that its scripts ask. */
export function addCompletionCommands(program: Command, terminal: Terminal): void {
  program
    .command('completion')
    .description('print a script that lets a shell complete commands, options and names')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText('after', HELP)
    .action((shell: Shell) => terminal.out(completionScript(shell)));

  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .passThroughOptions()
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const candidates = await completeWords(program, words, terminal);
      terminal.out(candidates.map(({ value, description }) => `${value}\t${description}\n`).join(''));
    });
}

/** What the last of `words` may become; none where the shell completes by itself. Never throws for a lab that is not there. */
async function completeWords(program: Command, words: readonly string[], terminal: Terminal): Promise<Candidate[]> {
  const plan = planCompletion(program, words);
  if (plan.kind === 'files') return [];
  const current = words.at(-1) ?? '';
  const all = plan.kind === 'candidates' ? plan.candidates : await labNames(plan.thing, plan.before, terminal);
  return all.filter(({ value }) => value.startsWith(current === '=' ? '' : current) || value.includes('='));
}

async function labNames(
  thing: LabThing,
  before: Readonly<Record<string, string>>,
  terminal: Terminal,
): Promise<readonly Candidate[]> {
  const { state, namespace = 'default', cluster } = before;
  const lab = await findLab(placeOf(state === undefined ? {} : { state }, terminal)).catch(() => undefined);
  return lab === undefined ? [] : NAMES[thing](lab.status, { namespace, cluster });
}

interface Narrowed {
  readonly namespace: string;
  readonly cluster: string | undefined;
}

const NAMES: Readonly<Record<LabThing, (status: LabStatus, narrowed: Narrowed) => Candidate[]>> = {
  pods: ({ clusters }, { namespace, cluster }) =>
    clusters
      .filter(({ name }) => cluster === undefined || name === cluster)
      .flatMap(({ pods }) => pods)
      .filter((pod) => pod.namespace === namespace)
      .map(({ name, ready, reason, phase }) => ({ value: name, description: ready ? 'ready' : (reason ?? phase) })),
  namespaces: ({ clusters }) =>
    [...new Set(clusters.flatMap(({ pods }) => pods.map(({ namespace }) => namespace)))].map((value) => ({
      value,
      description: 'namespace with pods',
    })),
  clusters: ({ clusters }) =>
    clusters.map(({ name, resourceGroup }) => ({ value: name, description: `in group ${resourceGroup}` })),
  faults: ({ faults }) => faults.map(({ id, host, path }) => ({ value: id, description: `${host}${path ?? ''}` })),
};
