/** What one scenario has: a namespace of its own with a service account that may read the vault, and what it asks there. */
import type { Event, Pod } from '#kube';
import { eventually } from '../../support/test-lab.ts';
import { classManifest, podManifest, type ClassOptions, type PodOptions } from './manifests.ts';
import { checkAftermath } from './aftermath.ts';
import { driverRestarts } from './driver.ts';
import type { Stage } from './stage.ts';

/** A file as a container sees it. */
export interface SeenFile {
  readonly content: string;
  /** Octal: `644`. */
  readonly mode: string;
  /** `<user id>:<group id>`. */
  readonly owner: string;
}

/** See {@link inScene}. All names are of the scene's namespace. */
export interface Scene {
  readonly stage: Stage;
  readonly namespace: string;
  /** How often the driver's containers had been started again when the scene began: UID of the pod → count. */
  readonly restartsBefore: ReadonlyMap<string, number>;
  /** kubectl in the namespace; throws when it fails. */
  kubectl(...args: readonly string[]): Promise<string>;
  getJson<T>(...args: readonly string[]): Promise<T>;
  apply(...objects: readonly object[]): Promise<void>;
  /** Makes a class, or edits it. */
  makeClass(name: string, options: ClassOptions): Promise<void>;
  /** Makes a pod; it need not be ready. */
  makePod(name: string, options: PodOptions): Promise<void>;
  /** Waits until these pods are ready. */
  ready(pods: readonly string[], timeoutSeconds?: number): Promise<void>;
  pods(): Promise<readonly Pod[]>;
  /** What a command prints in a pod's first container. */
  exec(pod: string, ...command: readonly string[]): Promise<string>;
  /** The files of a pod's volume for a class, by name. */
  files(pod: string, className: string): Promise<Record<string, SeenFile>>;
  /** Waits until a file of a pod's volume has this content. */
  fileBecomes(pod: string, path: string, content: string, timeoutMs?: number): Promise<void>;
  /** Deletes pods and waits until they are gone. */
  removePods(...names: readonly string[]): Promise<void>;
  events(): Promise<readonly Event[]>;
}

/** What is known of a scenario before it runs. */
export interface SceneOptions {
  /** Also the namespace. */
  readonly name: string;
  /** Warnings that belong to it, as `Reason: message`; any other fails it. */
  readonly warnings?: readonly RegExp[];
  /** The node is rebooted in it, and the driver's containers start again. */
  readonly rebooted?: boolean;
}

/** Plays a scenario in a namespace of its own; after it nothing may be left on the node, nor told that should not be. */
export async function inScene(
  stage: Stage,
  options: SceneOptions,
  play: (scene: Scene) => Promise<void>,
): Promise<void> {
  const scene = await openScene(stage, options.name);
  try {
    await play(scene);
    await checkAftermath(scene, options);
  } catch (error) {
    // What failed is told by its error; the next scenario is not to fail for what this one left.
    await stage.vaultsDown(false).catch(() => undefined);
    await stage.kubectl('delete', 'namespace', options.name, '--ignore-not-found', '--timeout=60s').catch(() => '');
    throw error;
  } finally {
    await stage.distrust(options.name);
  }
}

async function openScene(stage: Stage, namespace: string): Promise<Scene> {
  await stage.kubectl('create', 'namespace', namespace);
  await stage.kubectl('create', 'serviceaccount', 'reader', '-n', namespace);
  await stage.trust(namespace, 'reader');

  const kubectl = (...args: readonly string[]) => stage.kubectl('-n', namespace, ...args);
  const getJson = <T>(...args: readonly string[]) => stage.getJson<T>('-n', namespace, ...args);
  const apply = async (...objects: readonly object[]) => {
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    await stage.must(['kubectl', '-n', namespace, 'apply', '-f', '-'], JSON.stringify(list));
  };
  const exec = (pod: string, ...command: readonly string[]) => kubectl('exec', pod, '--', ...command);
  return {
    stage,
    namespace,
    restartsBefore: await driverRestarts(stage),
    kubectl,
    getJson,
    apply,
    exec,
    makeClass: (name, options) => apply(classManifest(stage, name, options)),
    makePod: (name, options) => apply(podManifest(stage, name, options)),
    async ready(names, timeoutSeconds = 60) {
      const pods = names.map((name) => `pod/${name}`);
      try {
        await kubectl('wait', '--for=condition=Ready', ...pods, `--timeout=${timeoutSeconds}s`);
      } catch (error) {
        throw new Error(`not ready: ${await whyNot(getJson)}`, { cause: error });
      }
    },
    pods: async () => (await getJson<{ items: Pod[] }>('pods')).items,
    async files(pod, className) {
      const text = await exec(pod, '/bin/sh', '-c', LIST_FILES.replace('FOLDER', `/mnt/${className}`));
      return Object.fromEntries(text.split('\n').map(parseFile));
    },
    async fileBecomes(pod, path, content, timeoutMs) {
      await eventually(
        `${path} in ${pod} is ${content}`,
        async () => {
          const seen = await exec(pod, 'cat', path);
          return seen === content ? { found: true } : { seen };
        },
        timeoutMs,
      );
    },
    async removePods(...names) {
      await kubectl('delete', 'pod', ...names, '--wait', '--timeout=60s');
    },
    events: async () => (await getJson<{ items: Event[] }>('events')).items,
  };
}

/** One line a file: name, mode, owner, content in base64. Hidden names are the driver's own. */
const LIST_FILES = `cd FOLDER && for f in *; do echo "$f $(stat -L -c '%a %u:%g' "$f") $(base64 < "$f" | tr -d '\\n')"; done`;

function parseFile(line: string): readonly [name: string, file: SeenFile] {
  const [name = '', mode = '', owner = '', content = ''] = line.split(' ');
  return [name, { mode, owner, content: Buffer.from(content, 'base64').toString() }];
}

async function whyNot(getJson: Scene['getJson']): Promise<string> {
  const [pods, events] = await Promise.all([
    getJson<{ items: Pod[] }>('pods'),
    getJson<{ items: Event[] }>('events', '--field-selector=type=Warning'),
  ]);
  const waiting = pods.items.filter(({ status }) => !isReady(status?.conditions));
  return JSON.stringify({
    pods: waiting.map(({ metadata, status }) => [metadata?.name, status?.phase, status]).slice(0, 3),
    warnings: events.items.map(({ reason, message }) => `${reason}: ${message}`),
  });
}

const isReady = (conditions: readonly { type: string; status: string }[] | undefined) =>
  conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
