import { inputError, parseDuration, type Issue } from '#base';

/** The value of a flag, by its kind: durations are milliseconds. */
interface FlagKinds {
  readonly text: string;
  readonly bool: boolean;
  readonly int: number;
  readonly duration: number;
}

type FlagOf<Kind extends keyof FlagKinds> = {
  readonly kind: Kind;
  readonly default: FlagKinds[Kind];
  readonly help: string;
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
    const match = /^--?([A-Za-z][-A-Za-z0-9]*)(?:=(.*))?$/s.exec(word);
    const [, name = '', inline] = match ?? [];
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

/** The table as `--help` prints it. */
export function renderFlags(table: FlagTable): string {
  const rows = Object.entries(table).map(([name, spec]) => {
    const value = spec.kind === 'bool' ? '' : ` ${spec.kind}`;
    const shown = spec.kind === 'duration' ? `${spec.default / 1000}s` : String(spec.default);
    return [`  --${name}${value}`, shown === '' ? spec.help : `${spec.help} (default ${shown})`] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => left.padEnd(width) + right).join('\n');
}

function parseValue(kind: FlagSpec['kind'], text: string): string | boolean | number | undefined {
  if (kind === 'text') return text;
  if (kind === 'bool') return TRUE.has(text) ? true : FALSE.has(text) ? false : undefined;
  if (kind === 'int') return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  return parseDuration(text);
}
