/**
 * `text` without the slashes at its end. A pattern that ends with `/+$` does the same, but looks again at each slash of a
 * row that does not end the text: a megabyte of them takes minutes.
 */
export function trimEndSlashes(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0x2f) end -= 1;
  return text.slice(0, end);
}
