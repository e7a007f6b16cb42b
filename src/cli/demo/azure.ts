import { KeyferryError, systemClock, systemRandom } from '#base';
import { captureAz } from '#lab/session';

/** Runs commands of the az stand-in in this process. */
export interface Azure {
  /** What the command, `az` included, prints. Throws with what it wrote on stderr when it fails. */
  run(command: string): Promise<string>;
}

/** The stand-in in a lab's environment. */
export function createAzure(env: Readonly<Record<string, string | undefined>>, signal: AbortSignal): Azure {
  return {
    async run(command) {
      const words = command.replace(/^az /, '');
      const { code, stdout, stderr } = await captureAz(words, {
        env,
        clock: systemClock,
        random: systemRandom,
        signal,
      });
      if (code !== 0) throw new KeyferryError('unknown', `${command} exited with ${code}: ${stderr.trim()}`);
      return stdout.trim();
    },
  };
}
