import { originText, originOf } from '../cluster/components.ts';
import { foundIf, type Check } from './check.ts';

/** Definitions that would go with what owns them, and all classes with them. */
export const definitionsGo: Check = {
  weight: 'mend first',
  meaning:
    'A release of Helm, or the add-on, owns the CustomResourceDefinitions. Where they are removed with it, Kubernetes deletes every SecretProviderClass of the cluster.',
  mend: 'Save the classes, and have Helm keep the definitions, as the commands below do.',
  find: ({ cluster: { definitions } }) =>
    foundIf(
      definitions
        .filter(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] !== 'keep')
        .map((definition) => ({ definition, origin: originOf(definition) }))
        .filter(({ origin }) => origin.kind !== 'manifest')
        .map(
          ({ definition, origin }) =>
            `CustomResourceDefinition ${definition.metadata.name}: of ${originText(origin)}, without helm.sh/resource-policy: keep`,
        ),
    ),
};
