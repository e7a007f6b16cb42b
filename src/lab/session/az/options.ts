import type { OptionSpec } from './command.ts';

/** The output formats of `--output`. */
export const OUTPUT_FORMATS = ['json', 'jsonc', 'none', 'table', 'tsv', 'yaml', 'yamlc'] as const;

/** One of {@link OUTPUT_FORMATS}. */
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** The options that every command has, as az lists them under Global Arguments. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { key: 'debug', names: ['--debug'], kind: 'flag', help: 'Show every request and its answer on standard error.' },
  { key: 'help', names: ['--help', '-h'], kind: 'flag', help: 'Show this text and exit.' },
  { key: 'onlyShowErrors', names: ['--only-show-errors'], kind: 'flag', help: 'Show errors only, no warnings.' },
  {
    key: 'output',
    names: ['--output', '-o'],
    kind: 'text',
    help: 'Output format.',
    choices: OUTPUT_FORMATS,
    fallback: 'json',
    configured: 'core.output',
  },
  { key: 'query', names: ['--query'], kind: 'text', help: 'A JMESPath expression that is applied to the output.' },
  { key: 'subscription', names: ['--subscription'], kind: 'text', help: 'Name or id of the subscription.' },
  { key: 'verbose', names: ['--verbose'], kind: 'flag', help: 'Say more on standard error.' },
];

/** `--resource-group/-g`. */
export const resourceGroup: OptionSpec = {
  key: 'resourceGroup',
  names: ['--resource-group', '-g'],
  kind: 'text',
  required: true,
  help: 'Name of the resource group.',
  configured: 'defaults.group',
};

/** `--location/-l`, optional: the resource group's where it is absent. */
export const location: OptionSpec = {
  key: 'location',
  names: ['--location', '-l'],
  kind: 'text',
  help: 'Azure region. Default: the region of the resource group.',
  configured: 'defaults.location',
};

/** `--tags`. */
export const tags: OptionSpec = {
  key: 'tags',
  names: ['--tags'],
  kind: 'tags',
  help: 'Tags as key[=value], separated by spaces; "" clears them.',
};

/** `--no-wait`. */
export const noWait: OptionSpec = {
  key: 'noWait',
  names: ['--no-wait'],
  kind: 'flag',
  help: 'Do not wait for the end of a long-running operation.',
};

/** `--yes/-y`. */
export const yes: OptionSpec = {
  key: 'yes',
  names: ['--yes', '-y'],
  kind: 'flag',
  help: 'Do not ask for confirmation.',
};

/** `--name/-n`, required. */
export function name(help: string): OptionSpec {
  return { key: 'name', names: ['--name', '-n'], kind: 'text', required: true, help };
}

/** A flag. */
export function flag(key: string, spelling: string | readonly string[], help: string): OptionSpec {
  return { key, names: typeof spelling === 'string' ? [spelling] : spelling, kind: 'flag', help };
}

/** An option with one text. */
export function text(
  key: string,
  spelling: string | readonly string[],
  help: string,
  more: Partial<Omit<OptionSpec, 'key' | 'names' | 'kind' | 'help'>> = {},
): OptionSpec {
  return { key, names: typeof spelling === 'string' ? [spelling] : spelling, kind: 'text', help, ...more };
}

/** An option that is true when named alone and takes true or false. */
export function boolean(key: string, spelling: string, help: string): OptionSpec {
  return { key, names: [spelling], kind: 'boolean', help };
}
