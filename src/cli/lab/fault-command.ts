import { Argument, Option, type Command } from 'commander';
import { inputError, parseDuration, renderDuration, type Issue } from '#base';
import { renderEffect, type Fault, type FaultEffect } from '#lab/faults';
import type { FaultRequest } from '#lab/session';
import { placeOf, runningLab, type LabPlace } from './access.ts';
import { json, outputOption, stateOption, type Output } from './options.ts';
import { palette, type Palette, type Terminal } from '../terminal.ts';

/** What `lab fault add` is told; texts are as they were typed. */
export interface FaultAddChoice {
  readonly host?: string;
  readonly cluster?: string;
  readonly path?: string;
  readonly method?: string;
  readonly status?: string;
  readonly retryAfter?: string;
  readonly latency?: string;
  readonly reset?: true;
  readonly hang?: true;
  readonly times?: string;
  readonly for?: string;
}

interface Choice extends LabPlace {
  readonly output: Output;
}

const EXAMPLES = `
Examples:
  keyferry lab fault add --host '*.vault.azure.net' --status 429 --retry-after 5
  keyferry lab fault add --host login.microsoftonline.com --hang --for 10m
  keyferry lab fault add --host kv1.vault.azure.net --path /secrets/db --reset --times 2
  keyferry lab fault add --cluster mycluster --status 503

One of --status, --latency, --reset and --hang. TLS is agreed as always: the requests in it fail, on connections that were
there before too. Of several faults for one request the newest counts. Faults are in memory: they end with the lab.`;

