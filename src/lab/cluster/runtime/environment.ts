/** A container's environment, split by the way that it takes through the launching shell. */
export interface SplitEnvironment {
  /** Handed to the shell as its own environment, which it passes on. */
  readonly direct: Readonly<Record<string, string>>;
  /** Those of the direct variables that carry a `NAME=value` for env(1). */
  readonly carriers: readonly string[];
}

const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/**
 * Names that would act on the programs that assemble the container. They run outside of it and with more rights, and a pod
 * can have files at paths that it knows there. The C library's are those that it drops for set-user-ID programs, for the
 * same reason (glibc's sysdeps/generic/unsecvars.h: GCONV_PATH loads libraries as LD_PRELOAD does).
 */
const OF_LIBRARIES =
  'LD_.*|GLIBC_TUNABLES|MALLOC_.*|GCONV_PATH|GETCONF_DIR|HOSTALIASES|LOCALDOMAIN|LOCPATH|MUSL_LOCPATH|NIS_PATH|NLSPATH|RES_OPTIONS|RESOLV_HOST_CONF|TMPDIR|TZDIR|LIBMOUNT_.*|LIBBLKID_.*|BLKID_.*';
/** Names that a shell keeps for itself: it would change their values, or, of OPTIND in dash, refuse to start. */
const OF_SHELLS =
  'BASH_.*|BASHOPTS|BASHPID|ENV|EPOCHREALTIME|EPOCHSECONDS|EUID|GROUPS|IFS|LINENO|OLDPWD|OPTIND|PPID|PS[0-4]|PWD|RANDOM|SECONDS|SHELLOPTS|SHLVL|SRANDOM|UID';
const ACTS_ON_LAUNCHER = new RegExp(`^(?:${OF_LIBRARIES}|${OF_SHELLS}|KEYFERRY_LATE_.*)$`);

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
