import type { Command } from 'commander';
import { systemClock } from '#base';
import { placeOf, startLab } from '../lab-access.ts';
import type { CommandContext } from '../lab-commands.ts';
import { palette } from '../terminal.ts';
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
      const interrupted = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
        process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
      }
      terminal.out(`${title('A secret’s way from Key Vault into a pod, by workload identity')}\n`);
      const lab = await startLab(
        placeOf({ ephemeral: true }, terminal),
        { ephemeral: true, allowInternet: false, detached: false },
        terminal,
      );
      try {
        await playDemo(lab, terminal, interrupted.signal);
      } catch (error) {
        if (!interrupted.signal.aborted) throw error;
        terminal.err('\ninterrupted; the lab is ended\n');
        exit(130);
        return;
      } finally {
        await lab.launched?.stop();
      }
      const seconds = ((systemClock.monotonic() - startedMs) / 1000).toFixed(1);
      terminal.out(`\n${title(`Done in ${seconds} s.`)} The lab is gone, and nothing of it is left.\n`);
      terminal.out(`${faint('The manifests:')} ${demoSource()}\n`);
      terminal.out(`${faint('Your own script:')} keyferry lab run --ephemeral -- ./script.sh\n`);
    });
}
