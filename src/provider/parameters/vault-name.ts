const MAX_QUOTED = 60;

/** What is wrong with a vault's name, in upstream's words; undefined where nothing is. */
export function vaultNameIssue(name: string): string | undefined {
  if (/^[-A-Za-z0-9]{3,24}$/.test(name)) return undefined;
  const rule = name.length < 3 || name.length > 24 ? 'must be between 3 and 24 chars' : 'must match [-a-zA-Z0-9]{3,24}';
  return `Invalid vault name: ${JSON.stringify(name.slice(0, MAX_QUOTED))}, ${rule}`;
}