/** Adds `lab fault add|list|clear`. */
export function addFaultCommand(lab: Command, terminal: Terminal): void {
  const fault = lab
    .command('fault')
    .description('what goes wrong on purpose: throttling, outages, slow answers')
    .addHelpText(
      'after',
      "\nExample:\n  keyferry lab fault add --host '*.vault.azure.net' --status 429 --retry-after 5",
    );

  fault
    .command('add')
    .description('begin a fault: a service of Azure or an API server fails for requests that match')
    .option('--host <host>', "the service's host as clients name it; * stands for anything")
    .option('--cluster <name>', 'instead of --host: the API server of this cluster')
    .option('--path <path>', 'the beginning of the path, or with * in it a pattern of all of it (default: every path)')
    .option('--method <method>', 'GET, POST, … (default: every method)')
    .option('--status <code>', 'answer with this status (400 to 599), in the words that the real service has for it')
    .option('--retry-after <seconds>', 'with --status: the Retry-After header of the answer')
    .option('--latency <duration>', 'answer this much later, 500ms or 2s for example')
    .option('--reset', 'reset the connection instead of answering')
    .option('--hang', 'answer nothing until the fault is over; then what still waits is answered')
    .option('--times <count>', 'for the next requests only, so many (default: any number)')
    .option('--for <duration>', "so long only, in the lab's time: 10m for example (default: until it is cleared)")
    .addOption(stateOption())
    .addOption(outputOption())
    .addHelpText('after', EXAMPLES)
    .action(async (options: FaultAddChoice & Choice) => {
      const request = parseFaultOptions(options);
      const { control } = await runningLab(placeOf(options, terminal));
      const added = await control.faults.add(request);
      terminal.out(options.output === 'json' ? json(added) : renderTable([added], palette(terminal)));
    });

  fault
    .command('list')
    .description('all faults, how many requests each has met, and which are over')
    .addOption(stateOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  keyferry lab fault list --output json')
    .action(async (options: Choice) => {
      const { control } = await runningLab(placeOf(options, terminal));
      const faults = await control.faults.list();
      if (options.output === 'json') terminal.out(json(faults));
      else if (faults.length === 0) terminal.err('there are no faults\n');
      else terminal.out(renderTable(faults, palette(terminal)));
    });

  fault
    .command('clear')
    .description('end faults and forget them; requests that hang in one are answered')
    .addArgument(new Argument('[ids...]', 'which; all when none is named'))
    .addOption(stateOption())
    .addOption(new Option('--output <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExample:\n  keyferry lab fault clear f1')
    .action(async (ids: string[], options: Choice) => {
      const { control } = await runningLab(placeOf(options, terminal));
      const cleared = await control.faults.clear(ids);
      if (options.output === 'json') terminal.out(json(cleared));
      else terminal.err(cleared.length === 0 ? 'there were no faults\n' : `${clearedText(cleared)}\n`);
    });
}

/** Reads the options of `lab fault add`. Throws `invalid-input` with everything that is wrong with them. */
export function parseFaultOptions(options: FaultAddChoice): FaultRequest {
  const issues: Issue[] = [];
  const wrong = (path: string, message: string) => void issues.push({ path, message });
  const whole = (name: string, text: string | undefined) => {
    if (text !== undefined && !/^\d{1,9}$/.test(text)) wrong(`--${name}`, `"${text}" is no whole number`);
    return text === undefined ? undefined : Number(text);
  };
  const duration = (name: string, text: string | undefined) => {
    const ms = text === undefined ? undefined : parseDuration(text);
    if (text !== undefined && (ms === undefined || ms === 0)) {
      wrong(`--${name}`, `"${text}" is no duration: write 500ms, 2s, 10m or 1h30m`);
    }
    return ms;
  };
  const retryAfterSeconds = whole('retry-after', options.retryAfter);
  const status = whole('status', options.status);
  const delayMs = duration('latency', options.latency);
  const effects: readonly FaultEffect[] = [
    ...(status === undefined ? [] : [{ kind: 'status', status, retryAfterSeconds } as const]),
    ...(delayMs === undefined ? [] : [{ kind: 'latency', delayMs } as const]),
    ...(options.reset === true ? [{ kind: 'reset' } as const] : []),
    ...(options.hang === true ? [{ kind: 'hang' } as const] : []),
  ];
  const [effect, ...more] = effects;
  const hasEffect = effect !== undefined || options.latency !== undefined;
  if (!hasEffect) wrong('', 'one of --status, --latency, --reset and --hang says what goes wrong');
  if (more.length > 0) {
    wrong('', `one of --status, --latency, --reset and --hang, not ${effects.map(({ kind }) => kind).join(' and ')}`);
  }
  if (status !== undefined && (status < 400 || status > 599)) wrong('--status', `${status} is no error: 400 to 599`);
  if (retryAfterSeconds !== undefined && status === undefined) wrong('--retry-after', 'goes with --status');
  const { host, cluster, path, method } = options;
  if ((host === undefined) === (cluster === undefined)) wrong('', 'either --host or --cluster says where');
  const times = whole('times', options.times);
  if (times === 0) wrong('--times', 'is at least 1');
  const forMs = duration('for', options.for);
  if (issues.length > 0 || effect === undefined) {
    throw inputError('wrong options', issues, 'See "keyferry lab fault add --help".');
  }
  const common = { path, method, effect, times, forMs };
  return cluster === undefined ? { host: host ?? '', ...common } : { cluster, ...common };
}

function renderTable(faults: readonly Fault[], { title, faint, bad }: Palette): string {
  const rows = faults.map((fault) => [
    fault.id,
    `${fault.method === undefined ? '' : `${fault.method} `}${fault.host}${fault.path ?? ''}`,
    renderEffect(fault.effect),
    limitText(fault),
    String(fault.hits),
    fault.state,
  ]);
  const head = ['ID', 'MEETS', 'EFFECT', 'UNTIL', 'HITS', 'STATE'];
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [
    title(line(head)),
    ...rows.map((row, index) => (faults[index]?.state === 'over' ? faint(line(row)) : bad(line(row)))),
    '',
  ].join('\n');
}

function limitText({ times, forMs, endsAt }: Fault): string {
  const parts = [
    ...(times === undefined ? [] : [`${times} ${times === 1 ? 'hit' : 'hits'}`]),
    ...(forMs === undefined || endsAt === undefined ? [] : [`${endsAt.slice(11, 19)} (${renderDuration(forMs)})`]),
  ];
  return parts.length === 0 ? 'cleared' : parts.join(', ');
}

function clearedText(faults: readonly Fault[]): string {
  return `cleared ${faults.map(({ id, hits }) => `${id} (${hits} ${hits === 1 ? 'hit' : 'hits'})`).join(', ')}`;
}
