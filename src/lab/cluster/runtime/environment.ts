/** A container's environment, split by the way that it takes through the launching shell. */
export interface SplitEnvironment {
  /** Handed to the shell as its own environment, which it passes on. */
  readonly direct: Readonly<Record<string, string>>;
  /** `NAME=value` words for env(1), set at the very last. */
  readonly late: readonly string[];
}

const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Names that would act on the programs that assemble the container, or that a shell keeps for itself. */
const ACTS_ON_LAUNCHER =
  /^(?:LD_.*|GLIBC_TUNABLES|MALLOC_.*|BASH_ENV|ENV|SHELLOPTS|BASHOPTS|IFS|PS4|PWD|OLDPWD|SHLVL|LIBMOUNT_.*)$/;

/**
 * Splits an environment. Shells drop names that are not theirs (`tls.crt`), and loader settings must not reach mount(8),
 * so both are set late, by env(1); all others never stand on a command line.
 */
export function splitEnvironment(env: readonly { readonly name: string; readonly value: string }[]): SplitEnvironment {
  const all = new Map(env.map(({ name, value }) => [name, value]));
  const direct: Record<string, string> = {};
  const late: string[] = [];
  for (const [name, value] of all) {
    if (SHELL_NAME.test(name) && !ACTS_ON_LAUNCHER.test(name)) direct[name] = value;
    else late.push(`${name}=${value}`);
  }
  return { direct, late };
}
