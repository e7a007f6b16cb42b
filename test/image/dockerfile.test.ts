import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { IMAGE_CONFIG, imageLabels } from '../../tools/image/image-config.ts';

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

const root = dirname(dirname(import.meta.dirname));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const manifest = JSON.parse(read('package.json')) as Record<'version' | 'description' | 'license', string>;

/** The instructions of each stage, continued lines joined. */
function stagesOf(dockerfile: string): readonly (readonly Instruction[])[] {
  const lines = dockerfile.replaceAll('\\\n', ' ').split('\n');
  const stages: Instruction[][] = [[]];
  for (const line of lines.filter((each) => each.trim() !== '' && !each.startsWith('#'))) {
    const [, name = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    if (name === 'FROM') stages.push([]);
    stages.at(-1)?.push({ name, rest });
  }
  return stages;
}

/** `a="b c" d="e"`, with the values of `ARG` put in. */
function pairs(text: string, variables: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const found = [...text.matchAll(/(\S+?)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value] as const);
  return Object.fromEntries(
    found.map(([key, value]) => [key, value.replace(/\$\{(\w+)\}/g, (_, name: string) => variables[name] ?? '')]),
  );
}

const [, build = [], final = []] = stagesOf(read('Dockerfile'));
const all = (name: string) => final.filter((instruction) => instruction.name === name).map(({ rest }) => rest);
const variables = Object.fromEntries(all('ARG').map((rest) => rest.split('=') as [string, string]));

describe('the Dockerfile', () => {
  it('ends with nothing but the tree that tools/image assembles', () => {
    expect(all('FROM')).toEqual(['scratch']);
    expect(all('COPY')).toEqual(['--from=build /image/ /']);
    expect(all('RUN').concat(all('ADD'))).toEqual([]);
    expect(build.at(-1)?.rest).toMatch(/tools\/image\/main\.ts --folder \/image$/);
  });

  it('starts the process as the archive does', () => {
    const entrypoint = JSON.parse(all('ENTRYPOINT')[0] ?? '') as unknown;
    const environment = Object.entries(pairs(all('ENV').join(' '), {})).map(([name, value]) => `${name}=${value}`);
    expect({ Entrypoint: entrypoint, Env: environment, User: all('USER')[0], WorkingDir: all('WORKDIR')[0] }).toEqual(
      IMAGE_CONFIG,
    );
  });

  it('labels the image as the archive is labelled', () => {
    const labels = imageLabels({ ...manifest, revision: '', created: new Date(0) });
    expect(pairs(all('LABEL').join(' '), variables)).toEqual(labels);
  });
});
