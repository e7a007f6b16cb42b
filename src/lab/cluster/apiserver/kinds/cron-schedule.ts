/** The names and limits of one field of a schedule. */
interface CronField {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const FIELDS: readonly CronField[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];

const DESCRIPTORS = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);

/** Why a text is no cron schedule, in the words of the parser that Kubernetes uses (robfig/cron); undefined for one that is. */
export function scheduleProblem(text: string): string | undefined {
  const schedule = text.replace(/^(CRON_)?TZ=\S+\s+/, '').trim();
  if (schedule === '') return 'empty spec string';
  if (schedule.startsWith('@')) return descriptorProblem(schedule);
  const parts = schedule.split(/\s+/);
  if (parts.length !== FIELDS.length) {
    return `expected exactly ${FIELDS.length} fields, found ${parts.length}: [${parts.join(' ')}]`;
  }
  for (const [index, part] of parts.entries()) {
    const field = FIELDS[index];
    if (field === undefined) continue;
    for (const range of part.split(',')) {
      const problem = rangeProblem(range, field);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

const EVERY = /^@every (\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/;

function descriptorProblem(schedule: string): string | undefined {
  if (DESCRIPTORS.has(schedule) || EVERY.test(schedule)) return undefined;
  return schedule.startsWith('@every ')
    ? `failed to parse duration ${schedule}: time: invalid duration ${JSON.stringify(schedule.slice('@every '.length))}`
    : `unrecognized descriptor: ${schedule}`;
}

function rangeProblem(range: string, field: CronField): string | undefined {
  const [span = '', stepText, ...slashes] = range.split('/');
  const [fromText = '', toText, ...hyphens] = span.split('-');
  if (hyphens.length > 0) return `too many hyphens: ${range}`;
  if (slashes.length > 0) return `too many slashes: ${range}`;
  const all = fromText === '*' || fromText === '?';
  const from = all ? field.min : numberOf(fromText, field);
  if (typeof from === 'string') return from;
  const to = all ? field.max : toText === undefined ? from : numberOf(toText, field);
  if (typeof to === 'string') return to;
  const step = stepText === undefined ? 1 : numberOf(stepText, { min: 0, max: 0 });
  if (typeof step === 'string') return step;
  // `N/step` goes on to the end of the field
  const end = stepText !== undefined && toText === undefined ? field.max : to;
  if (from < field.min) return `beginning of range (${from}) below minimum (${field.min}): ${range}`;
  if (end > field.max) return `end of range (${end}) above maximum (${field.max}): ${range}`;
  if (from > end) return `beginning of range (${from}) beyond end of range (${end}): ${range}`;
  return step === 0 ? `step of range should be a positive number: ${range}` : undefined;
}

/** The number that a text stands for, or what is wrong with it. */
function numberOf(text: string, { min, names = [] }: CronField): number | string {
  const named = names.indexOf(text.toLowerCase());
  if (named !== -1) return named + min;
  if (/^\+?\d+$/.test(text)) return Number(text);
  if (/^-\d+$/.test(text)) return `negative number (${text}) not allowed: ${text}`;
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
}
