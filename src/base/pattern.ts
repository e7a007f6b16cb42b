/** Whether `text` is what `pattern` says; `*` in it stands for any characters, also none. Casing counts for nothing. */
export function matchesPattern(pattern: string, text: string): boolean {
  const rest = text.toLowerCase();
  const [first = '', ...parts] = pattern.toLowerCase().split('*');
  if (parts.length === 0) return rest === first;
  if (!rest.startsWith(first)) return false;
  const last = parts.pop() ?? '';
  let at = first.length;
  // The earliest place of each part leaves the most room for the next ones, so nothing has to be tried again.
  for (const part of parts) {
    const found = rest.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return rest.length - last.length >= at && rest.endsWith(last);
}
