import { foundIf, type Check } from './check.ts';

/** The role with which upstream syncs Secrets. */
export const SYNC_ROLE = 'secretprovidersyncing-role';

/** Classes that ask for Secrets where upstream may write none. */
export const secretSync: Check = {
  weight: 'changes',
  meaning: `There is no ClusterRole ${SYNC_ROLE}, so upstream makes no Secrets, whatever classes say. With Keyferry's defaults these classes get theirs.`,
  mend: 'The values below keep it off. Take syncSecret out of them to have the Secrets.',
  find: ({ cluster: { roles }, classes }) => {
    if (roles === undefined || roles.some(({ metadata }) => metadata.name === SYNC_ROLE)) return undefined;
    return foundIf(
      classes.flatMap(({ at, parsed }) =>
        (parsed?.value.secretObjects ?? []).map((object) => `${at}: ${object.at} asks for Secret ${object.secretName}`),
      ),
    );
  },
};
