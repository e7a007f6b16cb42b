import { errorText, KeyferryError } from '#base';

/** What an event says of a failure: its text, then what a person can do about it where that is known. */
export function textWithHint(error: unknown): string {
  const hint = error instanceof KeyferryError ? error.hint : undefined;
  if (hint === undefined) return errorText(error);
  const text = errorText(error);
  return `${text}${/[.?!]$/.test(text) ? '' : '.'} ${hint}`;
}
