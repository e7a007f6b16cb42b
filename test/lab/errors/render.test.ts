import { describe, expect, it } from 'vitest';
import { codesOf, patternOf, type Cause } from './cause.ts';
import { CAUSES } from './causes.ts';
import { renderErrorsPage } from './render.ts';

describe('the pattern of a text', () => {
  it.each([
    { text: "subject '<subject>'. Check", said: "err: subject 'a:b'. Check it", found: true },
    { text: "subject '<subject>'. Check", said: "err: issuer 'a:b'. Check it", found: false },
    { text: 'a.b (c)', said: 'a.b (c)', found: true },
    { text: 'a.b (c)', said: 'axb (c)', found: false },
  ])('of $text in $said: $found', ({ text, said, found }) => {
    expect(patternOf(text).test(said)).toBe(found);
  });

  it('takes a known value for its placeholder and no other', () => {
    const pattern = patternOf("issuer '<issuer>'", { issuer: 'https://i/' });
    expect(pattern.test("issuer 'https://i/'")).toBe(true);
    expect(pattern.test("issuer 'https://i'")).toBe(false);
  });
});

describe('the table of causes', () => {
  it('names each cause once', () => {
    const ids = CAUSES.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    expect(ids.filter((id) => !/^[a-z]+(-[a-z]+)*$/.test(id))).toEqual([]);
  });

  it('tells each cause from every other by its text', () => {
    const said = (cause: Cause) => cause.looksLike.replaceAll(/[<>]/g, '');
    const mixed = CAUSES.flatMap((cause) =>
      CAUSES.filter((other) => other.id !== cause.id && patternOf(cause.looksLike).test(said(other))).map(
        (other) => `${cause.id} is found in ${other.id}`,
      ),
    );
    expect(mixed).toEqual([]);
  });
});

describe('the page', () => {
  const page = renderErrorsPage(CAUSES);

  it('leads from each code, or from the words where there is no code, to the cause', () => {
    for (const cause of CAUSES) {
      expect(page).toContain(`<a id="${cause.id}"></a>`);
      expect(page.split(`(#${cause.id})`).length - 1).toBe(Math.max(codesOf(cause).length, 1));
    }
  });
});
