import { RESOURCES } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { secretProviderClass } from '../../support/manifests.ts';
import type { CLASS_CAUSES } from './causes-class.ts';
import type { Draft, Scene, Scenes, Stage } from './scene.ts';

const FINE = ['objectName: Fine', 'objectType: secret'];
const OTHER_NAMESPACE = 'elsewhere';

/** How each of {@link CLASS_CAUSES} is made and mended. */
export const CLASS_SCENES: Scenes<(typeof CLASS_CAUSES)[number]['id']> = {
  'class-missing': [
    { variant: 'at-all', class: () => null, values: className, mend: createClass },
    {
      variant: 'elsewhere',
      class: () => null,
      break: async (stage) => {
        const { client } = stage.cluster;
        await client.create(RESOURCES.namespaces, undefined, {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name: OTHER_NAMESPACE },
        });
        await createClass(stage, OTHER_NAMESPACE);
      },
      values: className,
      mend: createClass,
    },
  ],
  'provider-not-set': { ...withProvider(''), values: className },
  'provider-unknown': { ...withProvider('azur'), values: () => ({ provider: 'azur' }) },
  'vault-name-missing': { ...withKeyvaultName(null) },
  'vault-name-illegal': [
    { variant: 'long', ...withKeyvaultName('kv-with-a-name-of-25-char') },
    { variant: 'host', ...withKeyvaultName('kv-demo.vault.azure.net') },
  ],
  'tenant-missing': {
    parameters: () => ({ tenantID: null }),
    mend: (stage) => stage.setParameters({ tenantID: stage.cluster.tenantId }),
  },
  'objects-missing': withObjects(null),
  'objects-malformed': [
    { variant: 'indent', ...withObjects('array:\n  - objectName: Fine\n   objectType: secret\n'), values: line(3) },
    { variant: 'tab', ...withObjects('array:\n  - |\n    objectName: Fine\n\tobjectType: secret\n'), values: line(4) },
  ],
  'object-entry-malformed': [
    {
      variant: 'indent',
      ...withObjects(objects(FINE, ['objectName: Fine', ' objectType: secret'])),
      values: () => ({ index: '1', line: '7' }),
    },
    {
      variant: 'colon',
      ...withObjects(objects(['objectName: Fine', 'objectType secret', 'objectAlias: x'])),
      values: () => ({ index: '0', line: '4' }),
    },
    { variant: 'number', ...withObjects('array:\n  - 5\n'), values: () => ({ index: '0', line: '2' }) },
  ],
  'object-type-misspelt': [
    { variant: 'value', ...withObjects(objects(['objectName: Fine', 'objectType: secrt'])) },
    { variant: 'capital', ...withObjects(objects(['objectName: Fine', 'objectType: Secret'])) },
    { variant: 'field', ...withObjects(objects(['objectName: Fine', 'objecttype: secret'])) },
  ],
  'alias-leaves-volume': withObjects(objects([...FINE, 'objectAlias: ../outside'])),
  'alias-absolute': withObjects(objects([...FINE, 'objectAlias: /etc/passwd'])),
  'file-name-taken': {
    ...withObjects(
      objects([...FINE, 'objectAlias: one'], ['objectName: Other', 'objectType: secret', 'objectAlias: one']),
    ),
    values: () => ({ file: 'one', index: '0' }),
  },
};

type Making = Pick<Scene, 'parameters' | 'class' | 'mend'>;

/** The class has this text in `objects`, or none; then one that is right. */
function withObjects(text: string | null): Making {
  return { parameters: () => ({ objects: text }), mend: (stage) => stage.setParameters({ objects: objects(FINE) }) };
}

function withKeyvaultName(name: string | null): Making {
  return {
    parameters: () => ({ keyvaultName: name }),
    mend: (stage) => stage.setParameters({ keyvaultName: stage.vault }),
  };
}

function withProvider(provider: string): Making {
  return {
    class: (draft) => ({ ...draft, spec: { ...draft.spec, provider } }),
    mend: ({ cluster: { client }, namespace, name }) =>
      client.patch(
        SECRET_CLASS_RESOURCES.classes,
        { namespace, name },
        { type: 'merge', body: { spec: { provider: 'azure' } } },
      ),
  };
}

/** An `objects` text with an entry for each list of lines. */
function objects(...entries: readonly (readonly string[])[]): string {
  return `array:\n${entries.map((lines) => `  - |\n${lines.map((text) => `    ${text}\n`).join('')}`).join('')}`;
}

function line(number: number): () => Readonly<Record<string, string>> {
  return () => ({ line: String(number) });
}

function className({ namespace, name }: Stage): Readonly<Record<string, string>> {
  return { namespace, class: name };
}

function createClass(stage: Stage, namespace: string = stage.namespace): Promise<unknown> {
  const { name, clientId, vault, cluster } = stage;
  const draft: Draft = secretProviderClass({ name, clientId, tenantId: cluster.tenantId, vault, secrets: ['Fine'] });
  return cluster.client.create(SECRET_CLASS_RESOURCES.classes, namespace, { ...draft, metadata: { name, namespace } });
}
