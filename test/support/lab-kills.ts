/**
 * A lab with its state on disk that is killed as a whole, over and over, while clients write to its vault, its API server
 * and its Resource Manager; and what must be there after each restart. test/lab runs it with a few kills, test/endurance
 * with fifty.
 */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, type Random } from '#base';
import { createKubeClient, loadKubeconfig, RESOURCES, type ConfigMap, type KubeClient, type Pod } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { createFakeRandom } from '../../src/base/testing/index.ts';
import { labProcesses, stillRunning, type LabProcesses } from './lab-processes.ts';
import { podWithClass, secretProviderClass } from './manifests.ts';
import { makeReader } from './reader.ts';
import { eventually, makeCluster, podReady, startTestLab, type TestLab } from './test-lab.ts';

/** When a kill comes: before the lab serves, or while clients write. */
export const LAB_KILL_MOMENTS = ['start-up', 'writes'] as const;

/** One of {@link LAB_KILL_MOMENTS}. */
export type LabKillMoment = (typeof LAB_KILL_MOMENTS)[number];

/** What a run did and saw; printed by the tests. */
export interface LabKillFigures {
  readonly kills: Record<LabKillMoment, number>;
  /** Writes that were answered, and those whose answer never came. */
  readonly answered: Record<WriterName, number>;
  readonly cutShort: Record<WriterName, number>;
  /** Of those that were cut short, how many were there after the restart. */
  cutShortAndThere: number;
  podChecks: number;
  /** From the start of the process until it served, milliseconds. */
  readonly startedAfterMs: number[];
}

const WRITERS = ['vault', 'api', 'arm'] as const;
type WriterName = (typeof WRITERS)[number];

/** The lab of a {@link startLabKillScenario}. */
export interface LabKillScenario extends AsyncDisposable {
  readonly figures: LabKillFigures;
  /**
   * Starts the lab, checks that everything is there that was answered before, writes, and kills it; then checks that
   * nothing of it runs. At `start-up` the kill comes before it serves.
   */
  round(moment: LabKillMoment): Promise<void>;
  /** Starts the lab, checks the same and that the pods run with their files, and ends it in order. */
  finish(): Promise<void>;
}

const VAULT = 'kv-lab-kills';
const PODS = ['first', 'second'];
const PASSWORD = 'never-rotated-here';
const KEYS = 4;
const LATEST_START_KILL_MS = 900;
const LATEST_WRITE_KILL_MS = 700;
/** Pods are looked at in one of so many rounds: they take as long to start as all else together. */
const POD_CHECK_EVERY = 4;

/** What one client wrote to one key: the last answered number, and one that may or may not have come through. */
interface Written {
  answered: number;
  tried: number;
}

/** Makes the lab with a cluster, a vault and two pods, and ends it. */
export async function startLabKillScenario(seed: string): Promise<LabKillScenario> {
  const root = mkdtempSync(join(tmpdir(), 'keyferry-lab-kills-'));
  try {
    await using lab = await startTestLab({ root });
    await prepare(lab);
  } catch (error) {
    await rm(root, { recursive: true, force: true });
    throw error;
  }
  return createScenario(root, createFakeRandom(seed));
}

async function prepare(lab: TestLab): Promise<void> {
  using cluster = await makeCluster(lab);
  const { client, tenantId } = cluster;
  await lab.az(`az keyvault create -n ${VAULT} -g g`);
  await lab.az(`az keyvault secret set --vault-name ${VAULT} -n Password --value ${PASSWORD}`);
  const { clientId } = await makeReader(lab, cluster, { vault: VAULT });
  const spc = secretProviderClass({ name: 'reader', clientId, tenantId, vault: VAULT, secrets: ['Password'] });
  await client.create(SECRET_CLASS_RESOURCES.classes, 'default', spc);
  for (const name of PODS) {
    await client.create<Pod>(RESOURCES.pods, 'default', podWithClass(name, 'reader', 'reader'));
  }
  for (const name of PODS) await podReady(client, name);
}

