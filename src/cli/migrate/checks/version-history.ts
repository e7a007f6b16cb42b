import { foundIf, type Check } from './check.ts';

/** Histories of versions, of which upstream writes one more than was asked for. */
export const versionHistory: Check = {
  weight: 'changes',
  meaning: 'objectVersionHistory: N writes N versions, as it is documented. Upstream writes N + 1.',
  mend: 'Nothing, where nobody reads the oldest file; else raise the number by one, or set azure.upstreamVersionHistory.',
  find: ({ classes }) =>
    foundIf(
      classes.flatMap(({ at, review }) =>
        (review?.objects ?? [])
          .filter((object) => object.versionHistory > 1)
          .map(
            (object) =>
              `${at}: ${object.at} (line ${object.line}): ${object.type} ${object.name}, objectVersionHistory: ${object.versionHistory}`,
          ),
      ),
    ),
};
