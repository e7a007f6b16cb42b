import { foundIf, type Check } from './check.ts';

/** Providers of other vendors, which go on serving their classes. */
export const otherProviders: Check = {
  weight: 'good to know',
  meaning:
    "Providers of other vendors stay as they are: Keyferry's driver finds their sockets in the folders where upstream's does, and their classes need no change.",
  mend: 'Nothing. Where they want tokens, keep their audiences in tokenRequests (docs/providers.md).',
  find: ({ cluster, classes }) => {
    const others = classes.filter(({ provider, parsed }) => parsed !== undefined && provider !== 'azure');
    return foundIf([
      ...cluster.components.filter(({ role }) => role === 'other-provider').map(({ at, image }) => `${at}: ${image}`),
      ...others.map(({ at, provider }) => `${at}: provider ${provider}`),
    ]);
  },
};
