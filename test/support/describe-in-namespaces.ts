import { afterAll, beforeAll, describe } from 'vitest';
import { namespaceCommand, startNamespaceChild, type NamespaceChild, type NamespaceUser } from './namespaces.ts';

/** Whom tests in namespaces are run as, one after the other. */
export const NAMESPACE_USERS: readonly NamespaceUser[] = ['root', 'ordinary-user'];

/**
 * Describes tests that call scenarios in one child process in namespaces of its own. Where `user` cannot have
 * namespaces here they are skipped, and the name says why.
 */
export function describeInNamespaces(
  name: string,
  user: NamespaceUser,
  scenarios: URL,
  tests: (child: Pick<NamespaceChild, 'call'>) => void,
): void {
  const possible = namespaceCommand(user);
  const why = 'missing' in possible ? ` (skipped: ${possible.missing})` : '';
  describe.skipIf(why !== '')(`${name}${why}`, () => {
    let child: NamespaceChild | undefined;
    beforeAll(async () => {
      child = await startNamespaceChild(scenarios, user);
    });
    afterAll(async () => child?.[Symbol.asyncDispose]());
    tests({
      call: (scenario, ...args) =>
        child?.call(scenario, ...args) ?? Promise.reject(new Error('the child is not there')),
    });
  });
}
