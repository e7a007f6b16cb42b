import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectFiles } from '../tools/image/file-tree.ts';
import { IMAGE_CONFIG } from '../tools/image/image-config.ts';
import { writeTree } from '../tools/image/write-tree.ts';
import { packageRoot } from '#lab/session';
import type { Launch } from './node-under-test.ts';

/** The image's file tree, and a way to run the node process in it. */
export interface BenchContainer {
  readonly launch: Launch;
  /** What the container's cgroup is charged with, MiB: all of it, and without what the kernel can drop at once, as kubelet counts. */
  memoryMib(): { readonly usage: number; readonly workingSet: number };
}

const CGROUP = 'keyferry-bench';

/**
 * Writes the image's files and a runc bundle below `folder`. The container has the image's root, read-only, and the machine's
 * network; kubelet's folder is shared with it, as in the DaemonSet. Needs runc and root.
 */
export function prepareContainer(folder: string): BenchContainer {
  const rootfs = join(folder, 'rootfs');
  const version = '0.0.0';
  const files = collectFiles(packageRoot(), {
    version,
    description: '',
    license: 'MIT',
    revision: undefined,
    created: new Date(0),
  });
  writeTree(rootfs, files, new Date(0));
  const pidFile = join(folder, 'pid');
  let containers = 0;
  return {
    launch: ({ args, env, shared }) => {
      containers += 1;
      const bundle = join(folder, `bundle-${containers}`);
      mkdirSync(bundle);
      writeFileSync(join(bundle, 'config.json'), JSON.stringify(runtimeConfig({ rootfs, args, env, shared })));
      const name = `${CGROUP}-${process.pid}-${containers}`;
      return {
        command: 'runc',
        args: ['--root', join(folder, 'runc'), 'run', '--bundle', bundle, '--pid-file', pidFile, name],
        env: process.env,
        pid: () => Number(readFileSync(pidFile, 'utf8')),
      };
    },
    memoryMib: () => {
      const pid = readFileSync(pidFile, 'utf8');
      const path = /^(?:\d+:memory|0:):(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';
      const group = join('/sys/fs/cgroup/memory', path);
      const usage = Number(readFileSync(join(group, 'memory.usage_in_bytes'), 'utf8'));
      const inactive = Number(
        /^total_inactive_file (\d+)$/m.exec(readFileSync(join(group, 'memory.stat'), 'utf8'))?.[1],
      );
      return { usage: usage / 2 ** 20, workingSet: (usage - inactive) / 2 ** 20 };
    },
  };
}

/** As the OCI runtime specification has it (config.md), with what the DaemonSet's container gets. */
function runtimeConfig({
  rootfs,
  args,
  env,
  shared,
}: {
  readonly rootfs: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly shared: string;
}): object {
  const capabilities = ['CAP_SYS_ADMIN', 'CAP_DAC_OVERRIDE', 'CAP_CHOWN', 'CAP_FOWNER'];
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid: 0, gid: 0 },
      args: [...IMAGE_CONFIG.Entrypoint, ...args],
      env: [...IMAGE_CONFIG.Env, ...Object.entries(env).map(([name, value = '']) => `${name}=${value}`)],
      cwd: IMAGE_CONFIG.WorkingDir,
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: true,
    },
    root: { path: rootfs, readonly: true },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
      { destination: shared, type: 'bind', source: shared, options: ['rbind', 'rshared', 'rw'] },
    ],
    linux: {
      namespaces: ['pid', 'mount', 'ipc', 'uts'].map((type) => ({ type })),
      cgroupsPath: `/${CGROUP}`,
      rootfsPropagation: 'rslave',
    },
  };
}
