/** One line of /proc/self/mountinfo (proc(5)). */
export interface MountEntry {
  /** The file system's device number, `major:minor`. */
  readonly device: string;
  readonly mountPoint: string;
  readonly fsType: string;
  readonly source: string;
  /** Per-mount options, for example `nosuid`. */
  readonly options: readonly string[];
  /** Options of the file system, for example `size=1024k`. */
  readonly superOptions: readonly string[];
}

/** Parses the text of /proc/self/mountinfo; a line that is cut short is left out. */
export function parseMountinfo(text: string): MountEntry[] {
  const entries: MountEntry[] = [];
  for (const line of text.split('\n')) {
    // id parent major:minor root mountPoint options [optional fields…] - fsType source superOptions
    const [left = '', right] = line.split(' - ', 2);
    const fields = left.split(' ');
    const [fsType, source, superOptions] = right?.split(' ') ?? [];
    const [, , device, , mountPoint, options] = fields;
    if (
      device === undefined ||
      mountPoint === undefined ||
      options === undefined ||
      fsType === undefined ||
      source === undefined
    )
      continue;
    entries.push({
      device,
      mountPoint: unescapePath(mountPoint),
      fsType,
      source: unescapePath(source),
      options: options.split(','),
      superOptions: superOptions?.split(',') ?? [],
    });
  }
  return entries;
}

/** The kernel writes space, tab, newline and backslash as three octal digits. */
function unescapePath(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes: number[] = [];
  const raw = Buffer.from(text, 'utf8');
  for (let at = 0; at < raw.length; at += 1) {
    const octal = raw[at] === 0x5c ? /^[0-7]{3}$/.exec(raw.toString('latin1', at + 1, at + 4)) : null;
    if (octal === null) {
      bytes.push(raw[at] as number);
    } else {
      bytes.push(Number.parseInt(octal[0], 8));
      at += 3;
    }
  }
  return Buffer.from(bytes).toString('utf8');
}
