/** A container's environment, split by the way that it takes through the launching shell. */
export interface SplitEnvironment {
  /** Handed to the shell as its own environment, which it passes on. */
  readonly direct: Readonly<Record<string, string>>;
  /** Those of the direct variables that carry a `NAME=value` for env(1). */
  readonly carriers: readonly string[];
}

const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Names that would act on the programs that assemble the container, or that a shell keeps for itself. */
const ACTS_ON_LAUNCHER =
  /^(?:LD_.*|GLIBC_TUNABLES|MALLOC_.*|BASH_ENV|ENV|SHELLOPTS|BASHOPTS|IFS|PS4|PWD|OLDPWD|SHLVL|LIBMOUNT_.*|KEYFERRY_LATE_.*)$/;

const CARRIER = 'KEYFERRY_LATE_';

/**
 * Splits an environment. Shells drop names that are not theirs (`tls.crt`), and loader settings must not reach mount(8):
 * those travel inside variables of other names and are unpacked by env(1) at the very last. No value stands on a command
 * line that lasts, where other users of the machine could read it.
 */
export function splitEnvironment(env: readonly { readonly name: string; readonly value: string }[]): SplitEnvironment {
  const all = new Map(env.map(({ name, value }) => [name, value]));
  const direct: Record<string, string> = {};
  const carriers: string[] = [];
  for (const [name, value] of all) {
    if (SHELL_NAME.test(name) && !ACTS_ON_LAUNCHER.test(name)) {
      direct[name] = value;
      continue;
    }
    const carrier = `${CARRIER}${carriers.length}`;
    direct[carrier] = `${name}=${value}`;
    carriers.push(carrier);
  }
  return { direct, carriers };
}
