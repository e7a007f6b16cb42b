import type { Clock } from '#base';
import type { EventRecorder } from '#kube';
import type { PublishRequest } from '../request/parse-publish.ts';
import { podTarget } from '../kubernetes/pod-target.ts';
import type { PublishStep, PublishSteps } from './publish-steps.ts';

/**
 * When a person is told, milliseconds. Kubelet gives up after two minutes and then tells DeadlineExceeded alone, whatever the
 * mount waited for (Azure/secrets-store-csi-driver-provider-azure#381, #471, #813); most requests that fail do so within this.
 */
const SLOW_MS = 15_000;

/** What {@link watchSlowVolume} works with. */
export interface SlowVolumeDependencies {
  readonly events: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
}

/** A publish or a refresh that is under way. Disposing it ends the watch. */
export interface SlowVolumeWatch extends Disposable {
  /** The provider has said how to learn what it waits for. */
  onProgress(waiting: () => string | undefined): void;
}

const STEPS: Readonly<Record<PublishStep, string>> = {
  class: 'the SecretProviderClass from the API server',
  mount: 'the mount of its tmpfs',
  provider: 'the provider',
  write: 'its files to be written',
  record: "the driver's record to be written",
  sync: 'the Kubernetes Secrets of the class',
};

/** Tells by one event on the pod what the volume waits for, when it takes long. */
export function watchSlowVolume(
  { events, clock }: SlowVolumeDependencies,
  { pod, className }: PublishRequest,
  steps: Pick<PublishSteps, 'current'>,
): SlowVolumeWatch {
  let waiting: () => string | undefined = () => undefined;
  const timer = new AbortController();
  const tell = () => {
    const step = steps.current;
    const detail = step === 'provider' ? waiting() : undefined;
    const what = detail ?? (step === undefined ? 'the driver' : STEPS[step]);
    const text = `the secrets store objects of ${className} are not mounted after ${SLOW_MS / 1000} s: still waiting for ${what}`;
    events.record(podTarget(pod), 'Warning', 'MountSlow', text);
  };
  void clock.sleep(SLOW_MS, { signal: timer.signal }).then(tell, () => undefined);
  return {
    onProgress: (look) => {
      waiting = look;
    },
    [Symbol.dispose]: () => timer.abort(),
  };
}
