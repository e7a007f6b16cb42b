/**
 * What a terminal would obey instead of showing it: control characters (C0 but the line feed and the tab, DEL, C1) and the
 * marks that turn the direction of text about (Unicode TR 36, "Bidirectional text spoofing").
 */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const OBEYED = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

/**
 * A text from elsewhere as a person may safely see it: what a terminal would obey is written as `\u001b`. The ends of lines
 * stay, also those of Azure's texts, which are two characters.
 */
export function visibleText(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(OBEYED, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * The same for every text in a plain value, keys left as they are. Pods, their events and their requests say what they like:
 * without this, their words could write a person's clipboard or clear their screen.
 */
export function visible<T>(value: T): T {
  if (typeof value === 'string') return visibleText(value) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => visible(item)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]: [string, unknown]) => [key, visible(item)])) as T;
}
