import { posix } from 'node:path';
import type { Programs } from './machine.ts';
import type { RootPlan } from './root-plan.ts';
import type { ContainerSpec } from './runtime.ts';

/** The capabilities that container engines leave to a container (the OCI runtimes' common default). */
const DEFAULT_CAPABILITIES = [
  'audit_write',
  'chown',
  'dac_override',
  'fowner',
  'fsetid',
  'kill',
  'mknod',
  'net_bind_service',
  'net_raw',
  'setfcap',
  'setgid',
  'setpcap',
  'setuid',
  'sys_chroot',
];

/** What the launch and exec scripts need of a spec. */
export type ProcessRights = Pick<
  ContainerSpec,
  'user' | 'privileged' | 'addCapabilities' | 'dropCapabilities' | 'noNewPrivileges'
>;

/** Quotes a text for the shell. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * The script that turns a process in fresh namespaces into a container. Descriptors 1 and 2 are for its own words, lines of
 * trouble and then `ready`; 4 and 5 are the container's stdout and stderr. It sets no variable, because a variable that the pod's environment holds would reach the container changed.
 */
export function renderLaunchScript(input: {
  readonly programs: Programs;
  readonly root: string;
  readonly skeleton: string;
  readonly fstabPath: string;
  readonly plan: RootPlan;
  readonly spec: ContainerSpec;
  readonly canChangeUser: boolean;
  readonly carriers: readonly string[];
}): string {
  const { programs: run, plan, spec } = input;
  const root = shellQuote(input.root);
  const inRoot = (path: string) => shellQuote(posix.join(input.root, path));
  const oldRoot = '/.old-root';
  const lines = [
    `fail() { printf 'fail %s %s\\n' "$1" "$2"; exit "$1"; }`,
    `${run.mount} -t tmpfs -o mode=755${spec.privileged ? '' : ',nodev'} tmpfs ${root} || fail 128 'cannot assemble the root'`,
    `${run.cp} -a ${shellQuote(`${input.skeleton}/.`)} ${root}/ || fail 128 'cannot assemble the root'`,
  ];
  const folders = [...plan.folders, ...plan.files.map((file) => posix.dirname(file))];
  if (folders.length > 0)
    lines.push(`${run.mkdir} -p ${folders.map(inRoot).join(' ')} || fail 128 'cannot assemble the root'`);
  for (const file of plan.files) lines.push(`: >>${inRoot(file)} || fail 128 'cannot assemble the root'`);
  lines.push(`${run.mount} --all --fstab ${shellQuote(input.fstabPath)} || fail 128 'cannot mount the volumes'`);
  // Without the program and without the right to write, the name stays the machine's; HOSTNAME is set anyway.
  if (run.hostname === undefined) lines.push(`echo ${shellQuote(spec.hostname)} >/proc/sys/kernel/hostname || :`);
  else lines.push(`${run.hostname} ${shellQuote(spec.hostname)} || :`);
  lines.push(
    `${run.mkdir} ${inRoot(oldRoot)} || fail 128 'cannot assemble the root'`,
    `cd ${root} && ${run.pivot_root} . .${oldRoot} && cd / || fail 128 'cannot assemble the root'`,
    // or the end of what is shared with the node would be its end there
    ...(isShared(spec) ? [`${run.mount} --make-rprivate ${oldRoot} || fail 128 'cannot assemble the root'`] : []),
    `${run.umount} -l ${oldRoot} || fail 128 'cannot assemble the root'`,
    `${run.rmdir} ${oldRoot} || :`,
  );
  lines.push(
    `[ -d ${shellQuote(spec.workingDir)} ] || ${run.mkdir} -p ${shellQuote(spec.workingDir)} || fail 128 'cannot create the working directory'`,
  );
  if (spec.readOnlyRoot) lines.push(`${run.mount} -o remount,bind,ro / || fail 128 'cannot assemble the root'`);
  lines.push(...renderTerminal({ ...input, tty: spec.tty === true }));
  lines.push(...renderChecks(spec), 'echo ready', 'exec 1>&4 2>&5 4>&- 5>&-', renderCommand(input, spec));
  return lines.join('\n');
}

