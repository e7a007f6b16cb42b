/** A parsed schedule of a CronJob: the wall-clock minutes at which it starts, or a fixed pause. */
export interface CronSchedule {
  /** The first start after `afterMs` (milliseconds since the epoch); undefined when there is none within five years. */
  next(afterMs: number): number | undefined;
}

/** A schedule, or what is wrong with it. */
export type CronParse =
  { readonly ok: true; readonly schedule: CronSchedule } | { readonly ok: false; readonly problem: string };

/** Values that a field admits; `isAny` when it was `*` (or a step of it), which decides how the two day fields combine. */
interface Field {
  readonly values: ReadonlySet<number>;
  readonly isAny: boolean;
}

interface FieldRule {
  readonly first: number;
  readonly last: number;
  readonly names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const RULES = {
  minute: { first: 0, last: 59 },
  hour: { first: 0, last: 23 },
  day: { first: 1, last: 31 },
  month: { first: 1, last: 12, names: MONTHS },
  weekday: { first: 0, last: 6, names: DAYS },
} as const satisfies Record<string, FieldRule>;

const DESCRIPTORS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '@yearly': '0 0 1 1 *',
    '@annually': '0 0 1 1 *',
    '@monthly': '0 0 1 * *',
    '@weekly': '0 0 * * 0',
    '@daily': '0 0 * * *',
    '@midnight': '0 0 * * *',
    '@hourly': '0 * * * *',
  }),
);

/**
 * Parses a schedule as Kubernetes does (robfig/cron's ParseStandard): five fields with `*`, `?`, lists, ranges, steps and
 * English names of three letters, or one of `@yearly` … `@hourly`, or `@every 1h30m`. `timeZone` is an IANA name.
 */
export function parseCronSchedule(text: string, timeZone = 'UTC'): CronParse {
  const trimmed = text.trim();
  if (trimmed === '') return { ok: false, problem: 'empty spec string' };
  const every = /^@every\s+(.+)$/.exec(trimmed);
  if (every !== null) return parseEvery(every[1] ?? '');
  const fields = (DESCRIPTORS.get(trimmed) ?? trimmed).split(/\s+/);
  if (trimmed.startsWith('@') && !DESCRIPTORS.has(trimmed)) {
    return { ok: false, problem: `unrecognized descriptor: ${trimmed}` };
  }
  if (fields.length !== 5) {
    return { ok: false, problem: `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]` };
  }
  try {
    const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
    const parsed = {
      minute: parseField(minute, RULES.minute),
      hour: parseField(hour, RULES.hour),
      day: parseField(day, RULES.day),
      month: parseField(month, RULES.month),
      weekday: parseField(weekday, RULES.weekday),
    };
    const clock = createWallClock(timeZone);
    return { ok: true, schedule: { next: (afterMs) => findNext(parsed, clock, afterMs) } };
  } catch (error) {
    if (error instanceof BadField) return { ok: false, problem: error.message };
    if (error instanceof RangeError) return { ok: false, problem: `unknown time zone ${timeZone}` };
    throw error;
  }
}

class BadField extends Error {}

function parseField(text: string, rule: FieldRule): Field {
  const values = new Set<number>();
  let isAny = false;
  for (const part of text.split(',')) {
    const [range = '', stepText, ...more] = part.split('/');
    if (more.length > 0) throw new BadField(`too many slashes: ${part}`);
    const [firstText = '', lastText, ...others] = range.split('-');
    if (others.length > 0) throw new BadField(`too many hyphens: ${part}`);
    const star = firstText === '*' || firstText === '?';
    const first = star ? rule.first : parseValue(firstText, rule);
    const step = stepText === undefined ? 1 : parseNumber(stepText);
    if (step === 0) throw new BadField(`step of range should be a positive number: ${part}`);
    // `5/15` means from 5 on, `5` only 5.
    const open = star || (lastText === undefined && stepText !== undefined);
    const last = lastText !== undefined ? parseValue(lastText, rule) : open ? rule.last : first;
    if (first < rule.first) throw new BadField(`beginning of range (${first}) below minimum (${rule.first}): ${part}`);
    if (last > rule.last) throw new BadField(`end of range (${last}) above maximum (${rule.last}): ${part}`);
    if (first > last) throw new BadField(`beginning of range (${first}) beyond end of range (${last}): ${part}`);
    isAny ||= star && step === 1;
    for (let value = first; value <= last; value += step) values.add(value);
  }
  return { values, isAny };
}

