/**
 * A lab whose `keyferry node` is killed over and over at random moments, while pods come and go and secrets change, and
 * what must be true of it all the while. test/lab runs it with a few kills, test/endurance with a hundred and fifty.
 */
import { isDeepStrictEqual } from 'node:util';
import { systemClock, type Random } from '#base';
import { RESOURCES, type KubeObject, type Pod, type SecretObject } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { createFakeRandom } from '../../src/base/testing/index.ts';
import { podWithClass, secretProviderClass } from './manifests.ts';
import { driverPodOf, nodeLogOf, nodeProcessOf, readProcessFile } from './node-process.ts';
import { daemonOf, registrationOf, strayRecords, volumesOf, type NodeVolume } from './node-volumes.ts';
import { makeReader } from './reader.ts';
import { eventually, makeCluster, podReady, startTestLab, type TestCluster, type TestLab } from './test-lab.ts';

/**
 * When a kill comes: before the driver is registered; soon after it, when every volume is published again; or when the
 * driver checks volumes by itself, because a check is due or somebody edited the class.
 */
export const KILL_MOMENTS = ['start-up', 'refresh', 'publish', 'unpublish', 'tick', 'edit'] as const;

/** One of {@link KILL_MOMENTS}. */
export type KillMoment = (typeof KILL_MOMENTS)[number];

/** What a run did and saw; printed by the tests. */
export interface KillFigures {
  readonly kills: Record<KillMoment, number>;
  /** Kills after which a volume was found half done: mounted without files, or with files of two generations. */
  cutShort: number;
  rotations: number;
  edits: number;
  /** What the driver's log tells of all its lives. */
  mounts: number;
  refreshes: number;
  podsCreated: number;
  /** Reads made from inside of running containers, each of two files. */
  reads: number;
  /** From the last kill of a round until all was right again, milliseconds. */
  readonly healedAfterMs: number[];
}

/** The lab of a {@link startKillScenario}. */
export interface KillScenario extends AsyncDisposable {
  readonly figures: KillFigures;
  /** Kills the node process once. Throws when a running pod's files were not whole right after it. */
  kill(moment: KillMoment): Promise<void>;
  /** Brings about what a kill of that moment falls into: new versions in the vault, a new pod, one less. */
  provoke(moment: Exclude<KillMoment, 'start-up'>): Promise<void>;
  /** The node process that serves now. */
  nodeProcess(): Promise<number>;
  /** Waits until every pod has whole files and nothing is left of those that are gone; a file may have an older version. */
  heal(): Promise<void>;
  /** Lets the process live and waits until everything is as if nothing had ever been killed. Throws with what is not. */
  settle(): Promise<void>;
}

const VAULT = 'kv-kills';
const STEADY = ['steady-0', 'steady-1', 'steady-2'];
const MOUNT = '/mnt/secrets-store';
const FILLER = 'x'.repeat(300);
/** How long after the process's start, or after the driver offers itself to kubelet and the deed is done, a kill comes at the latest. */
const LATEST_KILL_MS: Readonly<Record<KillMoment, number>> = {
  'start-up': 500,
  refresh: 120,
  publish: 400,
  unpublish: 150,
  // The first check of an interval of one second comes within one, the next ones once a second.
  tick: 1600,
  // Half a second after an edit.
  edit: 800,
};
/** From a process until its driver offers itself, on an idle machine. */
const USUAL_START_MS = 400;
const LONGEST_HEALING_MS = 150_000;

/** What the vault holds in version `count` of a secret; `kind` keeps the secrets apart. */
const valueOf = (kind: string, count: number) => `${kind}-${count}-${FILLER}-end`;
const WHOLE = { first: /^p-\d+-x{300}-end$/, twin: /^p-\d+-x{300}-end$/, other: /^o-\d+-x{300}-end$/ } as const;
const FILES = Object.keys(WHOLE) as (keyof typeof WHOLE)[];

