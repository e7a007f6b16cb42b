// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { array, integer, json, string, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectQuick, fuzz } from '../../base/testing/fuzz.ts';
import { hostileJson, hostileText, mutatedText } from '../../base/testing/hostile.ts';
import { parseJsonPath } from '../parameters/json-path.ts';
import { readJson } from './json-values.ts';

/** All values of a text with the steps to them, as JSON.parse has them. */
function* walk(value: unknown, steps: readonly (string | number)[] = []): Generator<[typeof steps, unknown]> {
  yield [steps, value];
  if (Array.isArray(value)) for (const [index, each] of value.entries()) yield* walk(each, [...steps, index]);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, each] of Object.entries(value)) yield* walk(each, [...steps, name]);
  }
}

describe('JSON of strangers', () => {
  fuzz('has the values that JSON.parse finds, at the same places', json(), { inputs: 300, seed: 81 }, (text) => {
    const root = readJson(text);
    for (const [steps, value] of walk(JSON.parse(text))) {
      const found = root?.at(steps);
      expect(found?.isText).toBe(typeof value === 'string');
      expect(found?.isText === true ? found.text : JSON.parse(found?.text ?? '')).toEqual(value);
    }
  });

  fuzz(
    'is read or refused, and nothing is found where there is nothing',
    tuple(mutatedText(['{"a": {"b": [1, "x", null]}, "a": 2}', '[[["\\"]"]]]']), string(), integer()),
    { inputs: 300, seed: 82 },
    ([text, name, index]) => {
      const root = readJson(text);
      expect(root === undefined || typeof root.text === 'string').toBe(true);
      root?.at([name, index, name]);
    },
  );

  fuzz('is read whatever it holds', hostileJson(), { inputs: 100, seed: 83 }, (value) => {
    const text = JSON.stringify(value);
    if (text !== undefined) readJson(text)?.fields();
  });

  it('takes no time that grows faster than it', async () => {
    const deep = '['.repeat(90) + ']'.repeat(90);
    const wide = JSON.stringify(Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`n${index}`, deep])));
    expect((await expectQuick(() => readJson(wide)?.fields()))?.size).toBe(2000);
    await expectQuick(() => readJson('['.repeat(500_000)));
  });
});

describe('paths of strangers', () => {
  fuzz('are read or refused', hostileText(), { inputs: 300, seed: 84 }, (text) => {
    const parsed = parseJsonPath(`$${text}`);
    if (parsed.ok) expect(parsed.steps.every((step) => ['string', 'number'].includes(typeof step))).toBe(true);
    else expect(parsed.problem).not.toBe('');
  });

  fuzz('lead where their steps say', array(string(), { maxLength: 5 }), { inputs: 200, seed: 85 }, (names) => {
    const path = `$${names.map((name) => `[${JSON.stringify(name)}]`).join('')}`;
    expect(parseJsonPath(path)).toEqual({ ok: true, steps: names });
  });
});
