import { foundIf, type Check } from './check.ts';

/** The AKS add-on puts back what is taken away, as long as it is on. */
export const addon: Check = {
  weight: 'mend first',
  meaning:
    'The AKS add-on azure-keyvault-secrets-provider installed these, and AKS puts them back whenever they are changed or removed. Two drivers of one name cannot share a node.',
  mend: 'Disable the add-on as the commands below do, once its classes are saved; running pods keep their files meanwhile.',
  find: ({ cluster }) =>
    foundIf(
      cluster.components.filter(({ origin }) => origin.kind === 'aks-addon').map(({ at, image }) => `${at}: ${image}`),
    ),
};
