// Runs in a child process in namespaces of its own (namespaces.ts): a lab whose state folder is a disk that fills up.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RESOURCES } from '#kube';
import { serveScenarios } from './namespaces.ts';
import { makeCluster, startTestLab, type TestLab } from './test-lab.ts';

/** What the clients of the lab were told, and what it held. */
export interface FullDiskReport {
  /** The errors of a vault's, Resource Manager's and the API server's writes while there was no room. */
  readonly refused: readonly string[];
  /** What could be read meanwhile: the secret's value and the names of ConfigMaps. */
  readonly read: readonly string[];
  /** The groups that could be made before there was no room at all. */
  readonly groups: readonly string[];
  /** The same with room again, after new writes; and after a restart. */
  readonly later: readonly string[];
  readonly restarted: readonly string[];
}

serveScenarios({
  async fillAndFree(): Promise<FullDiskReport> {
    const root = mkdtempSync(join(tmpdir(), 'keyferry-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0700', 'tmpfs', root]);
    const ballast = join(root, 'ballast');
    let report: Pick<FullDiskReport, 'refused' | 'read' | 'later'>;
    const groups: string[] = [];
    {
      await using lab = await startTestLab({ root });
      using cluster = await makeCluster(lab);
      const createMap = (name: string, text = '') =>
        cluster.client.create(RESOURCES.configmaps, 'default', {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name },
          data: { text },
        });
      const look = async () => [
        await lab.az('az keyvault secret show --vault-name kv-disk -n password --query value -o tsv'),
        ...(await cluster.client.list(RESOURCES.configmaps, { namespace: 'default' })).items.map(
          ({ metadata }) => metadata?.name ?? '',
        ),
      ];
      await lab.az('az keyvault create -n kv-disk -g g');
      await setPassword(lab, 'before');
      await createMap('before');
      fill(ballast);
      // Larger than what the journal's last block still has room for. A group is small: some may be made before that is full.
      const refused = [
        await refusalOf(() => setPassword(lab, 'x'.repeat(20_000))),
        await refusalOf(() => createMap('refused', 'x'.repeat(20_000))),
        await refusalOf(async (count) => {
          await lab.az(`az group create -n small-${count} -l eastus`);
          groups.push(`small-${count}`);
        }),
      ];
      const read = await look();
      rmSync(ballast);
      await setPassword(lab, 'later');
      await createMap('later');
      report = { refused, read, later: await look() };
    }
    await using lab = await startTestLab({ root });
    const restarted = [
      await lab.az('az keyvault secret show --vault-name kv-disk -n password --query value -o tsv'),
      ...(await lab.az('az group list --query [].name -o tsv')).split('\n').filter((name) => name.startsWith('small-')),
    ];
    return { ...report, groups, restarted };
  },
});

function setPassword(lab: TestLab, value: string): Promise<string> {
  return lab.az(`az keyvault secret set --vault-name kv-disk -n password --value ${value}`);
}

/** Writes until it is refused, and answers with which words. */
async function refusalOf(write: (count: number) => Promise<unknown>): Promise<string> {
  for (let count = 1; count <= 50; count += 1) {
    try {
      await write(count);
    } catch (error) {
      return String(error);
    }
  }
  return 'it was done';
}

/** Takes all the room that there is, to the last block. */
function fill(file: string): void {
  for (let blockBytes = 1024 * 1024; blockBytes >= 4096; blockBytes /= 4) {
    const block = Buffer.alloc(blockBytes);
    for (;;) {
      try {
        writeFileSync(file, block, { flag: 'a' });
      } catch {
        break;
      }
    }
  }
}
