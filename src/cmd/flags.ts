import { inputError, parseDuration, renderDuration, type Issue } from '#base';

/** The value of a flag, by its kind: durations are milliseconds. */
interface FlagKinds {
  readonly text: string;
  readonly bool: boolean;
  readonly int: number;
  readonly duration: number;
}

/** The groups in which `--help` and docs/flags.md show flags, in their order. */
export const FLAG_GROUPS = [
  'sockets',
  'mounts',
  'refresh',
  'providers',
  'azure',
  'identity',
  'health and metrics',
  'process',
  'without effect',
] as const;

/** The program whose flag it was first: upstream's driver, its Azure provider, or the registrar sidecar. */
export type FlagOrigin = 'driver' | 'provider' | 'registrar';

type FlagOf<Kind extends keyof FlagKinds> = {
  readonly kind: Kind;
  readonly default: FlagKinds[Kind];
  /** One line for a person: what it sets, in which unit. In `without effect`: why it does nothing here. */
  readonly help: string;
  readonly group: (typeof FLAG_GROUPS)[number];
  /** Absent: a flag of Keyferry's own. */
  readonly from?: FlagOrigin;
  /** The path of the chart's value that sets it. Absent: the chart sets it by itself, or it is one for `extraArgs`. */
  readonly value?: string;
  /** The version of Keyferry that brought it. Default: the first, 0.1.0. */
  readonly since?: string;
};

/** One flag of a process. */
export type FlagSpec = { [Kind in keyof FlagKinds]: FlagOf<Kind> }[keyof FlagKinds];

/** The flags of a process by name, without dashes. */
export type FlagTable = Readonly<Record<string, FlagSpec>>;

/** The values of a table's flags. */
export type FlagValues<Table extends FlagTable> = {
  readonly [Name in keyof Table]: FlagKinds[Table[Name]['kind']];
};

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/**
 * Parses flags as Go's programs take them, since manifests were written for those: one dash or two, `--name=value` or
 * `--name value`, booleans alone or with `=`, durations like `1h30m`. Throws `invalid-input` with everything that is wrong.
 */
export function parseFlags<Table extends FlagTable>(table: Table, argv: readonly string[]): FlagValues<Table> {
  const values: Record<string, string | boolean | number> = Object.fromEntries(
    Object.entries(table).map(([name, spec]) => [name, spec.default]),
  );
  const issues: Issue[] = [];
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const match = /^--?([A-Za-z][-_A-Za-z0-9]*)(?:=(.*))?$/s.exec(word);
    const [, written = '', inline] = match ?? [];
    const name = written === 'h' ? 'help' : written;
    const spec = Object.hasOwn(table, name) ? table[name] : undefined;
    if (spec === undefined) {
      issues.push({ path: '', message: match === null ? `"${word}" is not a flag` : `there is no flag --${name}` });
      continue;
    }
    const text = inline ?? (spec.kind === 'bool' ? 'true' : rest.shift());
    const value = text === undefined ? undefined : parseValue(spec.kind, text);
    if (value === undefined) issues.push({ path: `--${name}`, message: `needs a value of the kind ${spec.kind}` });
    else values[name] = value;
  }
  if (issues.length > 0) throw inputError('wrong flags', issues, 'Use --help to see the flags.');
  return values as FlagValues<Table>;
}

/** The names of the flags that were given a value other than their default and do nothing here, for the log. */
export function flagsWithoutEffect<Table extends FlagTable>(table: Table, values: FlagValues<Table>): string[] {
  return Object.entries(table)
    .filter(([name, spec]) => spec.group === 'without effect' && values[name] !== spec.default)
    .map(([name]) => name);
}

/** A flag's default as a person would write it; empty for the empty text. */
export function renderFlagDefault(spec: FlagSpec): string {
  return spec.kind === 'duration' ? renderDuration(spec.default) : String(spec.default);
}

/** The table as `--help` prints it, by groups. */
export function renderFlags(table: FlagTable): string {
  const leftOf = (name: string, spec: FlagSpec) => `  --${name}${spec.kind === 'bool' ? '' : ` ${spec.kind}`}`;
  const flags = Object.entries(table);
  const width = Math.max(...flags.map(([name, spec]) => leftOf(name, spec).length)) + 2;
  return FLAG_GROUPS.flatMap((group) => {
    const own = flags.filter(([, spec]) => spec.group === group);
    const rows = own.map(([name, spec]) => {
      const shown = group === 'without effect' ? '' : renderFlagDefault(spec);
      return leftOf(name, spec).padEnd(width) + (shown === '' ? spec.help : `${spec.help} (default ${shown})`);
    });
    return rows.length === 0 ? [] : [[`${group}:`, ...rows].join('\n')];
  }).join('\n\n');
}

function parseValue(kind: FlagSpec['kind'], text: string): string | boolean | number | undefined {
  if (kind === 'text') return text;
  if (kind === 'bool') return TRUE.has(text) ? true : FALSE.has(text) ? false : undefined;
  if (kind === 'int') return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  return parseDuration(text);
}
