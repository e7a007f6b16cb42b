import { expect, test } from 'vitest';
import { readOptions } from './options.ts';

test('all versions and an hour are meant when nothing is said', () => {
  expect(readOptions([])).toEqual({ versions: ['1.34', '1.36'], withinMs: 3_600_000, figures: false, words: [] });
});

test('a version may be named short or whole, and further words are for the test runner', () => {
  const words = ['--version', '1.36.3', '--version=1.34', '--within', '15m', 'harness'];
  expect(readOptions(words)).toEqual({
    versions: ['1.36', '1.34'],
    withinMs: 900_000,
    figures: false,
    words: ['harness'],
  });
});

test.each([
  [['--version', '1.33'], /Kubernetes 1\.33 is not built here: 1\.34\.4, 1\.36\.3/],
  [['--within', 'soon'], /--within soon/],
  [['--builds'], /--builds/],
])('%j is refused', (words, message) => {
  expect(() => readOptions(words)).toThrow(message);
});
