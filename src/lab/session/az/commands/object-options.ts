import type { Args } from '../args.ts';
import type { OptionSpec } from '../command.ts';
import { usageError } from '../errors.ts';
import { text } from '../options.ts';

/** `--expires` and `--not-before`. */
export const timeOptions: readonly OptionSpec[] = [
  text('expires', '--expires', 'When it expires: UTC, for example 2027-01-31T00:00:00Z.'),
  text('notBefore', '--not-before', 'When it becomes valid: UTC.'),
];

/** The times of {@link timeOptions} in Unix seconds. */
export function timesOf(args: Args): { exp?: number; nbf?: number } {
  const seconds = (key: string, spelling: string): number | undefined => {
    const given = args.optional(key);
    if (given === undefined) return undefined;
    const [, day, hour, rest = ''] = /^(\d{4}-\d\d-\d\d)(?:T(\d\d)((?::\d\d){0,2})Z)?$/.exec(given) ?? [];
    const whole = `${day ?? ''}T${hour ?? '00'}${rest.padEnd(6, ':00')}Z`;
    if (Number.isNaN(Date.parse(whole)))
      throw usageError(`argument ${spelling}: invalid datetime_type value: '${given}'`);
    return Date.parse(whole) / 1000;
  };
  const exp = seconds('expires', '--expires');
  const nbf = seconds('notBefore', '--not-before');
  return { ...(exp === undefined ? {} : { exp }), ...(nbf === undefined ? {} : { nbf }) };
}

/** The same options where only vault and name can name the object. */
export function requiredName(options: readonly OptionSpec[]): readonly OptionSpec[] {
  return options.map((option) => (option.key === 'name' ? { ...option, required: true } : option));
}