/** One client: how it writes a number under a key, and which number it finds there. */
interface Writer {
  readonly name: WriterName;
  write(key: number, value: number): Promise<unknown>;
  /** Throws when what is there is not whole. */
  read(key: number): Promise<number>;
}

function createScenario(root: string, random: Random): LabKillScenario {
  const zero = () => ({ vault: 0, api: 0, arm: 0 });
  const figures: LabKillFigures = {
    kills: { 'start-up': 0, writes: 0 },
    answered: zero(),
    cutShort: zero(),
    cutShortAndThere: 0,
    podChecks: 0,
    startedAfterMs: [],
  };
  const written = new Map<string, Written>();
  const of = (name: WriterName, key: number) => {
    const id = `${name}/${key}`;
    const found = written.get(id) ?? { answered: 0, tried: 0 };
    written.set(id, found);
    return found;
  };

  const check = async (writers: readonly Writer[]) => {
    for (const writer of writers) {
      for (let key = 0; key < KEYS; key += 1) {
        const state = of(writer.name, key);
        if (state.tried === 0) continue;
        const found = await writer.read(key);
        if (found !== state.answered && found !== state.tried) {
          throw new Error(
            `${writer.name} ${key} is ${found} after the restart; ${state.answered} was answered, ${state.tried} was tried`,
          );
        }
        if (state.tried !== state.answered && found === state.tried) figures.cutShortAndThere += 1;
        state.answered = found;
        state.tried = found;
      }
    }
  };

  /** Writes one number after the other until the lab is gone; tells of the first answer. */
  const keepWriting = async ({ name, write }: Writer, killed: AbortSignal, onAnswer: () => void) => {
    while (!killed.aborted) {
      const key = Math.floor(random.fraction() * KEYS);
      const state = of(name, key);
      state.tried += 1;
      try {
        await write(key, state.tried);
        state.answered = state.tried;
        figures.answered[name] += 1;
        onAnswer();
      } catch (error) {
        if (!killed.aborted) throw error;
        figures.cutShort[name] += 1;
        return;
      }
    }
  };

  const killNow = async (processes: LabProcesses) => {
    // Now the lab's own process, now the one around it: either takes everything with it.
    process.kill(random.fraction() < 0.5 ? processes.daemon : processes.outer, 'SIGKILL');
    await eventually(
      'nothing of the killed lab runs any more',
      async () => {
        const left = stillRunning(processes.all);
        return left.length === 0 ? { found: true } : { seen: left.join('; ') };
      },
      20_000,
    );
  };

  const startAndCheck = async () => {
    const startMs = systemClock.monotonic();
    const lab = await startTestLab({ root });
    figures.startedAfterMs.push(Math.round(systemClock.monotonic() - startMs));
    const client = createKubeClient({ config: loadKubeconfig(lab.folder.kubeconfig, systemClock), clock: systemClock });
    const writers = createWriters(lab, client);
    await check(writers);
    return { lab, client, writers };
  };

  let rounds = 0; // in which it served
  return {
    figures,
    async round(moment) {
      figures.kills[moment] += 1;
      if (moment === 'start-up') {
        const starting = startTestLab({ root }).then(
          () => 'served',
          () => 'did not come up',
        );
        const processes = await eventually('a process of the lab', async () => {
          const found = labProcesses(root);
          return found === undefined ? { seen: 'none' } : { found };
        });
        await systemClock.sleep(random.fraction() * LATEST_START_KILL_MS);
        await killNow(labProcesses(root) ?? processes);
        await starting;
        return;
      }
      const { lab, client, writers } = await startAndCheck();
      using _client = client;
      rounds += 1;
      if (rounds % POD_CHECK_EVERY === 0) {
        await podsRun(client);
        figures.podChecks += 1;
      }
      const killed = new AbortController();
      const writing: Promise<void>[] = [];
      const answers = writers.map(
        (writer) => new Promise<void>((resolve) => writing.push(keepWriting(writer, killed.signal, resolve))),
      );
      // Whatever the machine's load is, each of them has written something.
      await Promise.race([Promise.all(answers), Promise.all(writing)]);
      await systemClock.sleep(random.fraction() * LATEST_WRITE_KILL_MS);
      const processes = labProcesses(root);
      if (processes === undefined) throw new Error('the lab ended by itself');
      killed.abort();
      await killNow(processes);
      await Promise.all(writing);
      await lab.lab.ended;
    },
    async finish() {
      const { lab, client } = await startAndCheck();
      using _client = client;
      await podsRun(client);
      figures.podChecks += 1;
      const processes = labProcesses(root);
      await lab[Symbol.asyncDispose]();
      const left = stillRunning(processes?.all ?? []);
      if (left.length > 0) throw new Error(`after the end there still run ${left.join('; ')}`);
    },
    async [Symbol.asyncDispose]() {
      const processes = labProcesses(root);
      if (processes !== undefined) await killNow(processes);
      await rm(root, { recursive: true, force: true });
    },
  };
}

