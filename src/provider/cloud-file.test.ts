import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCloudFile } from './cloud-file.ts';

const TEXT = '{"activeDirectoryEndpoint":"https://login.test"}';
const isRoot = process.getuid?.() === 0;

let base: string;
const at = (...parts: readonly string[]) => join(base, ...parts);
const volume = (...parts: readonly string[]) => at('kubelet/pods/uid/volumes', ...parts);

beforeAll(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'keyferry-cloud-file-')));
  for (const folder of [
    'clouds',
    'clouds/deep',
    'clouds-of-others',
    'kubelet/pods/uid/volumes/mine',
    'everybodys',
    'sticky',
  ]) {
    mkdirSync(at(folder), { recursive: true });
    writeFileSync(at(folder, 'cloud.json'), TEXT);
  }
  chmodSync(at('everybodys'), 0o777);
  chmodSync(at('sticky'), 0o1777);
  writeFileSync(at('open.json'), TEXT);
  chmodSync(at('open.json'), 0o666);
  symlinkSync(volume('mine/cloud.json'), at('link-to-volume.json'));
  symlinkSync('../clouds-of-others/cloud.json', at('clouds/leads-out.json'));
  symlinkSync('deep/cloud.json', at('clouds/current.json'));
  symlinkSync('clouds', at('clouds-by-link'));
  symlinkSync('kubelet', at('kubelet-by-link'));
  if (!isRoot) return;
  writeFileSync(at('strangers.json'), TEXT);
  chownSync(at('strangers.json'), 4321, 4321);
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

const read = (file: string, folders: readonly string[] = [], kubelet = at('kubelet')) =>
  readCloudFile(file, { folders, targetPath: `${kubelet}/pods/uid/volumes/kubernetes.io~csi/v/mount` });

describe('the cloud file of a class, with folders that are allowed', () => {
  const allowed = () => [at('clouds-by-link'), at('clouds/'), at('not-there')];

  it.each(['clouds/cloud.json', 'clouds/deep/cloud.json', 'clouds/current.json', 'clouds-by-link/cloud.json'])(
    'is one in them: %s',
    async (file) => {
      expect(await read(at(file), allowed())).toBe(TEXT);
    },
  );

  it.each([
    ['in a folder whose name begins alike', () => at('clouds-of-others/cloud.json')],
    ['by way of dots', () => `${at('clouds')}/../clouds-of-others/cloud.json`],
    ['by way of a link', () => at('clouds/leads-out.json')],
    ['the folder itself', () => at('clouds')],
    ['a file that is not there', () => at('secret-name-of-a-file')],
    ['below a file', () => at('open.json/x')],
    ['a path that depends on where the process runs', () => 'clouds/cloud.json'],
  ])('is none outside of them, of which nothing is told: %s', async (_what, file) => {
    await expect(read(file(), allowed())).rejects.toThrow(/^it is in none of the folders of --cloud-env-folders$/);
  });
});

describe('the cloud file of a class, where any may be', () => {
  it.each(['clouds/cloud.json', 'clouds/leads-out.json', 'sticky/cloud.json'])(
    'is an administrator’s: %s',
    async (file) => {
      expect(await read(at(file))).toBe(TEXT);
    },
  );

  it.each([
    ['in a volume', () => volume('mine/cloud.json'), /where pods have their files/],
    ['by a link to a volume', () => at('link-to-volume.json'), /where pods have their files/],
    ['elsewhere in kubelet’s folder', () => at('kubelet/x/../pods/uid/volumes/mine/cloud.json'), /where pods/],
    ['of a process', () => '/proc/self/status', /where pods have their files/],
    ['that everybody may write', () => at('open.json'), /everybody may write it/],
    [
      'in a folder that everybody may write',
      () => at('everybodys/cloud.json'),
      /everybody may write in \/.*everybodys/,
    ],
  ])('is not one that a pod may have filled: %s', async (_what, file, reason) => {
    await expect(read(file())).rejects.toThrow(reason);
  });

  it('is not one in a volume when kubelet’s folder is reached by a link', async () => {
    await expect(read(volume('mine/cloud.json'), [], at('kubelet-by-link'))).rejects.toThrow('where pods');
  });

  it.runIf(isRoot)('is not a stranger’s (needs root: chown)', async () => {
    await expect(read(at('strangers.json'))).rejects.toThrow('neither of root nor of this process');
  });
});
