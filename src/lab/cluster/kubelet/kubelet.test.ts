import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { describeInNamespaces, NAMESPACE_USERS } from '../../../../test/support/describe-in-namespaces.ts';

describe.each(NAMESPACE_USERS)('run by %s', (user) => {
  describeInNamespaces('a kubelet', user, new URL('./testing/scenarios.ts', import.meta.url), (child) => {
    it('mounts an inline CSI volume as kubelet does, and leaves nothing behind', async () => {
      const seen = await child.call<Record<string, unknown>>('csiVolume');
      expect(seen).toMatchObject({
        missing:
          'MountVolume.SetUp failed for volume "v" : kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name fake.csi.example not found in the list of registered CSI drivers',
        waiting: { phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }] },
        refused: 'MountVolume.SetUp failed for volume "v" : rpc error: code = Unknown desc = no vault here',
        csiNode: { spec: { drivers: [{ name: 'fake.csi.example', nodeID: 'fake-node' }] } },
        registrations: [true],
        unpublished: [seen['target']],
        left: 0,
        pods: [],
      });
      expect(seen['log']).toMatch(/^published \d+$/);
      const request = seen['request'] as { volumeContext: Record<string, string> };
      expect(request).toMatchObject({
        volumeId: `csi-${createHash('sha256')
          .update(`${String(seen['uid'])}v`)
          .digest('hex')}`,
        targetPath: seen['target'],
        readonly: true,
        secrets: {},
        volumeContext: {
          secretProviderClass: 'spc',
          'csi.storage.k8s.io/pod.name': 'p',
          'csi.storage.k8s.io/pod.namespace': 'default',
          'csi.storage.k8s.io/pod.uid': seen['uid'],
          'csi.storage.k8s.io/serviceAccount.name': 'default',
          'csi.storage.k8s.io/ephemeral': 'true',
        },
      });
      const tokens = JSON.parse(request.volumeContext['csi.storage.k8s.io/serviceAccount.tokens'] ?? '') as object;
      expect(tokens).toEqual({
        'api://AzureADTokenExchange': {
          token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
          expirationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        },
      });
    });

    it('waits for a Secret, starts when it appears, and refreshes a ConfigMap', async () => {
      const seen = await child.call<Record<string, unknown>>('configuration');
      expect(seen).toMatchObject({
        waiting: { waiting: { reason: 'CreateContainerConfigError', message: 'secret "foosecret" not found' } },
        log: 'v1 b-v1 p\none\none\n',
        failed: { code: 7 },
        token: 'ca.crt\nnamespace\ntoken\n',
      });
      // sooner than the next attempt without the Secret's watch would come (CONFIG_RETRY_MS)
      expect(seen['reactedMs']).toBeLessThan(9000);
    });

    it('runs hooks, probes and sidecars in their order, and tells last words', async () => {
      const seen = await child.call<Record<string, unknown>>('lifecycle');
      expect(seen).toMatchObject({
        labels: 'app="hooks"',
        words: 'one\ntwo\n',
        last: 'side\ninit\nstarted\nsecond\nstopping\n',
        alive: { exitCode: 7, message: 'bye\n' },
        short: {
          reason: 'DeadlineExceeded',
          message: 'Pod was active on the node longer than the specified deadline',
        },
      });
      expect(seen['aliveEvents']).toEqual(
        expect.arrayContaining([
          'Liveness probe failed: not well\n',
          'Container c failed liveness probe, will be restarted',
        ]),
      );
      const stopped = (seen['hooksEvents'] as string[]).filter((text) => text.startsWith('Stopping'));
      expect(stopped.sort()).toEqual(['Stopping container c', 'Stopping container second', 'Stopping container side']);
    });

    it("lets mounts below kubelet's folder through to those who ask for them, and no farther", async () => {
      expect(await child.call('propagation')).toEqual({
        seen: { follows: 'here\n', alone: '', node: 1 },
        after: { follows: '', node: 0 },
      });
    });

    it("keeps what pods write to hostPaths in the lab's folder, and shows the machine's read-only", async () => {
      expect(await child.call('hostPaths')).toEqual({
        ls: '',
        passwd: true,
        refused: expect.stringContaining('Read-only file system') as string,
        kept: 'kept\n',
        all: '/node/all/var/lib/kubelet/pods\nkept\n',
        conf: ['file'],
        wrong: 'MountVolume.SetUp failed for volume "v" : hostPath type check failed: /data/new is not a file',
        made: [false, true],
      });
    });

    it('starts pods again after a restart of the lab, as after a reboot, and keeps no log of those that are gone', async () => {
      expect(await child.call('restart')).toEqual({
        on: 'ContainerStatusUnknown',
        lost: 137,
        // of a pod that went while no kubelet ran, and of one that was over before
        logs: { before: ['gone', 'lost', 'on', 'over'], after: ['lost', 'on', 'over'], removed: ['lost', 'on'] },
      });
    });

    it('ends pods by their restart policy', async () => {
      const seen = await child.call<Record<string, unknown>>('endings');
      expect(seen).toMatchObject({
        ok: 'Completed',
        never: { exitCode: 4, reason: 'Error' },
        initBad: 5,
        phase: 'Running',
        bad: { restartCount: 1, lastState: { terminated: { exitCode: 3 } } },
        previous: 'first\n',
      });
      const refusal = { exitCode: 128, reason: 'StartError', startedAt: '1970-01-01T00:00:00Z' };
      expect(seen).toMatchObject({
        refused: { restartCount: 1, lastState: { terminated: refusal } },
        refusedPhase: 'Running',
        refusedOnce: { ...refusal, message: expect.stringContaining('executable file not found in $PATH') as string },
      });
      expect(seen['reasons']).toEqual(
        expect.arrayContaining(['LabContainerRoot', 'Pulled', 'Created', 'Started', 'BackOff']),
      );
    });
  });
});
