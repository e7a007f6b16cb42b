import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RESOURCES } from '#kube';
import { podReady } from '../../support/test-lab.ts';
import { findClient, useClient } from '../support/clients.ts';
import { nodeVariables, workloadVariables, type PodEnvironmentKind } from './credentials.ts';
import { bundleJavaScript, programSource, type Language } from './programs.ts';
import { EXCHANGE_AUDIENCE, OTHER_AUDIENCE, SERVICE_ACCOUNT, type Scene } from './scene.ts';

const POD = 'sdk';
const TOKEN_FOLDER = '/var/run/secrets/azure/wi';
const PROGRAMS = '/programs';

/**
 * Starts a pod as the workload identity webhook leaves one that skips a container: the container `workload` has the variables
 * and the volume with a token of the service account, `mistaken-workload` the same with a token for another audience, `node`
 * has neither. They wait; programs are copied
 * into the pod and started in it with kubectl.
 */
export async function startPod(scene: Scene): Promise<void> {
  const { client } = scene.cluster;
  const programs = { name: 'programs', mountPath: PROGRAMS };
  const tokenVolume = (name: string, audience: string) => ({
    name,
    projected: {
      sources: [{ serviceAccountToken: { path: 'token/azure-identity-token', expirationSeconds: 3600, audience } }],
    },
  });
  const volumes = [
    { name: programs.name, emptyDir: {} },
    tokenVolume('token', EXCHANGE_AUDIENCE),
    tokenVolume('mistaken-token', OTHER_AUDIENCE),
  ];
  const token = (name: string) => ({ name, mountPath: TOKEN_FOLDER, readOnly: true });
  const container = (
    name: PodEnvironmentKind,
    env: Readonly<Record<string, string>>,
    volumeMounts: readonly object[],
  ) => ({
    name,
    image: 'debian:12',
    command: ['sleep', 'infinity'],
    env: Object.entries(env).map(([variable, value]) => ({ name: variable, value })),
    volumeMounts,
  });
  const workload = workloadVariables(scene, `${TOKEN_FOLDER}/token/azure-identity-token`);
  await client.create(RESOURCES.pods, SERVICE_ACCOUNT.namespace, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: POD, namespace: SERVICE_ACCOUNT.namespace, labels: { 'azure.workload.identity/use': 'true' } },
    spec: {
      serviceAccountName: SERVICE_ACCOUNT.name,
      terminationGracePeriodSeconds: 0,
      containers: [
        container('workload', workload, [programs, token('token')]),
        container('mistaken-workload', workload, [programs, token('mistaken-token')]),
        container('node', nodeVariables(scene), [programs]),
      ],
      volumes,
    },
  });
  await podReady(client, POD);
}

/**
 * Copies a language's program and its libraries into the pod, where an image would hold them, and answers the command that runs
 * it there. Python, Java and Node are this machine's, which a lab's containers see below /usr.
 */
export async function copyIntoPod(language: Language, scene: Scene): Promise<readonly string[]> {
  const copy = async (from: string, to: string) => {
    const args = ['cp', '-c', 'workload', from, `${POD}:${PROGRAMS}/${to}`];
    await promisify(execFile)(kubectl(), args, { env: scene.lab.env });
  };
  switch (language) {
    case 'javascript':
      await copy(await bundleJavaScript(scene.lab.folder.root), 'scenarios.mjs');
      return ['node', `${PROGRAMS}/scenarios.mjs`];
    case 'python':
      await copy(sitePackages(), 'python');
      await copy(programSource('python'), 'scenarios.py');
      return ['env', `PYTHONPATH=${PROGRAMS}/python`, pythonOfVenv() ?? 'python3', `${PROGRAMS}/scenarios.py`];
    case 'go':
      await copy(useClient('azure-sdk-go').programs['azure-sdk-go'] ?? '', 'scenarios-go');
      return [`${PROGRAMS}/scenarios-go`];
    case 'java':
    default:
      await copy(useClient('azure-sdk-java').folder, 'java');
      return ['java', '-cp', `${PROGRAMS}/java/classes:${PROGRAMS}/java/lib/*`, 'Scenarios'];
  }
}

/** Why a language's program cannot be run in a lab's container of this machine, or nothing. */
export function missingInPods(language: Language): string | undefined {
  const runtime = { javascript: 'node', python: pythonOfVenv(), go: undefined, java: 'java' }[language];
  if (runtime === undefined || ['/usr/local/bin', '/usr/bin'].some((folder) => existsSync(join(folder, runtime)))) {
    return undefined;
  }
  return `no ${runtime} below /usr, which is what a lab's containers see of this machine`;
}

/** The command that runs `command` in the pod's container for the environment, from outside. */
export function inPod(environment: PodEnvironmentKind, command: readonly string[]): readonly string[] {
  return [kubectl(), 'exec', '-i', POD, '-c', environment, '--', ...command];
}

function kubectl(): string {
  return useClient('kubectl-and-helm').programs['kubectl'] ?? 'kubectl';
}

function sitePackages(): string {
  return join(useClient('azure-sdk-python').folder, 'lib', pythonOfVenv() ?? '', 'site-packages');
}

/** `python3.11`: compiled packages are for one minor version. */
function pythonOfVenv(): string | undefined {
  const client = findClient('azure-sdk-python');
  if ('skipped' in client) return undefined;
  return readdirSync(join(client.folder, 'lib')).find((name) => name.startsWith('python3.'));
}
