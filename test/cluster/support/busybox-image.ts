import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { pack, type Pack } from 'tar-stream';
import { outputOf } from '../../clients/install/programs.ts';

/**
 * An archive, as `docker save` writes it, of an image with this machine's static busybox and a link for each of its programs.
 * `names` are what the image is called, with their tags. Started without a command it waits.
 */
export async function renderBusyboxImage(busybox: string, names: readonly string[]): Promise<Buffer> {
  const programs = (await outputOf(busybox, ['--list'])).split('\n').filter((name) => name !== 'busybox');
  const program = await readFile(busybox);
  const layer = await archive((tar) => {
    for (const name of ['bin', 'etc', 'home', 'mnt', 'proc', 'root', 'run', 'sys', 'usr', 'var']) {
      tar.entry({ name: `${name}/`, type: 'directory', mode: 0o755 });
    }
    tar.entry({ name: 'tmp/', type: 'directory', mode: 0o1777 });
    tar.entry({ name: 'usr/bin', type: 'symlink', linkname: '/bin' });
    tar.entry({ name: 'etc/passwd' }, 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n');
    tar.entry({ name: 'etc/group' }, 'root:x:0:\nnogroup:x:65534:\n');
    tar.entry({ name: 'bin/busybox', mode: 0o755 }, program);
    for (const name of programs) tar.entry({ name: `bin/${name}`, type: 'symlink', linkname: 'busybox' });
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
    tar.entry(
      { name: 'manifest.json' },
      JSON.stringify([{ Config: 'config.json', RepoTags: names, Layers: ['layer.tar'] }]),
    );
  });
}

/** Node's names of architectures, in Go's. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

function archive(fill: (tar: Pack) => void): Promise<Buffer> {
  const tar = pack();
  const whole = buffer(tar);
  fill(tar);
  tar.finalize();
  return whole;
}
