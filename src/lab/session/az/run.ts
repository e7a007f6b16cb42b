import { errorText } from '#base';
import type { Args } from './args.ts';
import type { CommandSpec } from './command.ts';
import { AZ_VERSION } from './commands/version.ts';
import { readSettings, settingOf } from './config-file.ts';
import { createContext } from './context.ts';
import { AzError } from './errors.ts';
import { expandFiles } from './expand-files.ts';
import { renderCommandHelp, renderGroupHelp } from './help.ts';
import { createHttp } from './http.ts';
import type { AzIo } from './io.ts';
import type { Json } from './json.ts';
import { renderOutput } from './output.ts';
import type { OutputFormat } from './options.ts';
import { parseArguments } from './parse.ts';
import { compileQuery, objectsWithin, type Query } from './query.ts';
import { findTarget } from './tree.ts';

/**
 * Runs one command line of az (`argv` without the program's name) and answers its exit code: 0, 1 for a failure, 2
 * for a wrong command line, 3 for something that is not there, 130 when the signal aborted. Never throws for what the command meets; all that it
 * says goes to `io`.
 */
export async function runAz(argv: readonly string[], io: AzIo): Promise<number> {
  try {
    return await runWords(await expandFiles(argv, io), io);
  } catch (error) {
    // The person stopped it: nothing to tell.
    if (io.signal.aborted) return 130;
    report(error, io, argv.includes('--debug'));
    return error instanceof AzError ? error.exitCode : 1;
  }
}

async function runWords(words: readonly string[], io: AzIo): Promise<number> {
  const first = words[0];
  if (first === '--version' || first === '-v') {
    io.stdout(`azure-cli ${AZ_VERSION} (Keyferry's stand-in for the lab)\n`);
    return 0;
  }
  const target = findTarget(first?.toLowerCase() === 'help' ? ['--help'] : words);
  if (target.kind === 'group') {
    const wantsHelp = words.length === 0 || target.rest.includes('--help') || target.rest.includes('-h');
    if (!wantsHelp) {
      const where = target.group.path === '' ? 'az' : `az ${target.group.path}`;
      throw new AzError('usage', 'the following arguments are required: _subcommand', {
        recommendation: `See: ${where} --help`,
      });
    }
    io.stdout(renderGroupHelp(target.group));
    return 0;
  }
  const { command } = target;
  const settings = await readSettings(io.env);
  const args = parseArguments(command, target.rest, (setting) => {
    const [section = '', name = ''] = setting.split('.');
    return settingOf(io.env, settings, section, name);
  });
  if (args.flag('help')) {
    io.stdout(renderCommandHelp(command));
    return 0;
  }
  await runCommand(command, args, io);
  return 0;
}

async function runCommand(command: CommandSpec, args: Args, io: AzIo): Promise<void> {
  const expression = args.optional('query');
  const query = expression === undefined ? undefined : await compileQuery(expression);
  if (command.confirm !== undefined && !args.flag('yes')) await confirm(io, command.confirm);
  const trace = (line: string) => {
    if (args.flag('debug')) io.stderr(`DEBUG: ${line}\n`);
  };
  await using http = createHttp(io, trace);
  const warn = (text: string) => {
    if (!args.flag('onlyShowErrors')) io.stderr(labelled('WARNING', text, io));
  };
  const context = createContext({ io, http, subscription: args.optional('subscription'), warn });
  const answer = await command.run(context, args);
  if (answer !== undefined) await print(command, answer, args, query, io);
}

async function print(
  command: CommandSpec,
  answer: Json,
  args: Args,
  query: Query | undefined,
  io: AzIo,
): Promise<void> {
  const own = query === undefined ? undefined : objectsWithin(answer);
  const value = query === undefined ? answer : query(answer);
  // az prints nothing for null, in every format.
  if (value === null) return;
  const text = await renderOutput({
    value,
    format: args.text('output') as OutputFormat,
    columns: command.columns,
    queried: query !== undefined,
    madeByQuery: (object) => own !== undefined && !own.has(object),
    colour: io.isTty,
  });
  if (text !== '') io.stdout(text);
}

async function confirm(io: AzIo, question: true | string): Promise<void> {
  if (io.ask === undefined) {
    io.stderr(labelled('WARNING', 'Unable to prompt for confirmation as no tty available. Use --yes.', io));
    throw new AzError('error', 'Operation cancelled.');
  }
  const text = question === true ? 'Are you sure you want to perform this operation?' : question;
  const answer = await io.ask(`${text} (y/n): `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new AzError('error', 'Operation cancelled.');
}

function report(error: unknown, io: AzIo, debug: boolean): void {
  const message = error instanceof AzError ? error.message : errorText(error);
  io.stderr(labelled('ERROR', message, io));
  if (error instanceof AzError) {
    if (error.recommendation !== undefined) io.stderr(`${error.recommendation}\n`);
  } else {
    io.stderr('This is not an answer of Azure: please report it as a defect of the lab’s az.\n');
  }
  if (debug && error instanceof Error) io.stderr(`DEBUG: ${error.stack}\n`);
}

const COLOURS = { ERROR: '\u001B[91m', WARNING: '\u001B[33m' } as const;

/** As knack prints its log: the level as a word, or as a colour on a terminal. */
function labelled(level: keyof typeof COLOURS, text: string, io: AzIo): string {
  return io.isTty ? `${COLOURS[level]}${text}\u001B[0m\n` : `${level}: ${text}\n`;
}
