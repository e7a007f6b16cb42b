import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareHostPath } from './host-path.ts';
import { createNodeRoot, type NodeRoot } from './node-root.ts';

const folder = mkdtempSync(join(tmpdir(), 'kf-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the node's root", () => {
  let root: NodeRoot;
  beforeAll(async () => {
    const [nodeDir, kubeletDir, logDir] = ['node', 'kubelet', 'logs'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    root = await createNodeRoot({
      nodeDir,
      kubeletDir,
      logDir,
      mounter: {
        show: () => Promise.reject(new Error('nobody looks at all of it')),
        cover: () => Promise.reject(new Error('nobody looks at all of it')),
      },
    });
    mkdirSync(join(nodeDir, 'data'));
    symlinkSync('/etc', join(nodeDir, 'data', 'absolute'));
    symlinkSync('../../../../../../etc', join(nodeDir, 'data', 'relative'));
    symlinkSync('circle', join(nodeDir, 'data', 'circle'));
    writeFileSync(join(nodeDir, 'data', 'file'), '');
  });

  const cases: readonly (readonly [path: string, machinePath: string, readOnly: boolean])[] = [
    ['/var/lib/kubelet/pods', 'kubelet/pods', false],
    ['/var/lib/kubelet', 'kubelet', false],
    ['/var/lib/kubelet-of-mine', 'node/var/lib/kubelet-of-mine', false],
    ['/var/run/secrets-store-csi-providers', 'kubelet/providers', false],
    ['/var/log/pods/x', 'logs/x', false],
    ['/etc/passwd', '/etc/passwd', true],
    ['/etc/shadow', 'node/etc/shadow', false],
    ['/etc/not/of/this/machine', 'node/etc/not/of/this/machine', false],
    ['/proc/sys', '/proc/sys', true],
    ['/var/run/x.sock', 'node/run/x.sock', false],
    ['/tmp/x/../y', 'node/tmp/y', false],
    ['/data/absolute/passwd', '/etc/passwd', true],
    ['/data/relative/passwd', '/etc/passwd', true],
    ['/data/absolute/made-by-a-pod', 'node/etc/made-by-a-pod', false],
    ['/data/file/below', 'node/data/file/below', false],
  ];
  it.each(cases)('%s is %s', (path, machinePath, readOnly) => {
    const found = root.resolve(path);
    expect(found).toMatchObject({
      machinePath: join(machinePath.startsWith('/') ? '/' : folder, machinePath),
      readOnly,
    });
  });

  it.each([
    ['kubelet/pods/uid', '/var/lib/kubelet/pods/uid'],
    ['kubelet', '/var/lib/kubelet'],
    ['kubelet-of-another/pods', undefined],
  ])('%s of the machine is %s to the node', (machinePath, nodePath) => {
    expect(root.nodePathOf(join(folder, machinePath))).toBe(nodePath ?? join(folder, machinePath));
  });

  it('refuses links in a circle', () => {
    expect(() => root.resolve('/data/circle')).toThrow('too many levels of symbolic links');
  });

  it('never ends at a link, however many led there', () => {
    const links = join(folder, 'node', 'links');
    mkdirSync(links);
    symlinkSync('/home', join(links, '60'));
    for (let at = 59; at >= 0; at -= 1) symlinkSync(String(at + 1), join(links, String(at)));
    expect(root.resolve('/links/30').machinePath).toBe(join(folder, 'node', 'home'));
    for (const path of ['/links/0', '/links/20', '/links/10/below']) {
      expect(() => root.resolve(path), path).toThrow('too many levels of symbolic links');
    }
  });

  it.each([
    ['/data/new/deep', 'DirectoryOrCreate', undefined],
    ['/data/new-file', 'FileOrCreate', undefined],
    ['/data/made', '', undefined],
    ['/data/file', 'File', undefined],
    ['/dev/null', 'CharDevice', undefined],
    ['/data/absent', 'Directory', 'hostPath type check failed: /data/absent is not a directory'],
    ['/data', 'File', 'hostPath type check failed: /data is not a file'],
    ['/data/file', 'Directory', 'hostPath type check failed: /data/file is not a directory'],
    ['/data/file', 'Socket', 'hostPath type check failed: /data/file is not a socket file'],
    ['/dev/null', 'BlockDevice', 'hostPath type check failed: /dev/null is not a block device'],
  ])('%s as %s is prepared or refused', async (path, type, refusal) => {
    const prepared = prepareHostPath(root.resolve(path), type).then(
      () => undefined,
      (error: unknown) => (error as Error).message,
    );
    expect(await prepared).toBe(refusal);
  });
});
