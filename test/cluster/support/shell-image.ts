import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { pack, type Pack } from 'tar-stream';
import { outputOf } from '../../clients/install/programs.ts';

/** Node's names of architectures, in Go's. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * An archive, as `docker save` writes it, of an image with this machine's static busybox, a link for each of its programs, and
 * its bash. `names` are what the image is called, with their tags. Started without a command it waits.
 */
export async function renderShellImage(names: readonly string[]): Promise<Buffer> {
  const files = new Map<string, Buffer>();
  for (const path of ['/bin/busybox', '/bin/bash', ...(await librariesOf('/bin/bash'))]) {
    files.set(path.slice(1), await readFile(path));
  }
  const links = (await outputOf('/bin/busybox', ['--list'])).split('\n').map((name) => `bin/${name}`);
  const layer = await archive((tar) => {
    for (const name of ['bin', 'etc', 'home', 'mnt', 'proc', 'root', 'run', 'sys', 'usr', 'var']) {
      tar.entry({ name: `${name}/`, type: 'directory', mode: 0o755 });
    }
    tar.entry({ name: 'tmp/', type: 'directory', mode: 0o1777 });
    tar.entry({ name: 'usr/bin', type: 'symlink', linkname: '/bin' });
    tar.entry({ name: 'etc/passwd' }, 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n');
    tar.entry({ name: 'etc/group' }, 'root:x:0:\nnogroup:x:65534:\n');
    for (const [name, content] of files) tar.entry({ name, mode: 0o755 }, content);
    for (const name of links) if (!files.has(name)) tar.entry({ name, type: 'symlink', linkname: 'busybox' });
  });
  const config = JSON.stringify({
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    config: { Env: ['PATH=/bin'], Cmd: ['/bin/sleep', '2147483647'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(layer).digest('hex')}`] },
  });
  return archive((tar) => {
    tar.entry({ name: 'config.json' }, config);
    tar.entry({ name: 'layer.tar' }, layer);
    const manifest = [{ Config: 'config.json', RepoTags: names, Layers: ['layer.tar'] }];
    tar.entry({ name: 'manifest.json' }, JSON.stringify(manifest));
  });
}

/** The shared libraries of a program and what loads them, as ldd tells: `name => /path (0x…)`, or `/path (0x…)`. */
async function librariesOf(program: string): Promise<string[]> {
  const told = await outputOf('ldd', [program]);
  return [...told.matchAll(/(?:=>|^)\s+(\/\S+) \(/gm)].map(([, path]) => path as string);
}

function archive(fill: (tar: Pack) => void): Promise<Buffer> {
  const tar = pack();
  const whole = buffer(tar);
  fill(tar);
  tar.finalize();
  return whole;
}
