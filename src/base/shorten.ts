/**
 * A text of at most `maxLength` characters: of a longer one the middle is left out, because the beginning of an error says
 * what was done and the end why it failed and what helps.
 */
export function shortenMiddle(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const room = Math.max(0, maxLength - MARK.length);
  const head = Math.ceil(room * HEAD_SHARE);
  return `${text.slice(0, head)}${MARK}${text.slice(text.length - (room - head))}`.slice(0, maxLength);
}

const MARK = ' … ';
const HEAD_SHARE = 0.6;
