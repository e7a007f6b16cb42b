import type { ScalarFormat } from './schema.ts';

// Kubernetes answers some values in another spelling than it got: what its decoder read is encoded anew.

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/;

/** Why a text is no time of its format, in the words of Go's parser; a MicroTime has exactly six digits of a second. */
export function timeProblem(format: 'date-time' | 'date-time-micro', text: string): string | undefined {
  const [, seconds = '', fraction = '', zone = ''] = RFC3339.exec(text) ?? [];
  if (Number.isNaN(Date.parse(seconds + zone))) return `parsing time ${JSON.stringify(text)}: not an RFC 3339 time`;
  if (format === 'date-time' || fraction.length === 6) return undefined;
  const rest = fraction === '' ? zone : `.${fraction}${zone}`;
  return `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse ${JSON.stringify(rest)} as ".000000"`;
}

/** A value of a scalar type as Kubernetes writes it: times in UTC, quantities in their shortest form. */
export function canonicalScalar(format: ScalarFormat, value: unknown): unknown {
  if (format === 'quantity') return canonicalQuantity(String(value));
  if (format !== 'date-time' && format !== 'date-time-micro') return value;
  const [, seconds = '', fraction = '', zone = ''] = RFC3339.exec(String(value)) ?? [];
  const text = new Date(seconds + zone).toISOString().replace(/\.\d+Z$/, '');
  return format === 'date-time' ? `${text}Z` : `${text}.${fraction}Z`;
}

const QUANTITY = /^([+-]?)(\d*)\.?(\d*)(|[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)$/;
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const NANOS = 10n ** 9n;

/**
 * The canonical form of a quantity (apimachinery pkg/api/resource, CanonicalizeBytes): no fraction, the largest suffix
 * of its kind that leaves a whole number, binary ones below 1024 without suffix. `0.5` is `500m`, `1024Mi` is `1Gi`.
 */
export function canonicalQuantity(text: string): string {
  const [, sign = '', whole = '', fraction = '', suffix = ''] = QUANTITY.exec(text) ?? [];
  if (whole + fraction === '') return text;
  const digits = BigInt(whole + fraction);
  const power = BINARY.indexOf(suffix);
  const isBinary = power > 0;
  const isExponent = /^[eE][+-]?\d/.test(suffix);
  const exponent = isExponent ? Number(suffix.slice(1)) : isBinary ? 0 : (DECIMAL.indexOf(suffix) - 3) * 3;
  if (Math.abs(exponent) > 30) return text;
  const scaled = digits * (isBinary ? 1024n ** BigInt(power) : 1n);
  const nanos = roundedUp(scaled * 10n ** BigInt(exponent + 39), 10n ** BigInt(fraction.length + 30));
  const minus = sign === '-' && nanos > 0n ? '-' : '';
  if (nanos === 0n) return '0';
  if (isBinary && nanos >= 1024n * NANOS) {
    const [number, steps] = withoutFactors(roundedUp(nanos, NANOS), 1024n, BINARY.length - 1);
    return `${minus}${number}${BINARY[steps] ?? ''}`;
  }
  const [number, steps] = withoutFactors(nanos, 1000n, DECIMAL.length - 1);
  if (!isExponent) return `${minus}${number}${DECIMAL[steps] ?? ''}`;
  return steps === 3 ? `${minus}${number}` : `${minus}${number}e${(steps - 3) * 3}`;
}

function roundedUp(value: bigint, divisor: bigint): bigint {
  return (value + divisor - 1n) / divisor;
}

/** The number without as many factors as it has, at most `most`, and how many. */
function withoutFactors(value: bigint, factor: bigint, most: number): [bigint, number] {
  let [rest, steps] = [value, 0];
  while (steps < most && rest % factor === 0n) [rest, steps] = [rest / factor, steps + 1];
  return [rest, steps];
}
