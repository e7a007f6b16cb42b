import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLog, systemClock, systemRandom } from '#base';
import type { Pod } from '#kube';
import { RESOURCES } from '../../resources.ts';
import { serveScenarios } from '../../../../../test/support/namespaces.ts';
import { createProcessRuntime, readMounts } from '../../runtime/index.ts';
import { startKubelet } from '../index.ts';
import { startFakeDriver } from './fake-driver.ts';
import { NODE, withKubelet, pod, until, eventually, isReady, eventsOf, logOf, execIn } from './place.ts';

const DRIVER = 'fake.csi.example';

const csiVolume = {
  name: 'v',
  csi: { driver: DRIVER, readOnly: true, volumeAttributes: { secretProviderClass: 'spc' } },
};
const csiDriver = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSIDriver',
  metadata: { name: DRIVER },
  spec: {
    podInfoOnMount: true,
    attachRequired: false,
    requiresRepublish: true,
    volumeLifecycleModes: ['Ephemeral'],
    tokenRequests: [{ audience: 'api://AzureADTokenExchange' }],
  },
};

serveScenarios({
  csiVolume: () =>
    withKubelet(async (place) => {
      const { api, kubelet } = place;
      await api.create(RESOURCES.csiDrivers, undefined, csiDriver);
      const container = {
        name: 'c',
        image: 'busybox',
        command: ['sh', '-c', 'cat /mnt/v/file; sleep 100'],
        volumeMounts: [{ name: 'v', mountPath: '/mnt/v', readOnly: true }],
      };
      await api.create(RESOURCES.pods, 'default', pod('p', { containers: [container], volumes: [csiVolume] }));
      await eventually('an event of the missing driver', async () =>
        (await eventsOf(api, 'p')).some(({ reason }) => reason === 'FailedMount'),
      );
      const missing = (await eventsOf(api, 'p')).find(({ reason }) => reason === 'FailedMount')?.message;
      const waiting = (await until(api, 'p', ({ status }) => status?.containerStatuses !== undefined)).status;
      await using driver = await startFakeDriver(DRIVER, kubelet.paths);
      driver.failure = 'no vault here';
      await eventually('a failed publish', async () =>
        (await eventsOf(api, 'p')).some(({ message }) => message.includes('no vault here')),
      );
      const refused = (await eventsOf(api, 'p')).find(({ message }) => message.includes('no vault'))?.message;
      driver.failure = undefined;
      const running = await until(api, 'p', isReady);
      await eventually('the log', async () => (await logOf(place, running)) !== '');
      const log = await logOf(place, running);
      const csiNode = await api.get(RESOURCES.csiNodes, { name: NODE });
      const before = driver.published.length;
      kubelet.republish(running.metadata?.uid);
      await eventually('a republish', () => driver.published.length > before);
      const request = driver.published[0];
      await api.delete(RESOURCES.pods, { namespace: 'default', name: 'p' });
      await eventually('the end of the pod', () =>
        api.get(RESOURCES.pods, { namespace: 'default', name: 'p' }).then(
          () => false,
          () => true,
        ),
      );
      await eventually('the end of its volumes', () => readdirSync(kubelet.paths.podsDir).length === 0);
      const left = readMounts().filter(({ mountPoint }) => mountPoint.startsWith(kubelet.paths.podsDir)).length;
      return {
        missing,
        waiting,
        refused,
        log,
        request,
        left,
        csiNode,
        uid: running.metadata?.uid,
        target: `/var/lib/kubelet/pods/${running.metadata?.uid}/volumes/kubernetes.io~csi/v/mount`,
        publishes: before,
        unpublished: driver.unpublished,
        pods: readdirSync(kubelet.paths.podsDir),
        registrations: driver.registrations,
      };
    }),

  configuration: () =>
    withKubelet(async (place) => {
      const { api } = place;
      const container = {
        name: 'c',
        image: 'ubuntu:20.04',
        command: ['sh', '-c', 'echo "$A $B $POD"; cat /etc/conf/key; cat /sub; sleep 100'],
        env: [
          { name: 'A', valueFrom: { secretKeyRef: { name: 'foosecret', key: 'k' } } },
          { name: 'B', value: 'b-$(A)' },
          { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        ],
        volumeMounts: [
          { name: 'conf', mountPath: '/etc/conf' },
          { name: 'conf', mountPath: '/sub', subPath: 'key' },
        ],
      };
      const volumes = [{ name: 'conf', configMap: { name: 'conf' } }];
      const map = (value: string) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'conf' },
        data: { key: value },
      });
      await api.create(RESOURCES.configMaps, 'default', map('one\n'));
      await api.create(RESOURCES.pods, 'default', pod('p', { containers: [container], volumes }));
      const waiting = await until(api, 'p', ({ status }) =>
        (status?.containerStatuses ?? []).some(({ state }) => state?.waiting?.reason === 'CreateContainerConfigError'),
      );
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'foosecret' }, data: { k: 'djE=' } };
      const changedMs = performance.now();
      await api.create(RESOURCES.secrets, 'default', secret);
      // the kubelet's own reaction, not how long a busy machine takes to start a process
      await eventually('a container', async () =>
        (await eventsOf(api, 'p')).some(({ reason }) => reason === 'Created'),
      );
      const reactedMs = performance.now() - changedMs;
      const running = await until(api, 'p', isReady);
      await eventually('the log', async () => (await logOf(place, running)).split('\n').length > 3);
      const log = await logOf(place, running);
      await api.update(RESOURCES.configMaps, { namespace: 'default', name: 'conf' }, map('two\n'));
      const exec = (...command: string[]) => execIn(place, running, ...command);
      await eventually('the new content', async () => (await exec('cat', '/etc/conf/key')).text === 'two\n');
      const failed = await exec('sh', '-c', 'exit 7');
      const token = await exec('ls', '/var/run/secrets/kubernetes.io/serviceaccount');
      return { waiting: waiting.status?.containerStatuses?.[0]?.state, log, reactedMs, failed, token: token.text };
    }),

  lifecycle: () =>
    withKubelet(async (place) => {
      const { api } = place;
      const volumes = [
        { name: 'd', emptyDir: {} },
        { name: 'pod', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      ];
      const volumeMounts = [
        { name: 'd', mountPath: '/d' },
        { name: 'pod', mountPath: '/pod' },
      ];
      const container = (name: string, script: string, more: object = {}) => ({
        name,
        image: 'busybox',
        command: ['bash', '-c', script],
        volumeMounts,
        ...more,
      });
      const exec = (script: string) => ({ exec: { command: ['sh', '-c', script] } });
      const stays = 'trap "exit 0" TERM; while :; do sleep 0.05; done';
      await api.create(
        RESOURCES.pods,
        'default',
        pod('hooks', {
          volumes,
          terminationGracePeriodSeconds: 20,
          initContainers: [
            container('side', `echo side >>/d/log; ${stays}`, {
              restartPolicy: 'Always',
              startupProbe: { ...exec('test -e /d/side-is-up || { touch /d/side-is-up; false; }'), periodSeconds: 1 },
            }),
            container('init', 'test -e /d/side-is-up && echo init >>/d/log'),
          ],
          containers: [
            container('c', stays, {
              lifecycle: {
                postStart: exec('sleep 0.3; echo started >>/d/log'),
                preStop: exec('cat /d/log >/dev/termination-log; echo stopping >>/dev/termination-log'),
              },
            }),
            container('second', `echo second >>/d/log; ${stays}`),
          ],
        }),
      );
      const hooks = await until(api, 'hooks', isReady);
      const labels = async () => (await execIn(place, hooks, 'cat', '/pod/labels')).text;
      const first = await labels();
      await api.patch(RESOURCES.pods, { namespace: 'default', name: 'hooks' }, 'merge', {
        metadata: { labels: { more: 'yes' } },
      });
      await eventually('the new label', async () => (await labels()) !== first);

      const run = (name: string, spec: object) =>
        api.create(RESOURCES.pods, 'default', pod(name, { volumes, ...spec }));
      const lastWords = 'trap "echo bye >/dev/termination-log; exit 7" TERM; while :; do sleep 0.05; done';
      const livenessProbe = { ...exec('echo not well; false'), periodSeconds: 1, failureThreshold: 1 };
      await run('alive', {
        containers: [container('c', lastWords, { livenessProbe })],
        terminationGracePeriodSeconds: 10,
      });
      await run('short', { containers: [container('c', 'sleep 1000')], activeDeadlineSeconds: 1 });
      const terminationMessagePolicy = 'FallbackToLogsOnError';
      const words = container('c', 'echo one; echo two; exit 3', { terminationMessagePolicy });
      await run('words', { restartPolicy: 'Never', containers: [words] });
      const alive = await until(api, 'alive', ({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) > 0);
      const short = await until(api, 'short', ({ status }) => status?.phase === 'Failed');
      const said = await until(api, 'words', ({ status }) => status?.phase === 'Failed');

      // a finalizer keeps the pod's last status
      const key = { namespace: 'default', name: 'hooks' };
      await api.patch(RESOURCES.pods, key, 'merge', { metadata: { finalizers: ['example.com/look'] } });
      await api.delete(RESOURCES.pods, key);
      const over = await until(api, 'hooks', ({ status }) =>
        [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].every(
          ({ state }) => state?.terminated !== undefined,
        ),
      );
      const messages = async (name: string) => (await eventsOf(api, name)).map(({ message }) => message);
      return {
        labels: first,
        words: said.status?.containerStatuses?.[0]?.state?.terminated?.message,
        last: over.status?.containerStatuses?.[0]?.state?.terminated?.message,
        alive: alive.status?.containerStatuses?.[0]?.lastState?.terminated,
        aliveEvents: await messages('alive'),
        hooksEvents: await messages('hooks'),
        short: { reason: short.status?.reason, message: short.status?.message },
      };
    }),

  propagation: () =>
    withKubelet(async (place) => {
      const { api, folder } = place;
      const volumes = [{ name: 'k', hostPath: { path: '/var/lib/kubelet/shared' } }];
      const make = (name: string, mountPropagation: string, script: string) =>
        api.create(
          RESOURCES.pods,
          'default',
          pod(name, {
            volumes,
            containers: [
              {
                name: 'c',
                image: 'busybox',
                command: ['sh', '-c', `${script}; sleep 1000`],
                securityContext: { privileged: mountPropagation === 'Bidirectional' },
                volumeMounts: [{ name: 'k', mountPath: '/k', mountPropagation }],
              },
            ],
          }),
        );
      await Promise.all([make('follows', 'HostToContainer', 'true'), make('alone', 'None', 'true')]);
      const [follows, alone] = await Promise.all(['follows', 'alone'].map((name) => until(api, name, isReady)));
      await make('mounts', 'Bidirectional', 'mkdir /k/m && mount -t tmpfs tmpfs /k/m && echo here >/k/m/file');
      const mounts = await until(api, 'mounts', isReady);
      const look = async (seenBy: Pod | undefined) =>
        seenBy === undefined ? '' : (await execIn(place, seenBy, 'sh', '-c', 'cat /k/m/file 2>/dev/null')).text;
      await eventually('the file', async () => (await look(mounts)) === 'here\n');
      const mountPoint = join(folder, 'kubelet', 'shared', 'm');
      const onNode = () => readMounts().filter((mount) => mount.mountPoint === mountPoint).length;
      const seen = { follows: await look(follows), alone: await look(alone), node: onNode() };
      await execIn(place, mounts, 'umount', '/k/m');
      const after = { follows: await look(follows), node: onNode() };
      return { seen, after };
    }),

  hostPaths: () =>
    withKubelet(async (place) => {
      const { api, folder } = place;
      const paths = { all: '/', data: '/data/new', etc: '/etc', log: '/var/log', conf: '/etc/not-of-this-machine' };
      const container = {
        name: 'c',
        image: 'busybox',
        command: ['sleep', '1000'],
        volumeMounts: Object.keys(paths).map((name) => ({ name, mountPath: `/node/${name}` })),
      };
      const volumes = Object.entries(paths).map(([name, path]) => ({ name, hostPath: { path } }));
      await api.create(RESOURCES.pods, 'default', pod('p', { containers: [container], volumes }));
      const running = await until(api, 'p', isReady);
      const sh = async (script: string) => (await execIn(place, running, 'sh', '-c', `{ ${script}; } 2>&1`)).text;
      const script = 'echo kept >/node/data/file; ln -s /etc /node/data/link; echo x >/node/conf/file; ls /node/log';
      const result = {
        ls: await sh(script),
        passwd: (await sh('cat /node/etc/passwd')) === readFileSync('/etc/passwd', 'utf8'),
        refused: await sh('echo x >/node/etc/passwd-of-a-pod'),
        kept: readFileSync(join(folder, 'node/data/new/file'), 'utf8'),
        all: await sh(
          'test -s /node/all/etc/passwd && ls -d /node/all/var/lib/kubelet/pods && cat /node/all/data/new/file',
        ),
        conf: readdirSync(join(folder, 'node/etc/not-of-this-machine')),
      };
      const wrong = (name: string, path: string, type: string) =>
        api.create(
          RESOURCES.pods,
          'default',
          pod(name, {
            containers: [{ ...container, volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
            volumes: [{ name: 'v', hostPath: { path, type } }],
          }),
        );
      await wrong('file', '/data/new', 'File');
      // a link that a pod has made leads into the node's root, not into the machine's
      await wrong('link', '/data/new/link/made-by-a-pod', 'DirectoryOrCreate');
      const refusal = async () => (await eventsOf(api, 'file')).find(({ reason }) => reason === 'FailedMount')?.message;
      await eventually('a refusal', async () => (await refusal()) !== undefined);
      await until(api, 'link', isReady);
      return {
        ...result,
        wrong: await refusal(),
        made: [existsSync('/etc/made-by-a-pod'), existsSync(join(folder, 'node/etc/made-by-a-pod'))],
      };
    }),

  restart: () =>
    withKubelet(async (place) => {
      const { api, kubelet, folder } = place;
      const container = { name: 'c', image: 'busybox', command: ['sleep', '1000'] };
      await api.create(RESOURCES.pods, 'default', pod('on', { containers: [container] }));
      await api.create(RESOURCES.pods, 'default', pod('lost', { restartPolicy: 'Never', containers: [container] }));
      const over = { ...container, command: ['true'] };
      await api.create(RESOURCES.pods, 'default', pod('over', { restartPolicy: 'Never', containers: [over] }));
      await api.create(RESOURCES.pods, 'default', pod('gone', { containers: [container] }));
      for (const name of ['on', 'lost', 'gone']) await until(api, name, isReady);
      await until(api, 'over', ({ status }) => status?.phase === 'Succeeded');
      const logs = () =>
        readdirSync(join(folder, 'logs'))
          .flatMap((name) => name.split('_').slice(1, 2))
          .toSorted();
      const before = logs();
      await kubelet[Symbol.asyncDispose]();
      await api.delete(RESOURCES.pods, { namespace: 'default', name: 'gone' }, { gracePeriodSeconds: 0 });
      const common = { clock: systemClock, random: systemRandom, log: silentLog };
      await using runtime = await createProcessRuntime({
        ...common,
        stateDir: join(folder, 'second'),
        hiddenPaths: [],
      });
      const second = await startKubelet({
        ...common,
        api,
        runtime,
        nodeName: NODE,
        nodeIp: '127.0.0.1',
        rootDir: join(folder, 'kubelet'),
        logDir: join(folder, 'logs'),
        nodeDir: join(folder, 'node'),
      });
      try {
        const on = await until(
          api,
          'on',
          (now) => isReady(now) && now.status?.containerStatuses?.[0]?.restartCount === 1,
        );
        const lost = await until(api, 'lost', ({ status }) => status?.phase === 'Failed');
        const after = logs();
        await api.delete(RESOURCES.pods, { namespace: 'default', name: 'over' });
        await eventually('no log of a pod that is removed', async () => !logs().includes('over'));
        return {
          on: on.status?.containerStatuses?.[0]?.lastState?.terminated?.reason,
          lost: lost.status?.containerStatuses?.[0]?.state?.terminated?.exitCode,
          logs: { before, after, removed: logs() },
        };
      } finally {
        await second[Symbol.asyncDispose]();
      }
    }),

  endings: () =>
    withKubelet(async (place) => {
      const { api } = place;
      const run = (name: string, restartPolicy: string, script: string, more: object = {}) =>
        api.create(
          RESOURCES.pods,
          'default',
          pod(name, {
            restartPolicy,
            containers: [{ name: 'c', image: 'busybox', command: ['sh', '-c', script] }],
            ...more,
          }),
        );
      const init = (script: string) => ({
        initContainers: [{ name: 'i', image: 'busybox', command: ['sh', '-c', script] }],
      });
      await Promise.all([
        run('ok', 'Never', 'exit 0', init('exit 0')),
        run('bad', 'OnFailure', 'echo first; exit 3'),
        run('never', 'Never', 'exit 4'),
        run('init-bad', 'Never', 'echo never', init('exit 5')),
        ...['Always', 'Never'].map((restartPolicy) =>
          api.create(
            RESOURCES.pods,
            'default',
            pod(`no-program-${restartPolicy.toLowerCase()}`, {
              restartPolicy,
              containers: [{ name: 'c', image: 'busybox', command: ['nope'] }],
            }),
          ),
        ),
      ]);
      const ok = await until(api, 'ok', ({ status }) => status?.phase === 'Succeeded');
      const never = await until(api, 'never', ({ status }) => status?.phase === 'Failed');
      const initBad = await until(api, 'init-bad', ({ status }) => status?.phase === 'Failed');
      const bad = await until(api, 'bad', ({ status }) =>
        (status?.containerStatuses ?? []).some(({ state }) => state?.waiting?.reason === 'CrashLoopBackOff'),
      );
      const previous = await logOf(place, bad, true);
      const waitsFor =
        (reason: string) =>
        ({ status }: Pod) =>
          status?.containerStatuses?.[0]?.state?.waiting?.reason === reason;
      const refused = await until(api, 'no-program-always', waitsFor('CrashLoopBackOff'));
      const refusedOnce = await until(api, 'no-program-never', ({ status }) => status?.phase === 'Failed');
      return {
        refused: refused.status?.containerStatuses?.[0],
        refusedPhase: refused.status?.phase,
        refusedOnce: refusedOnce.status?.containerStatuses?.[0]?.state?.terminated,
        ok: ok.status?.initContainerStatuses?.[0]?.state?.terminated?.reason,
        never: never.status?.containerStatuses?.[0]?.state?.terminated,
        initBad: initBad.status?.initContainerStatuses?.[0]?.state?.terminated?.exitCode,
        bad: bad.status?.containerStatuses?.[0],
        phase: bad.status?.phase,
        previous,
        reasons: (await eventsOf(api, 'bad')).map(({ reason }) => reason),
      };
    }),
});
