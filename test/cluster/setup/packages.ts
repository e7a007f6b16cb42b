import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { outputOf, type RunStep } from '../../clients/install/programs.ts';

/** What a cluster needs of this machine, and the Debian package that brings it. */
const NEEDED: Readonly<Record<string, string>> = {
  etcd: 'etcd-server',
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  iptables: 'iptables',
  '/bin/busybox': 'busybox-static',
  '/usr/lib/cni/bridge': 'containernetworking-plugins',
  socat: 'socat',
  conntrack: 'conntrack',
  ethtool: 'ethtool',
  ip: 'iproute2',
};

/** Names of what is needed and not there: programs on the PATH, files. */
function missingPrograms(): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return Object.keys(NEEDED).filter(
    (name) => !(name.startsWith('/') ? existsSync(name) : folders.some((folder) => existsSync(join(folder, name)))),
  );
}

/**
 * Installs the Debian packages of the programs that are missing. Answers why that cannot be, or nothing once all are there.
 * Where systemd runs, the packages of etcd and containerd start theirs: a cluster has its own, and they do not meet.
 */
export async function installPackages(run: RunStep): Promise<string | undefined> {
  const missing = missingPrograms();
  if (missing.length === 0) return undefined;
  const packages = [...new Set(missing.map((name) => NEEDED[name] as string))];
  const told = `${missing.join(', ')} missing`;
  if (!(await isThere('apt-get'))) return `${told}, and no apt-get to install ${packages.join(' ')}`;
  console.error(`installing ${packages.join(' ')} (apt; some 10 seconds)`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '--yes', '--no-install-recommends', ...packages];
  try {
    // Where the lists of packages are there already this is all.
    await run('apt-get', install, { env }).catch(async () => {
      await run('apt-get', ['update'], { env });
      await run('apt-get', install, { env });
    });
  } catch (error) {
    return `${told}: ${error instanceof Error ? error.message : String(error)}`;
  }
  const still = missingPrograms();
  return still.length === 0 ? undefined : `${still.join(', ')} missing after ${packages.join(' ')} were installed`;
}

function isThere(program: string): Promise<boolean> {
  return outputOf(program, ['--version']).then(
    () => true,
    () => false,
  );
}
