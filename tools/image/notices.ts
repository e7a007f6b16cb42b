import type { NpmPackage } from './npm-packages.ts';

/**
 * The licences of the packages whose code is in the image, equal texts once, each below the packages that it is of. Throws for a
 * package without a text: its licence asks for one.
 */
export function renderNotices(packages: readonly NpmPackage[], nodeLicence: string): string {
  const owners = new Map<string, string[]>();
  for (const { name, version, license, texts } of packages) {
    if (texts.length === 0) throw new Error(`${name} ${version} (${license}) has no text of its licence`);
    for (const text of texts) {
      const trimmed = text.replaceAll('\r\n', '\n').trim();
      owners.set(trimmed, [...(owners.get(trimmed) ?? []), `${name} ${version} (${license})`]);
    }
  }
  const sections = [...owners].map(([text, names]) => `${names.join('\n')}\n\n${text}`);
  return [
    'Keyferry has the code of others in it, under these licences. The libraries of the operating system have theirs in',
    '/usr/share/doc.',
    '',
    [...sections, `Node.js and what is built into it\n\n${nodeLicence.trim()}`].join(`\n\n${'-'.repeat(80)}\n\n`),
    '',
  ].join('\n');
}
