import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findProgram, packageRoot } from '#lab/session';
import { createPerson } from '../support/keyferry.ts';

const examples = join(packageRoot(), 'examples');
const kubectl = findProgram('kubectl', process.env['PATH']);

describe('the examples, with the az stand-in and the real kubectl', () => {
  // Without kubectl the same manifests are still run by the demo's test, through our own client.
  it.runIf(kubectl !== undefined).each(readdirSync(examples).filter((name) => name !== 'ci'))(
    '%s',
    async (name) => {
      await using person = await createPerson();
      const script = join(examples, name, 'run.sh');
      const { exitCode, out, err } = await person.keyferry(
        'lab',
        'run',
        '--ephemeral',
        '--az',
        'builtin',
        '--',
        script,
      );
      expect({ exitCode, out, err }).toMatchObject({ exitCode: 0 });
    },
    90_000,
  );
});
