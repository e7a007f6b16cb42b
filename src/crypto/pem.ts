/** One block of a PEM text (RFC 7468). */
export interface PemBlock {
  /** The words after BEGIN, for example `CERTIFICATE`. */
  readonly label: string;
  /** Lines between BEGIN and the base64 text, as in keys that are encrypted the old way (RFC 1421); mostly none. */
  readonly headers: readonly string[];
  readonly der: Buffer;
}

const BEGIN = /^-----BEGIN ([ -,.-~]{1,80})-----[ \t]*$/;
const BASE64_LINE = /^[A-Za-z0-9+/]*={0,2}$/;
const HEADER = /^[A-Za-z0-9-]{1,80}: ?(.*)$/;

/**
 * The blocks of a PEM text, in its order. Everything around them is passed over, and so is a block that is damaged, as
 * OpenSSL and Go do it: other text may stand between blocks.
 */
export function splitPem(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  let open: { label: string; headers: string[]; body: string[] } | undefined;
  for (const line of text.split(/\r?\n/)) {
    const label = BEGIN.exec(line)?.[1];
    if (label !== undefined) open = { label, headers: [], body: [] };
    else if (open === undefined) continue;
    else if (line.trimEnd() === `-----END ${open.label}-----`) {
      const der = decodeBase64(open.body.join(''));
      if (der !== undefined) blocks.push({ label: open.label, headers: open.headers, der });
      open = undefined;
    } else if (open.body.length === 0 && HEADER.test(line)) open.headers.push(line);
    else if (line.trim() !== '') open.body.push(line.trim());
  }
  return blocks;
}

/** One block as PEM, with lines of 64 characters and a line break at its end. */
export function renderPem({ label, headers = [], der }: Pick<PemBlock, 'label'> & PemContent): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return [
    `-----BEGIN ${label}-----`,
    ...(headers.length === 0 ? [] : [...headers, '']),
    ...lines,
    `-----END ${label}-----`,
    '',
  ].join('\n');
}

interface PemContent {
  readonly headers?: readonly string[];
  readonly der: Uint8Array;
}

function decodeBase64(text: string): Buffer | undefined {
  return text.length % 4 === 0 && BASE64_LINE.test(text) ? Buffer.from(text, 'base64') : undefined;
}
