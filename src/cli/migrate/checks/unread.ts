import { foundIf, type Check } from './check.ts';

/** What the person who asks may not read. */
export const unread: Check = {
  weight: 'mend first',
  meaning: 'Some of the cluster could not be read, so the findings may lack what it would show.',
  mend: 'Run the check again as somebody who may list these; it changes nothing.',
  find: ({ cluster }) => foundIf(cluster.unread.map(({ what, why }) => `${what}: ${why}`)),
};
