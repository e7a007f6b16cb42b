import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '#lab/session';
import { createPerson } from '../../support/keyferry.ts';
import { describeWithClients, withClients } from '../support/clients.ts';

const SCRIPTS = [
  ['a cluster, an identity, a vault, and the secret in pods', 'examples/file-and-env/run.sh'],
  ['the add-on enabled later, and a Deployment', 'examples/deployment/run.sh'],
  ['the mistakes of tutorials', 'test/clients/az/scripts/mistakes.sh'],
] as const;

describeWithClients('whole scripts, with the real az and kubectl', ['az', 'kubectl-and-helm'], () => {
  it.each(SCRIPTS)(
    '%s: %s',
    async (_what, script) => {
      await using person = await createPerson();
      Object.assign(person.env, withClients(person.env, 'az', 'kubectl-and-helm'));
      const ended = await person.keyferry(
        'lab',
        'run',
        '--ephemeral',
        '--az',
        'real',
        '--',
        join(packageRoot(), script),
      );
      expect(ended).toMatchObject({ exitCode: 0 });
      expect(ended.out).toMatch(/(hold the value|refused as Azure and Kubernetes refuse it)\n$/);
    },
    180_000,
  );
});