function parseValue(text: string, { names, first }: FieldRule): number {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  return named === -1 ? parseNumber(text) : named + first;
}

function parseNumber(text: string): number {
  if (!/^\d+$/.test(text))
    throw new BadField(`failed to parse int from ${text}: strconv.Atoi: parsing "${text}": invalid syntax`);
  return Number(text);
}

const UNITS_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
};

/** Go's durations count nanoseconds in 64 bits: about 292 years. */
const MAX_DURATION_MS = 2 ** 63 / 1e6;

function parseEvery(text: string): CronParse {
  const sumMs = parseDuration(text);
  if (sumMs === undefined || sumMs >= MAX_DURATION_MS) {
    return { ok: false, problem: `failed to parse duration @every ${text}: time: invalid duration "${text}"` };
  }
  const pauseMs = Math.max(1000, Math.floor(sumMs / 1000) * 1000);
  return { ok: true, schedule: { next: (afterMs) => Math.floor(afterMs / 1000) * 1000 + pauseMs } };
}

/** The sum of parts like `1h` and `30m`, each where the one before it ends; undefined where one is none. */
function parseDuration(text: string): number | undefined {
  const part = /(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)/y;
  let sumMs = 0;
  while (part.lastIndex < text.length) {
    const [, number, unit = ''] = part.exec(text) ?? [];
    if (number === undefined) return undefined;
    sumMs += Number(number) * (UNITS_MS[unit] ?? 0);
  }
  return text === '' ? undefined : sumMs;
}

/** The time on a wall clock. `month` and `day` count from 1, `weekday` from 0 for Sunday. */
interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly weekday: number;
}

interface WallClock {
  read(ms: number): WallTime;
  /** The first instant of a wall-clock day. */
  startOfDay(year: number, month: number, day: number): number;
}

/** @throws RangeError when there is no such zone. */
function createWallClock(timeZone: string): WallClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  const read = (ms: number): WallTime => {
    const found = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = found;
    return { year, month, day, hour, minute, weekday: new Date(Date.UTC(year, month - 1, day)).getUTCDay() };
  };
  const asUtc = ({ year, month, day, hour, minute }: WallTime) => Date.UTC(year, month - 1, day, hour, minute);
  return {
    read,
    startOfDay(year, month, day) {
      const wanted = Date.UTC(year, month - 1, day);
      // Two rounds: the zone's offset may differ between the guess and the answer.
      let guess = wanted - (asUtc(read(wanted)) - wanted);
      guess -= asUtc(read(guess)) - wanted;
      // Where midnight itself was skipped the day begins later.
      while (asUtc(read(guess)) < wanted) guess += MINUTE_MS;
      return guess;
    },
  };
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const YEARS = 5;

interface Fields {
  readonly minute: Field;
  readonly hour: Field;
  readonly day: Field;
  readonly month: Field;
  readonly weekday: Field;
}

/** As cron has it: with both day fields restricted, either may hold. */
function isDay({ day, weekday }: Fields, wall: WallTime): boolean {
  const byDay = day.values.has(wall.day);
  const byWeekday = weekday.values.has(wall.weekday);
  return day.isAny || weekday.isAny ? byDay && byWeekday : byDay || byWeekday;
}

/**
 * Steps through real time, so that of the hour that is skipped in spring nothing starts and in the one that comes twice
 * in autumn everything starts twice, as robfig/cron does.
 */
function findNext(fields: Fields, clock: WallClock, afterMs: number): number | undefined {
  let ms = (Math.floor(afterMs / MINUTE_MS) + 1) * MINUTE_MS;
  const limit = clock.read(ms).year + YEARS;
  for (;;) {
    const wall = clock.read(ms);
    if (wall.year > limit) return undefined;
    if (!fields.month.values.has(wall.month)) ms = clock.startOfDay(wall.year, wall.month + 1, 1);
    else if (!isDay(fields, wall)) ms = clock.startOfDay(wall.year, wall.month, wall.day + 1);
    else if (!fields.hour.values.has(wall.hour)) ms += HOUR_MS - wall.minute * MINUTE_MS;
    else if (!fields.minute.values.has(wall.minute)) ms += MINUTE_MS;
    else return ms;
  }
}
