import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AzError } from './errors.ts';
import type { AzIo } from './io.ts';
import { writePrivateFile } from './private-file.ts';
import { configFolder } from './profile.ts';

/** az's settings by section and name: `settings.get('core')?.get('output')`. */
export type Settings = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** A setting with where it comes from: the path of the file, or the name of the variable. */
export interface Setting {
  readonly name: string;
  readonly source: string;
  readonly value: string;
}

/** The file of az's settings, which `az config` and `az configure` write. */
export function configPath(env: AzIo['env']): string {
  return join(configFolder(env), 'config');
}

/** The settings of the file; none when there is no file. */
export async function readSettings(env: AzIo['env']): Promise<Settings> {
  const path = configPath(env);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return '';
    throw new AzError('error', `cannot read ${path}: ${error.message}`, { cause: error });
  });
  return parseSettings(text);
}

/** Sections and `name = value` lines, as Python's configparser reads them: names in lower case, `#` and `;` start comments. */
export function parseSettings(text: string): Settings {
  const settings = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, title] = /^\[([^\]]+)\]\s*$/.exec(line) ?? [];
    const [name, value] = splitSetting(line);
    if (title !== undefined) {
      section = settings.get(title) ?? new Map<string, string>();
      settings.set(title, section);
    } else if (name !== undefined) {
      section.set(name.toLowerCase(), value);
    }
  }
  return settings;
}

/** `name = value` or `name: value` taken apart; no name where the line is none, or a comment. */
function splitSetting(line: string): readonly [name: string | undefined, value: string] {
  const at = line.search(/[=:]/);
  if (at < 1 || /[#;[\s]/.test(line.charAt(0))) return [undefined, ''];
  return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}

/** Writes settings back, sections that are empty left out. */
export async function writeSettings(io: AzIo, settings: Settings): Promise<void> {
  const text = [...settings]
    .filter(([, section]) => section.size > 0)
    .map(([title, section]) => `[${title}]\n${[...section].map(([name, value]) => `${name} = ${value}\n`).join('')}\n`)
    .join('');
  await writePrivateFile(configPath(io.env), text, io.random);
}

/** The settings with some changed; `undefined` removes one. */
export function changeSettings(
  settings: Settings,
  changes: readonly (readonly [section: string, name: string, value: string | undefined])[],
): Settings {
  const changed = new Map([...settings].map(([title, section]) => [title, new Map(section)]));
  for (const [title, name, value] of changes) {
    const section = changed.get(title) ?? new Map<string, string>();
    if (value === undefined) section.delete(name.toLowerCase());
    else section.set(name.toLowerCase(), value);
    changed.set(title, section);
  }
  return changed;
}

/** A setting: the variable `AZURE_SECTION_NAME` wins over the file. Undefined when neither has it, or it is empty. */
export function settingOf(env: AzIo['env'], settings: Settings, section: string, name: string): string | undefined {
  const fromEnvironment = env[`AZURE_${section}_${name}`.toUpperCase().replaceAll('-', '_')];
  return fromEnvironment || settings.get(section)?.get(name) || undefined;
}

/** Every setting of a section, those of the environment included, sorted by name. */
export function sectionOf(env: AzIo['env'], settings: Settings, section: string): readonly Setting[] {
  const prefix = `AZURE_${section}_`.toUpperCase();
  const found = new Map<string, Setting>();
  for (const [name, value] of settings.get(section) ?? []) found.set(name, { name, source: configPath(env), value });
  for (const [variable, value] of Object.entries(env)) {
    const name = variable.slice(prefix.length).toLowerCase();
    if (variable.startsWith(prefix) && value !== undefined) found.set(name, { name, source: variable, value });
  }
  return [...found.values()];
}
