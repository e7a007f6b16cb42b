import { KeyferryError, type Clock } from '#base';
import { RESOURCES, type Event, type KubeClient, type Pod } from '#kube';

const LOOK_EVERY_MS = 50;

/** Waits until a pod of the default namespace is ready. Throws `deadline-exceeded` with the pod's last warning after `timeoutMs`. */
export async function waitForReady(
  client: KubeClient,
  name: string,
  { clock, timeoutMs, signal }: { readonly clock: Clock; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Pod> {
  const endMs = clock.monotonic() + timeoutMs;
  for (;;) {
    const pod = await client.get<Pod>(RESOURCES.pods, { namespace: 'default', name }, { signal });
    const ready = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
    if (ready) return pod;
    if (clock.monotonic() > endMs) {
      throw new KeyferryError('deadline-exceeded', `the pod ${name} is not ready: ${await lastWarning(client, name)}`);
    }
    await clock.sleep(LOOK_EVERY_MS, { signal });
  }
}

async function lastWarning(client: KubeClient, name: string): Promise<string> {
  const events = await client.list<Event>(RESOURCES.events, {
    namespace: 'default',
    fieldSelector: `involvedObject.name=${name}`,
  });
  const warning = events.items.filter(({ type }) => type === 'Warning').at(-1);
  return warning === undefined ? 'it has no warning events' : `${warning.reason}: ${warning.message}`;
}

/** What a command in a pod of the default namespace prints. Throws when it does not exit with 0. */
export async function outputOf(client: KubeClient, name: string, command: readonly string[]): Promise<string> {
  const chunks: Buffer[] = [];
  const { exitCode } = await client.exec(
    { namespace: 'default', name },
    { command, onStdout: (chunk) => chunks.push(Buffer.from(chunk)) },
  );
  if (exitCode !== 0) throw new KeyferryError('unknown', `${command.join(' ')} in ${name} exited with ${exitCode}`);
  return Buffer.concat(chunks).toString('utf8').trimEnd();
}