/** Whether mounts of the container are to show on the node. */
export function isShared({ mounts }: Pick<ContainerSpec, 'mounts'>): boolean {
  return mounts.some(({ propagation }) => propagation === 'shared');
}

/**
 * The script that runs a further command in a container's namespaces. Descriptor 3 is for its own words: `fail` with a code
 * and an OCI runtime's reason, or `ready`.
 */
export function renderExecScript(input: {
  readonly programs: Programs;
  readonly spec: ContainerSpec;
  readonly canChangeUser: boolean;
  readonly carriers: readonly string[];
  readonly tty: boolean;
}): string {
  return [
    `fail() { printf 'fail %s %s\\n' "$1" "$2" >&3; exit "$1"; }`,
    ...renderTerminal(input),
    ...renderChecks(input.spec),
    'echo ready >&3',
    'exec 3>&-',
    renderCommand(input, input.spec),
  ].join('\n');
}

/** Gives the terminal to the container's user, who may want to open it by name. */
function renderTerminal(input: {
  readonly programs: Programs;
  readonly spec: ContainerSpec;
  readonly canChangeUser: boolean;
  readonly tty: boolean;
}): string[] {
  const { uid = 0 } = input.spec.user;
  if (!input.tty || !input.canChangeUser || uid === 0 || input.programs.chown === undefined) return [];
  return [`${input.programs.chown} ${uid} /proc/self/fd/0 || :`];
}

function renderChecks(spec: ContainerSpec): string[] {
  return [
    `cd ${shellQuote(spec.workingDir)} || fail 126 'chdir to cwd failed'`,
    `case "$1" in`,
    `  */*) [ -e "$1" ] || fail 127 "exec: \\"$1\\": stat $1: no such file or directory"`,
    `    [ -f "$1" ] && [ -x "$1" ] || fail 126 "exec: \\"$1\\": permission denied";;`,
    `  *) command -v -- "$1" >/dev/null || fail 127 "exec: \\"$1\\": executable file not found in \\$PATH";;`,
    'esac',
  ];
}

function renderCommand(
  input: { readonly programs: Programs; readonly canChangeUser: boolean; readonly carriers: readonly string[] },
  spec: ContainerSpec,
): string {
  const unpack = input.carriers.flatMap((name) => ['-u', name]).concat(input.carriers.map((name) => `"$${name}"`));
  const late = unpack.length === 0 ? [] : [input.programs.env, ...unpack];
  const words = [...renderRights(input.programs, spec, input.canChangeUser), ...late];
  return `unset PWD OLDPWD SHLVL\nexec ${words.join(' ')} "$@"`;
}

/** The setpriv(1) call that leaves the process the rights its container has, and no more. */
export function renderRights(programs: Programs, rights: ProcessRights, canChangeUser: boolean): string[] {
  const words: string[] = [programs.setpriv];
  const { uid = 0, gid = 0, supplementalGroups } = rights.user;
  if (canChangeUser) {
    words.push(`--reuid=${uid}`, `--regid=${gid}`);
    words.push(supplementalGroups.length > 0 ? `--groups=${supplementalGroups.join(',')}` : '--clear-groups');
  }
  if (!rights.privileged) {
    const kept = keptCapabilities(rights);
    if (kept !== 'all') {
      words.push(`--inh-caps=-all`, `--bounding-set=${['-all', ...kept.map((name) => `+${name}`)].join(',')}`);
    }
  }
  if (rights.noNewPrivileges) words.push('--no-new-privs');
  return [...words, '--'];
}

function keptCapabilities(rights: ProcessRights): 'all' | string[] {
  const name = (text: string) => text.toLowerCase().replace(/^cap_/, '');
  const add = rights.addCapabilities.map(name).filter((text) => /^[a-z_]+$/.test(text));
  const drop = rights.dropCapabilities.map(name);
  if (add.includes('all')) return 'all';
  const base = drop.includes('all') ? [] : DEFAULT_CAPABILITIES.filter((capability) => !drop.includes(capability));
  return [...new Set([...base, ...add])].sort();
}
