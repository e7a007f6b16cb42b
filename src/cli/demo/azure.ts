import { KeyferryError, systemClock, systemRandom } from '#base';
import { runAz } from '#lab/session';

/** Runs commands of the az stand-in in this process. */
export interface Azure {
  /** What the command prints. Throws with what it wrote on stderr when it fails. */
  run(command: string): Promise<string>;
}

/** The stand-in in a lab's environment. Commands are words separated by spaces; a part in single quotes is one word. */
export function createAzure(env: Readonly<Record<string, string | undefined>>, signal: AbortSignal): Azure {
  return {
    async run(command) {
      let out = '';
      let err = '';
      const exitCode = await runAz(words(command).slice(1), {
        env,
        stdout: (text) => {
          out += text;
        },
        stderr: (text) => {
          err += text;
        },
        isTty: false,
        readStdin: () => Promise.resolve(''),
        clock: systemClock,
        random: systemRandom,
        signal,
      });
      if (exitCode !== 0) throw new KeyferryError('unknown', `${command} exited with ${exitCode}: ${err.trim()}`);
      return out.trim();
    },
  };
}

function words(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|[^\s']+/g)].map(([whole, quoted]) => quoted ?? whole);
}
