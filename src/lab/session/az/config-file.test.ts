import { describe, expect, it } from 'vitest';
import { changeSettings, parseSettings, sectionOf, settingOf } from './config-file.ts';

const FILE = [
  '# mine',
  '[cloud]',
  'name = AzureCloud',
  '',
  '[Defaults]',
  '[defaults]',
  'Group=demo',
  'location :  west europe ',
  '; x=y',
];
const settings = parseSettings(FILE.join('\n'));

describe('settings', () => {
  it.each([
    ['cloud', 'name', 'AzureCloud'],
    ['defaults', 'group', 'demo'],
    ['defaults', 'location', 'west europe'],
    ['defaults', 'x', undefined],
    ['core', 'output', undefined],
  ])('are read as configparser reads them: %s.%s', (section, name, value) => {
    expect(settingOf({}, settings, section, name)).toBe(value);
  });

  it('of the environment win over the file, unless they are empty', () => {
    expect(settingOf({ AZURE_DEFAULTS_GROUP: 'other' }, settings, 'defaults', 'group')).toBe('other');
    expect(settingOf({ AZURE_DEFAULTS_GROUP: '' }, settings, 'defaults', 'group')).toBe('demo');
  });

  it('are listed with where they come from', () => {
    const env = { AZURE_CONFIG_DIR: '/c', AZURE_DEFAULTS_GROUP: 'other' };
    expect(sectionOf(env, settings, 'defaults')).toEqual([
      { name: 'group', source: 'AZURE_DEFAULTS_GROUP', value: 'other' },
      { name: 'location', source: '/c/config', value: 'west europe' },
    ]);
  });

  it('are changed and removed, and the others stay', () => {
    const changed = changeSettings(settings, [
      ['core', 'Output', 'table'],
      ['defaults', 'group', undefined],
    ]);
    expect(settingOf({}, changed, 'core', 'output')).toBe('table');
    expect(settingOf({}, changed, 'defaults', 'group')).toBeUndefined();
    expect(settingOf({}, changed, 'cloud', 'name')).toBe('AzureCloud');
    expect(settingOf({}, settings, 'defaults', 'group')).toBe('demo');
  });
});