function createWriters(lab: TestLab, client: KubeClient): readonly Writer[] {
  return [
    {
      name: 'vault',
      write: (key, value) => lab.az(`az keyvault secret set --vault-name ${VAULT} -n key-${key} --value ${value}`),
      read: (key) =>
        lab
          .az(`az keyvault secret show --vault-name ${VAULT} -n key-${key} --query value -o tsv`)
          .then(Number, absentIf(/SecretNotFound/)),
    },
    {
      name: 'api',
      write: (key, value) => {
        const name = `key-${key}`;
        const place = { namespace: 'default', name };
        const data = { value: `${value}`, again: `${value}` };
        const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
        return client.patch(RESOURCES.configmaps, place, { type: 'apply', fieldManager: 'test', body });
      },
      read: (key) =>
        client.get<ConfigMap>(RESOURCES.configmaps, { namespace: 'default', name: `key-${key}` }).then(
          ({ data }) => {
            if (data?.['value'] !== data?.['again']) throw new Error(`half of a ConfigMap: ${JSON.stringify(data)}`);
            return Number(data?.['value']);
          },
          absentIf(/not found/),
        ),
    },
    {
      name: 'arm',
      write: (key, value) => lab.az(`az identity create -g g -n key-${key} --tags value=${value}`),
      read: async (key) => {
        const identity = await lab.az(`az identity show -g g -n key-${key}`).catch(absentIf(/ResourceNotFound/));
        if (identity === ABSENT) return ABSENT;
        const { clientId, principalId, tags } = JSON.parse(identity) as Record<string, string> & {
          tags: { value: string };
        };
        // An identity without its service principal, or with another one than yesterday, would be half of one.
        const principal = await lab.az(`az ad sp show --id ${clientId} --query id -o tsv`);
        if (principal !== principalId) throw new Error(`half of an identity: ${principalId} is not ${principal}`);
        return Number(tags.value);
      },
    },
  ];
}

const ABSENT = 0;

/** For a failure that says that there is no such thing; other failures are thrown on. */
function absentIf(says: RegExp): (error: unknown) => typeof ABSENT {
  return (error) => {
    if (says.test(String(error))) return ABSENT;
    throw error;
  };
}

/** Waits until each pod's container answers with what its volume holds. */
async function podsRun(client: KubeClient): Promise<void> {
  for (const name of PODS) {
    await eventually(`pod ${name} has its file`, async () => {
      let text = '';
      await client
        .exec(
          { namespace: 'default', name },
          {
            command: ['cat', '/mnt/secrets-store/Password'],
            onStdout: (chunk) => {
              text += chunk.toString('utf8');
            },
          },
        )
        .catch((error: unknown) => {
          text = String(error);
        });
      return text === PASSWORD ? { found: true } : { seen: text };
    });
  }
}