/**
 * Reads without end. A file must be there and whole at any moment; the two that are made of one secret are equal within
 * one generation. Where a generation goes between two reads, it is read anew. Says what it saw in two files.
 */
const READER = `
reads=0; : > /tmp/bad
while :; do
  n=0
  while [ $n -lt 50 ]; do
    n=$((n+1)); reads=$((reads+1))
    first=; read -r first < ${MOUNT}/first || :
    case $first in p-*-end) ;; *) echo "first: '$first'" >> /tmp/bad ;; esac
    while :; do
      cd -P ${MOUNT}/..data 2>/dev/null || { echo 'no ..data' >> /tmp/bad; break; }
      here=$PWD; first=; twin=
      { read -r first < first; read -r twin < twin; } 2>/dev/null
      if [ "$first" = "$twin" ] && [ -n "$first" ]; then break; fi
      cd -P ${MOUNT}/..data 2>/dev/null
      if [ "$here" = "$PWD" ]; then echo "torn: '$first' '$twin'" >> /tmp/bad; break; fi
    done
  done
  echo $reads > /tmp/reads
  sleep 0.05
done
`;

/** Starts the lab: a vault, an identity that may read it, pods that read their files without end. */
export async function startKillScenario(seed: string): Promise<KillScenario> {
  const random = createFakeRandom(seed);
  const lab = await startTestLab();
  try {
    const cluster = await makeCluster(lab, '--enable-secret-rotation --rotation-poll-interval 1s');
    const classAfter = await prepare(lab, cluster);
    for (const name of STEADY) await createPod(cluster, name, READER);
    for (const name of STEADY) await podReady(cluster.client, name);
    return createScenario(lab, cluster, random, classAfter);
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

async function prepare(lab: TestLab, cluster: TestCluster): Promise<(edits: number) => SecretProviderClassManifest> {
  const { client, tenantId } = cluster;
  await lab.az(`az keyvault create -n ${VAULT} -g g`);
  await setSecrets(lab, 0);
  const { clientId } = await makeReader(lab, cluster, { vault: VAULT });
  const classAfter = (edits: number) =>
    secretProviderClass({
      name: 'reader',
      clientId,
      tenantId,
      vault: VAULT,
      secrets: [
        ['Password', 'first'],
        ['Password', 'twin'],
        ['Other', 'other'],
        ['Other', editedName(edits)],
      ],
      secretObjects: [
        {
          secretName: 'synced',
          type: 'Opaque',
          labels: { edited: editedName(edits) },
          data: [
            { objectName: 'first', key: 'password' },
            { objectName: editedName(edits), key: 'edited' },
          ],
        },
      ],
    });
  await client.create(SECRET_CLASS_RESOURCES.classes, 'default', classAfter(0));
  return classAfter;
}

/** The name of a file and the label of the Secret; each edit of the class gives another one. */
const editedName = (edits: number) => `edited-${edits}`;

/** Answers the versions that the vault gave. */
async function setSecrets(lab: TestLab, count: number): Promise<Map<string, string>> {
  const set = (name: string, value: string) =>
    lab.az(`az keyvault secret set --vault-name ${VAULT} -n ${name} --value ${value} --query id -o tsv`);
  const ids = { Password: await set('Password', valueOf('p', count)), Other: await set('Other', valueOf('o', count)) };
  return new Map(Object.entries(ids).map(([name, id]) => [`secret/${name}`, id.split('/').at(-1) ?? '']));
}

async function createPod({ client }: TestCluster, name: string, script = 'exec sleep 3600'): Promise<void> {
  const pod = podWithClass(name, 'reader', 'reader');
  const [container] = pod.spec.containers;
  if (container !== undefined) container.command = ['/bin/sh', '-c', script];
  await client.create<Pod>(RESOURCES.pods, 'default', pod);
}

type SecretProviderClassManifest = ReturnType<typeof secretProviderClass>;

function createScenario(
  lab: TestLab,
  cluster: TestCluster,
  random: Random,
  classAfter: (edits: number) => SecretProviderClassManifest,
): KillScenario {
  const { client } = cluster;
  const figures: KillFigures = {
    kills: { 'start-up': 0, refresh: 0, publish: 0, unpublish: 0, tick: 0, edit: 0 },
    cutShort: 0,
    rotations: 0,
    edits: 0,
    mounts: 0,
    refreshes: 0,
    podsCreated: STEADY.length,
    reads: 0,
    healedAfterMs: [],
  };
  const passing: string[] = [];
  const killed = new Set<number>();
  /** Pods that go with a kill: kubelet may have begun to start their container again. */
  const deleted = new Set<string>();
  /** What the logs of pods told that are gone, with their logs. */
  const restarted = new Set<string>();
  const inOldLogs = new Map<string, number>();
  let leftSocket: string | undefined;
  let lastKillMs = systemClock.monotonic();
  let newest = 0;
  let newestVersions = new Map<string, string>();
  // On a machine that is busy everything takes longer, and a kill has to wait longer to fall into it.
  let slowness = 1;
  const upTo = (ms: number) => systemClock.sleep(random.fraction() * ms * slowness);

  const nextProcess = () =>
    quickly('a node process that was not killed yet', () => {
      return nodeProcessOf(lab.folder.root, (pid) => !killed.has(pid) && !deleted.has(driverPodOf(pid)));
    });
  const countInLog = (text: string) =>
    (inOldLogs.get(text) ?? 0) + nodeLogOf(lab.folder.clusters).split(`"msg":"${text}"`).length - 1;
  /** Kubelet starts the container of a pod again once without a pause; for the next kill the pod goes too. */
  const killProcess = async (pid: number) => {
    const pod = driverPodOf(pid);
    killed.add(pid);
    if (restarted.has(pod)) {
      deleted.add(pod);
      for (const text of ['Volume mounted', 'Volume has new content']) inOldLogs.set(text, countInLog(text));
    }
    restarted.add(pod);
    process.kill(pid, 'SIGKILL');
    if (deleted.has(pod)) {
      await client.delete(RESOURCES.pods, { namespace: 'kube-system', name: pod }, { gracePeriodSeconds: 0 });
    }
  };

  const podList = async () => (await client.list<Pod>(RESOURCES.pods, { namespace: 'default' })).items;
  const deletePod = (name: string) =>
    client.delete(RESOURCES.pods, { namespace: 'default', name }, { gracePeriodSeconds: 0 });
  const rotate = async () => {
    newest += 1;
    figures.rotations += 1;
    newestVersions = await setSecrets(lab, newest);
  };
  const edit = async () => {
    figures.edits += 1;
    const { spec } = classAfter(figures.edits);
    await client.patch(
      SECRET_CLASS_RESOURCES.classes,
      { namespace: 'default', name: 'reader' },
      { type: 'merge', body: { spec } },
    );
  };
  const addPod = async () => {
    const name = `passing-${figures.podsCreated}`;
    figures.podsCreated += 1;
    await createPod(cluster, name);
    passing.push(name);
  };
  const removePod = async () => {
    const [name] = passing.splice(Math.floor(random.fraction() * passing.length), 1);
    if (name !== undefined) await deletePod(name);
  };

  /** Brings about what the kill is to fall into. */
  const provoke = async (moment: KillMoment) => {
    if (moment === 'refresh' || moment === 'tick') await rotate();
    if (moment === 'edit') await edit();
    if (moment === 'publish') await addPod();
    if (moment === 'unpublish' || passing.length > 4) await removePod();
  };

  const kill = async (moment: KillMoment) => {
    const daemon = await daemonOf(lab.folder.root);
    const pid = await nextProcess();
    if (moment === 'start-up') {
      await upTo(LATEST_KILL_MS[moment]);
    } else {
      // A refresh is provoked before the driver registers: kubelet publishes all volumes again at that moment.
      if (moment === 'refresh') await provoke(moment);
      const startMs = systemClock.monotonic();
      await quickly('the driver offers itself to kubelet', () => {
        const socket = registrationOf(daemon);
        return socket === leftSocket ? undefined : socket;
      });
      if (leftSocket !== undefined) slowness = Math.max(1, (systemClock.monotonic() - startMs) / USUAL_START_MS);
      if (moment !== 'refresh') await provoke(moment);
      await upTo(LATEST_KILL_MS[moment]);
    }
    await killProcess(pid);
    await quickly('the process is dead', () => (readProcessFile(pid, 'cmdline') === '' ? true : undefined));
    figures.kills[moment] += 1;
    leftSocket = registrationOf(daemon);
    lastKillMs = systemClock.monotonic();
    const volumes = volumesOf(daemon);
    if (volumes.some(({ generations, isMounted, hasData }) => generations > 1 || (isMounted && !hasData))) {
      figures.cutShort += 1;
    }
    const steady = await steadyUids();
    for (const volume of volumes.filter(({ podUid }) => steady.has(podUid))) {
      const broken = brokenFiles(volume);
      if (broken.length > 0) throw new Error(`after a kill (${moment}) a running pod has ${broken.join(', ')}`);
    }
  };

  let uids: Set<string> | undefined;
  const steadyUids = async () => {
    uids ??= new Set(
      (await podList())
        .filter(({ metadata }) => STEADY.includes(metadata?.name ?? ''))
        .map((p) => p.metadata?.uid ?? ''),
    );
    return uids;
  };

  /** Waits until nothing is wrong. */
  const allWell = async (versions: 'any' | 'newest') => {
    await eventually(
      'everything is as if nothing had happened',
      async () => {
        const found = await wrongs(versions);
        return found.length === 0 ? { found } : { seen: found.join('; ') };
      },
      LONGEST_HEALING_MS,
    );
  };

  /** Everything that is not as it should be; empty when all is well. */
  const wrongs = async (versions: 'any' | 'newest'): Promise<string[]> => {
    const pods = await podList();
    const live = new Map(pods.map(({ metadata }) => [metadata?.uid ?? '', metadata?.name ?? '']));
    const daemon = await daemonOf(lab.folder.root);
    const volumes = volumesOf(daemon);
    const synced = await client.get<SecretObject>(RESOURCES.secrets, { namespace: 'default', name: 'synced' });
    const keys = Object.entries(synced.data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]);
    const wantedKeys = { password: valueOf('p', newest), edited: valueOf('o', newest) };
    const edited = editedName(figures.edits);
    const statuses = (await client.list(SECRET_CLASS_RESOURCES.podStatuses, { namespace: 'default' })).items;
    return [
      ...pods.filter((pod) => !isReady(pod)).map(({ metadata }) => `pod ${metadata?.name} is not ready`),
      ...pods.filter((p) => p.metadata?.deletionTimestamp).map(({ metadata }) => `pod ${metadata?.name} does not go`),
      ...[...STEADY, ...passing].filter((name) => ![...live.values()].includes(name)).map((name) => `no pod ${name}`),
      ...[...live].filter(([uid]) => !volumes.some((v) => v.podUid === uid)).map(([, name]) => `${name} has no volume`),
      ...volumes.flatMap((volume) => [
        ...brokenFiles(volume),
        ...(live.has(volume.podUid) ? [] : [`a volume of a pod that is gone: ${volume.path}`]),
        ...(volume.mounts === 1 ? [] : [`${volume.mounts} mounts at ${volume.path}`]),
        ...(volume.generations === 1 ? [] : [`${volume.generations} generations in ${volume.path}`]),
        ...(versions === 'any' || volume.file('first') === valueOf('p', newest) ? [] : [`${volume.path}/first is old`]),
        ...(versions === 'any' || volume.file('other') === valueOf('o', newest) ? [] : [`${volume.path}/other is old`]),
        ...(versions === 'any' || volume.file(edited) === valueOf('o', newest)
          ? []
          : [`${volume.path}/${edited} is old`]),
        ...volume.names.filter((name) => name.startsWith('edited-') && versions === 'newest' && name !== edited),
      ]),
      ...strayRecords(daemon, new Set(live.keys())),
      ...(versions === 'any' ? [] : [...live.values()].flatMap((name) => statusWrongs(name, statuses, newestVersions))),
      ...(versions === 'any' || isDeepStrictEqual(Object.fromEntries(keys), wantedKeys)
        ? []
        : ['the synced Secret has old values']),
      ...(versions === 'any' || synced.metadata?.labels?.['edited'] === edited
        ? []
        : ['the synced Secret is not edited']),
    ];
  };

  return {
    figures,
    kill,
    provoke,
    nodeProcess: () => nextProcess(),
    heal: () => allWell('any'),
    async settle() {
      await rotate();
      // Once more: whatever the last one left is found by a process that knows of nothing.
      await kill('start-up');
      await allWell('newest');
      figures.healedAfterMs.push(Math.round(systemClock.monotonic() - lastKillMs));
      figures.mounts = countInLog('Volume mounted');
      figures.refreshes = countInLog('Volume has new content');
      figures.reads = 0;
      for (const name of STEADY) {
        const bad = await catFile(cluster, name, '/tmp/bad');
        if (bad !== '') throw new Error(`${name} read ${bad}`);
        figures.reads += Number(await catFile(cluster, name, '/tmp/reads'));
      }
    },
    async [Symbol.asyncDispose]() {
      cluster[Symbol.dispose]();
      await lab[Symbol.asyncDispose]();
    },
  };
}

/** The text of a run's figures, for the test's output. */
export function renderFigures(seed: string, figures: KillFigures): string {
  const { kills, healedAfterMs, ...rest } = figures;
  const sum = Object.values(kills).reduce((a, b) => a + b, 0);
  const moments = Object.entries(kills).map(([moment, count]) => `${count} ${moment}`);
  const counts = Object.entries(rest).map(([name, count]) => `${name} ${count}`);
  return `seed ${seed}: ${sum} kills (${moments.join(', ')}); ${counts.join(', ')}; healed after ms: ${healedAfterMs.join(' ')}`;
}

/** What is not whole in a volume, or not of one moment. */
function brokenFiles({ path, file }: NodeVolume): string[] {
  const texts = new Map(FILES.map((name) => [name, file(name)]));
  const broken = FILES.filter((name) => !WHOLE[name].test(texts.get(name) ?? ''));
  return [
    ...broken.map((name) => `${path}/${name} is ${JSON.stringify(texts.get(name))}`),
    ...(texts.get('first') === texts.get('twin') ? [] : [`${path} mixes two versions of one secret`]),
  ];
}

/** Whether a pod's status object says what its volume holds. */
function statusWrongs(pod: string, statuses: readonly KubeObject[], versions: ReadonlyMap<string, string>): string[] {
  const found = statuses.find(({ metadata }) => metadata.name === `${pod}-default-reader`)?.['status'] as
    { readonly objects?: readonly { readonly id: string; readonly version: string }[] } | undefined;
  const held = Object.fromEntries((found?.objects ?? []).map(({ id, version }) => [id, version]));
  return isDeepStrictEqual(held, Object.fromEntries(versions))
    ? []
    : [`the status of ${pod} is ${JSON.stringify(held)}`];
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true;
}

async function catFile({ client }: TestCluster, pod: string, file: string): Promise<string> {
  let text = '';
  await client.exec(
    { namespace: 'default', name: pod },
    {
      command: ['cat', file],
      onStdout: (chunk) => {
        text += chunk.toString('utf8');
      },
    },
  );
  return text.trim();
}

/** Looks every few milliseconds: moments in the life of a process are short. */
async function quickly<T>(what: string, look: () => T | undefined): Promise<T> {
  const endMs = systemClock.monotonic() + 60_000;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (systemClock.monotonic() > endMs) throw new Error(`${what}: not within a minute`);
    await systemClock.sleep(10);
  }
}
