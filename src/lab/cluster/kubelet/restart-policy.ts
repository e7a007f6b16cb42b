import type { Termination } from './pod-status.ts';

const FIRST_MS = 10_000;
const LONGEST_MS = 300_000;
/** A container that ran this long starts over with the shortest pause. */
const FORGIVEN_MS = 600_000;

/** Whether a container that ended runs again. Init containers that fail run again unless the policy is Never. */
export function shouldRestart(kind: 'init' | 'sidecar' | 'main', policy: string, exitCode: number): boolean {
  if (kind === 'sidecar') return true;
  if (kind === 'init') return exitCode !== 0 && policy !== 'Never';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

/** The crash loop of one container: the first restart is at once, then 10 s doubling to 5 min. */
export interface CrashLoop {
  /** Notes an end and answers the pause before the next start, milliseconds after the end. */
  ended(end: Pick<Termination, 'startedAtMs' | 'finishedAtMs'>): number;
}

/** A {@link CrashLoop} of a container that has not ended yet (kuberuntime_manager.go, doBackOff). */
export function createCrashLoop(): CrashLoop {
  let pauseMs = 0;
  return {
    ended: ({ startedAtMs, finishedAtMs }) => {
      const answer = finishedAtMs - startedAtMs >= FORGIVEN_MS ? 0 : pauseMs;
      pauseMs = answer === 0 ? FIRST_MS : Math.min(answer * 2, LONGEST_MS);
      return answer;
    },
  };
}
