import { issueText } from '#base';
import { foundIf, type Check } from './check.ts';

/** Two entries of a class that write one file. */
export const oneFileTwice: Check = {
  weight: 'mend first',
  meaning:
    'Two entries of the class write one file. Upstream lets the last one win without a word; Keyferry fails the mount and names both.',
  mend: 'Give one of them another objectAlias, or take out the one that nobody reads: with upstream the last one counts.',
  find: ({ classes }) =>
    foundIf(classes.flatMap(({ at, review }) => (review?.clashes ?? []).map((issue) => `${at}: ${issueText(issue)}`))),
};
