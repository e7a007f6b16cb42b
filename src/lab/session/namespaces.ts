import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { KeyferryError } from '#base';

const run = promisify(execFile);

/** How the lab's own process is started: the program and the arguments that come before it. */
export interface NamespacePlan {
  readonly command: 'unshare';
  readonly args: readonly string[];
  /** Whether a user namespace is needed: only one user id is mapped then. */
  readonly userNamespace: boolean;
}

/**
 * The way into private mount and PID namespaces. Mounts and processes of the lab end with it: when `unshare` dies, the
 * kernel kills its child (`--kill-child`), which is process 1 of the PID namespace, and with it all others.
 */
export function planNamespaces(userId: number): NamespacePlan {
  const userNamespace = userId !== 0;
  const user = userNamespace ? ['--user', '--map-root-user'] : [];
  return {
    command: 'unshare',
    args: [...user, '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'],
    userNamespace,
  };
}

/** Tries the plan with a program that does nothing. Throws `failed-precondition`, which says what to do, when it fails. */
export async function checkNamespaces(plan: NamespacePlan): Promise<void> {
  try {
    await run(plan.command, [...plan.args, 'true'], { timeout: 10_000 });
  } catch (error) {
    throw new KeyferryError('failed-precondition', namespaceFailure(plan, error), {
      hint: isMissing(error)
        ? 'Install util-linux, or put the folder of unshare on the PATH.'
        : plan.userNamespace
          ? 'Run it as root, or let ordinary users make user namespaces: sysctl user.max_user_namespaces=15000, and where they exist kernel.unprivileged_userns_clone=1 and kernel.apparmor_restrict_unprivileged_userns=0. In a container, allow them (for example --privileged).'
          : 'Root lacks CAP_SYS_ADMIN here. In a container, allow it (for example --privileged), or run the lab on the host.',
    });
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function namespaceFailure(plan: NamespacePlan, error: unknown): string {
  if (isMissing(error)) {
    return 'the program unshare (package util-linux) is not on this machine; the lab needs it for private namespaces';
  }
  const { stderr } = error as { stderr?: string };
  const detail = stderr === undefined || stderr.trim() === '' ? '' : `: ${stderr.trim()}`;
  return `the lab cannot have private ${plan.userNamespace ? 'user, mount and PID' : 'mount and PID'} namespaces${detail}`;
}
