import type { Command } from 'commander';
import { KeyferryError, parseDuration } from '#base';
import { renderClock } from '#lab/session';
import { placeOf, runningLab, type LabPlace } from './access.ts';
import { json, outputOption, stateOption, type Output } from './options.ts';
import type { Terminal } from '../terminal.ts';

interface ClockChoice extends LabPlace {
  readonly output: Output;
}

const DAY_MS = 86_400_000;

/** Adds `keyferry lab clock …`. */
export function addClockCommand(lab: Command, terminal: Terminal): void {
  const clock = lab
    .command('clock')
    .description("the lab's time, which can be moved on")
    .addHelpText('after', '\nExample:\n  keyferry lab clock advance 24h');

  clock
    .command('show')
    .description("the lab's time, and how far it is ahead of this machine's")
    .addOption(stateOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  keyferry lab clock show')
    .action(async (options: ClockChoice) => {
      const { control } = await runningLab(placeOf(options, terminal));
      const report = await control.clock.show();
      terminal.out(options.output === 'json' ? json(report) : `${renderClock(report)}\n`);
    });

  clock
    .command('advance')
    .description("move the lab's time on: tokens expire, retentions end, jobs are due, as if it had slept for so long")
    .argument('<duration>', 'how far: 90s, 10m, 24h, 7d, 1h30m')
    .addOption(stateOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  keyferry lab clock advance 24h')
    .action(async (duration: string, options: ClockChoice) => {
      const ms = parseAdvance(duration);
      const { control } = await runningLab(placeOf(options, terminal));
      const { before, after } = await control.clock.advance(ms);
      terminal.out(
        options.output === 'json' ? json({ before, after }) : `was ${before.labTime}\nnow ${renderClock(after)}\n`,
      );
    });
}

/** Reads how far to move, in milliseconds: days too, before the units of {@link parseDuration}. Throws `invalid-input`. */
export function parseAdvance(text: string): number {
  const [, days, rest = text] = /^(\d{1,6})d(.*)$/.exec(text) ?? [];
  const ms = days === undefined ? parseDuration(rest) : Number(days) * DAY_MS + (parseDuration(rest || '0') ?? NaN);
  if (ms === undefined || !Number.isInteger(ms) || ms <= 0) {
    throw new KeyferryError('invalid-input', `"${text}" is not how far the clock could be moved on`, {
      hint: 'Give a number with a unit: 90s, 10m, 24h, 7d, or several: 1h30m. It goes forward only.',
    });
  }
  return ms;
}
