import {
  changeSettings,
  configPath,
  readSettings,
  sectionOf,
  settingOf,
  writeSettings,
  type Setting,
} from '../config-file.ts';
import type { CommandSpec } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { AzError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { flag } from '../options.ts';

/** `az config …` and `az configure`. */
export const configCommands: readonly CommandSpec[] = [
  {
    path: 'config set',
    summary: 'Change settings: SECTION.NAME=VALUE, for example core.output=table or defaults.group=demo.',
    options: [],
    operands: { key: 'settings', name: 'KEY_VALUE', least: 1, help: 'Settings as SECTION.NAME=VALUE.' },
    example: 'config set defaults.group=demo',
    run: async (context, args) => {
      warnOfExperiment(context);
      const changes = (args.list('settings') ?? []).map((setting) => {
        const [, section = '', name = '', value = ''] = /^([^.=]+)\.([^=]+)=([\s\S]*)$/.exec(setting) ?? [];
        if (section === '') {
          throw new AzError('error', `usage error: [section].[name]=[value] ...`);
        }
        return [section, name, value] as const;
      });
      await writeSettings(context.io, changeSettings(await readSettings(context.io.env), changes));
      return undefined;
    },
  },
  {
    path: 'config get',
    summary: 'Show settings: all of them, those of a section, or one.',
    options: [],
    operands: { key: 'keys', name: 'KEY', least: 0, help: 'SECTION, or SECTION.NAME.' },
    example: 'config get defaults.group',
    run: async (context, args) => {
      warnOfExperiment(context);
      const { env } = context.io;
      const settings = await readSettings(env);
      const [section, name] = (args.list('keys')?.[0] ?? '').split('.');
      if (!section) {
        return Object.fromEntries([...settings.keys()].map((title) => [title, shown(sectionOf(env, settings, title))]));
      }
      const all = sectionOf(env, settings, section);
      if (name === undefined) return shown(all);
      const found = all.find((setting) => setting.name === name);
      if (found === undefined) throw new AzError('error', `Configuration '${section}.${name}' is not set.`);
      return { ...found };
    },
  },
  {
    path: 'config unset',
    summary: 'Remove settings.',
    options: [],
    operands: { key: 'keys', name: 'KEY', least: 1, help: 'Settings as SECTION.NAME.' },
    example: 'config unset defaults.group',
    run: async (context, args) => {
      warnOfExperiment(context);
      const changes = (args.list('keys') ?? []).map((key) => {
        const [section = '', name = ''] = key.split('.');
        return [section, name, undefined] as const;
      });
      await writeSettings(context.io, changeSettings(await readSettings(context.io.env), changes));
      return undefined;
    },
  },
  {
    path: 'configure',
    summary: 'Set defaults of options: group=NAME, location=REGION.',
    options: [
      {
        key: 'defaults',
        names: ['--defaults', '-d'],
        kind: 'list',
        help: 'NAME=VALUE, separated by spaces. Empty clears.',
      },
      flag('listDefaults', ['--list-defaults', '-l'], 'Show them.'),
    ],
    example: 'configure --defaults group=demo location=westeurope',
    run: async (context, args) => {
      const { env } = context.io;
      const settings = await readSettings(env);
      const given = args.list('defaults');
      if (given !== undefined) {
        const changes = given.map((pair) => {
          const equals = pair.indexOf('=');
          if (equals === -1) throw new AzError('error', 'usage error: --defaults STRING=STRING STRING=STRING ...');
          return ['defaults', pair.slice(0, equals), pair.slice(equals + 1).replace(/^(''|"")$/, '')] as const;
        });
        await writeSettings(context.io, changeSettings(settings, changes));
        return undefined;
      }
      if (args.flag('listDefaults')) {
        const all = [...(settings.get('defaults')?.keys() ?? [])];
        return all
          .filter((name) => settingOf(env, settings, 'defaults', name) !== undefined)
          .map((name) => ({ name, source: configPath(env), value: settings.get('defaults')?.get(name) ?? '' }));
      }
      throw new AzError('error', 'This command is interactive and no tty available.');
    },
  },
];

function warnOfExperiment(context: CommandContext): void {
  context.warn(
    "Command group 'config' is experimental and under development. Reference and support levels: https://aka.ms/CLI_refstatus",
  );
}

function shown(settings: readonly Setting[]): readonly JsonObject[] {
  return settings.map((setting) => ({ ...setting }));
}
