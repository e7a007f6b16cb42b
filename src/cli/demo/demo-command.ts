import type { Command } from 'commander';
import { systemClock } from '#base';
import { exitCodeOfSignal } from '../exit-codes.ts';
import { interruption, type Interruption } from '../interruption.ts';
import { placeOf, startLab } from '../lab/access.ts';
import type { CommandContext } from '../lab/options.ts';
import { palette, type Terminal } from '../terminal.ts';
import { demoSource, playDemo } from './demo.ts';

/** Adds `keyferry demo` to the program. */
export function addDemoCommand(program: Command, { terminal, exit }: CommandContext): void {
  program
    .command('demo')
    .description('walk a secret from an emulated Key Vault into a pod, told step by step; nothing stays behind')
    .addHelpText('after', '\nExample:\n  keyferry demo')
    .action(async () => {
      const startedMs = systemClock.monotonic();
      const { title, faint } = palette(terminal);
      using interrupted = interruption();
      terminal.out(`${title('A secret’s way from Key Vault into a pod, by workload identity')}\n`);
      try {
        await inNewLab(terminal, interrupted);
      } catch (error) {
        if (interrupted.by === undefined) throw error;
        terminal.err('\ninterrupted; the lab is ended\n');
        exit(exitCodeOfSignal(interrupted.by));
        return;
      }
      const seconds = ((systemClock.monotonic() - startedMs) / 1000).toFixed(1);
      terminal.out(`\n${title(`Done in ${seconds} s.`)} The lab is gone, and nothing of it is left.\n`);
      terminal.out(`${faint('The manifests:')} ${demoSource()}\n`);
      terminal.out(`${faint('Your own script:')} keyferry lab run --ephemeral -- ./script.sh\n`);
    });
}

async function inNewLab(terminal: Terminal, interrupted: Interruption): Promise<void> {
  const choice = { ephemeral: true, allowInternet: false, detached: false };
  const lab = await startLab(placeOf(choice, terminal), choice, terminal, interrupted.signal);
  try {
    await playDemo(lab, terminal, interrupted.signal);
  } finally {
    await lab.launched?.stop({ force: interrupted.again });
  }
}
