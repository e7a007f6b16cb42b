import {
  array,
  constant,
  constantFrom,
  dictionary,
  double,
  integer,
  jsonValue,
  letrec,
  oneof,
  string,
  tuple,
  uint8Array,
  type Arbitrary,
} from 'fast-check';

/** Names that mean something to JavaScript objects, to paths, to YAML or to a shell. */
export const AWKWARD_TEXTS: readonly string[] = [
  '',
  ' ',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '__defineGetter__',
  'length',
  '.',
  '..',
  '../',
  '../../etc/passwd',
  '..\\..\\windows',
  '/etc/passwd',
  '%2e%2e%2f',
  'a/../b',
  '\0',
  'a\0b',
  '\r\n',
  '\u2028',
  '\u202e',
  '\ud800',
  '\ufeff',
  'ﬀ',
  'İ',
  '{}',
  '[]',
  'null',
  'true',
  '-0',
  '1e999',
  '-1',
  '9007199254740993',
  "'",
  '"',
  "''",
  '$(id)',
  '`id`',
  ';',
  '*',
  '&a *a',
  '!!js/function',
  '<<: *a',
  '%',
  '%zz',
  '%00',
  '%c0%af',
  '${x}',
  '$patch',
  'x'.repeat(300),
];

/** Any text: awkward ones, printable ones, and all of Unicode with lone surrogates. */
export function hostileText(maxLength = 40): Arbitrary<string> {
  return oneof(
    { arbitrary: constantFrom(...AWKWARD_TEXTS), weight: 3 },
    { arbitrary: string({ maxLength }), weight: 3 },
    { arbitrary: string({ unit: 'binary', maxLength }), weight: 2 },
    { arbitrary: string({ unit: 'grapheme', maxLength }), weight: 1 },
  );
}

/** Text made of pieces of a grammar in any order, with something hostile between them now and then. */
export function textOfPieces(pieces: readonly string[], maxPieces = 12): Arbitrary<string> {
  const piece = oneof({ arbitrary: constantFrom(...pieces), weight: 9 }, { arbitrary: hostileText(6), weight: 1 });
  return array(piece, { maxLength: maxPieces }).map((parts) => parts.join(''));
}

/** JSON values whose fields have the given names or awkward ones; `__proto__` is a field of its own, as JSON.parse makes it. */
export function hostileJson(
  names: readonly string[] = [],
  values: Arbitrary<unknown> = hostileText(12),
): Arbitrary<unknown> {
  const name =
    names.length === 0 ? hostileText(8) : oneof({ arbitrary: constantFrom(...names), weight: 6 }, hostileText(8));
  const leaf = oneof(
    values,
    integer(),
    double(),
    constantFrom(null, true, false, 0, -1, 1e308, Number.MAX_SAFE_INTEGER + 1, '', [], {}),
  );
  const { node } = letrec<{ node: unknown }>((tie) => ({
    node: oneof(
      { maxDepth: 4, depthSize: 'small' },
      leaf,
      array(tie('node'), { maxLength: 4 }),
      array(tuple(name, tie('node')), { maxLength: 5 }).map(recordOf),
    ),
  }));
  return oneof({ arbitrary: node, weight: 5 }, { arbitrary: jsonValue(), weight: 1 });
}

/** An object with these fields of its own, `__proto__` among them. */
export function recordOf(fields: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const [name, value] of fields) {
    Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return record;
}

/** An object of texts under the given names or awkward ones. */
export function hostileTextMap(
  names: readonly string[],
  values: Arbitrary<string> = hostileText(),
): Arbitrary<Record<string, string>> {
  const name = oneof({ arbitrary: constantFrom(...names), weight: 5 }, hostileText(12));
  return oneof(
    array(tuple(name, values), { maxLength: names.length + 3 }).map(
      (fields) => recordOf(fields) as Record<string, string>,
    ),
    dictionary(name, values, { noNullPrototype: true }),
  );
}

interface Edit {
  readonly at: number;
  readonly take: number;
  readonly put: Uint8Array;
}

const edit: Arbitrary<Edit> = tuple(
  integer({ min: 0, max: 1_000_000 }),
  integer({ min: 0, max: 8 }),
  oneof(uint8Array({ maxLength: 8 }), constant(Uint8Array.of(0)), constant(Uint8Array.of(255, 255, 255, 255))),
).map(([at, take, put]) => ({ at, take, put }));

/** One of `samples` with bytes taken out, put in or replaced at a few places, perhaps cut short. */
export function mutatedBytes(samples: readonly Uint8Array[]): Arbitrary<Buffer> {
  return tuple(constantFrom(...samples), array(edit, { maxLength: 4 }), integer({ min: 0, max: 9 })).map(
    ([sample, edits, cut]) => {
      const changed = edits.reduce<Buffer>((bytes, { at, take, put }) => {
        const place = bytes.length === 0 ? 0 : at % bytes.length;
        return Buffer.concat([bytes.subarray(0, place), put, bytes.subarray(place + take)]);
      }, Buffer.from(sample));
      return cut === 0 ? changed.subarray(0, Math.floor(changed.length / 2)) : changed;
    },
  );
}

/** {@link mutatedBytes} of texts. */
export function mutatedText(samples: readonly string[]): Arbitrary<string> {
  return mutatedBytes(samples.map((sample) => Buffer.from(sample))).map((bytes) => bytes.toString('utf8'));
}
