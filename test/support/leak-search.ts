import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a token is called that nobody made known. */
export const UNKNOWN_TOKEN = 'a token';

/** A secret found where it was looked for; never the secret itself. */
export interface Leak {
  /** The name that the secret was made known under, or {@link UNKNOWN_TOKEN}. */
  readonly what: string;
  /** How it was written there. */
  readonly form: string;
  readonly where: string;
}

/** Knows secrets, and finds them in bytes in whatever form programs write them. */
export interface LeakSearch {
  /** Makes a secret known: a value, a token, a key. Those under 8 characters are refused: they are found everywhere. */
  know(what: string, secret: string): void;
  /** How many secrets are known. */
  readonly size: number;
  search(where: string, content: Buffer | string): readonly Leak[];
}

/** Characters of a token that are enough to know it by: the end of its signature is in no other. */
const TOKEN_PART = 32;
/** The beginning of every JWT in base64 of it, at the three places where it can begin; in hexadecimal. */
const HIDDEN_TOKENS: readonly (readonly [form: string, RegExp])[] = [
  ['as it is', /\beyJ[\w-]{16,}(?:\.|%2[eE])[\w-]{16,}(?:\.|%2[eE])[\w-]{16,}/],
  ['in base64', /(?:ZXlKaGJHY2lPaUp|V5SmhiR2NpT2lK|leUpoYkdjaU9pS)[\w+/-]{40,}/],
  ['in hexadecimal', /65794[aA]6[0-9a-fA-F]{80,}/],
];

/** A search that knows no secrets yet. Tokens (JWTs) it finds without knowing them. */
export function createLeakSearch(): LeakSearch {
  const needles: { readonly what: string; readonly form: string; readonly bytes: Buffer }[] = [];
  const known = new Set<string>();
  return {
    get size() {
      return known.size;
    },
    know(what, secret) {
      if (secret.length < 8) throw new Error(`${what} is too short to be looked for`);
      if (known.has(secret)) return;
      known.add(secret);
      for (const part of partsOf(secret)) {
        for (const [form, text] of formsOf(part)) needles.push({ what, form, bytes: Buffer.from(text) });
      }
    },
    search(where, content) {
      const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content);
      const text = bytes.toString('latin1');
      const leaks = [
        ...needles.filter((needle) => bytes.includes(needle.bytes)).map(({ what, form }) => ({ what, form, where })),
        ...HIDDEN_TOKENS.filter(([, shape]) => shape.test(text)).map(([form]) => ({
          what: UNKNOWN_TOKEN,
          form,
          where,
        })),
      ];
      return [...new Map(leaks.map((leak) => [`${leak.what} ${leak.form}`, leak])).values()];
    },
  };
}

/** What of a secret tells it: a JWT's signature, the lines of a PEM key, else all of it. */
function partsOf(secret: string): readonly string[] {
  const lines = /-----BEGIN [^-]+-----\n([\s\S]+?)\n?-----END/.exec(secret)?.[1]?.split('\n') ?? [];
  // The first line of a key is nearly the same for all keys of its kind.
  if (lines.length > 2) return lines.slice(1, 4);
  const signature = /^eyJ[\w-]+\.[\w-]+\.([\w-]+)$/.exec(secret)?.[1];
  return signature === undefined ? [secret] : [signature.slice(-TOKEN_PART)];
}

function formsOf(secret: string): readonly (readonly [form: string, text: string])[] {
  const bytes = Buffer.from(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  const url = encodeURIComponent(secret);
  const base64 = [0, 1, 2].map((shift) => innerBase64(bytes, shift));
  const forms: readonly (readonly [string, string])[] = [
    ['as it is', secret],
    ['as JSON', json],
    ['as JSON in JSON', JSON.stringify(json).slice(1, -1)],
    [
      'as JSON of ASCII alone',
      json.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
    ],
    ['in an address', url],
    ['in an address, in small letters', url.replace(/%../g, (code) => code.toLowerCase())],
    ['in a form', new URLSearchParams([['', secret]]).toString().slice(1)],
    ['in hexadecimal', bytes.toString('hex')],
    ['in hexadecimal, in capitals', bytes.toString('hex').toUpperCase()],
    ['as a shell quotes it', secret.replaceAll("'", `'\\''`)],
    ...base64.map((text) => ['in base64', text] as const),
    ...base64.map((text) => ['in base64url', text.replaceAll('+', '-').replaceAll('/', '_')] as const),
  ];
  // Forms that come to the same text are one, under the first name.
  const distinct = new Map(forms.toReversed().map(([form, text]) => [text, form]));
  return [...distinct].map(([text, form]) => [form, text]);
}

/** The part of the base64 of bytes that does not depend on what stands before and after them, `shift` bytes into a group. */
function innerBase64(bytes: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const first = shift === 0 ? 0 : 4;
  const whole = Math.floor((bytes.length + shift) / 3) * 4;
  return text.slice(first, whole);
}

/** The regular files below a folder with their content; links are not followed, pipes and sockets not opened. */
export function* filesBelow(folder: string): Iterable<{ readonly path: string; readonly content: Buffer }> {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return; // gone since
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) {
      const content = contentOf(path);
      if (content !== undefined) yield { path, content };
    }
  }
}

function contentOf(path: string): Buffer | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    return fstatSync(file).isFile() ? readFileSync(file) : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
