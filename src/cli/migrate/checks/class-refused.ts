import { issueText } from '#base';
import { foundIf, type Check } from './check.ts';

/** Classes of running pods that Keyferry's provider would refuse. */
export const classRefused: Check = {
  weight: 'mend first',
  meaning:
    'Running pods mount these classes, and Keyferry refuses them. Their files stay, and are not refreshed; new pods do not start.',
  mend: 'Change the class as the text says. docs/objects.md and docs/identity.md tell what a class may say.',
  find: ({ classes }) =>
    foundIf(
      classes
        .filter(({ volumes }) => volumes.length > 0)
        .flatMap(({ at, unreadable, review }) =>
          unreadable === ''
            ? (review?.issues ?? []).map((issue) => `${at}: ${issueText(issue)}`)
            : [`${at}: ${unreadable}`],
        ),
    ),
};
