import { createInterface } from 'node:readline/promises';
import { systemClock, systemRandom } from '#base';
import { runAz } from '#lab/session';

/** `keyferry az …`: the az stand-in. */
export async function main(argv: readonly string[]): Promise<number> {
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
  const isTty = process.stdout.isTTY === true;
  return runAz(argv, {
    env: process.env,
    stdout: (text) => {
      process.stdout.write(text);
    },
    stderr: (text) => {
      process.stderr.write(text);
    },
    isTty,
    readStdin,
    ...(isTty && process.stdin.isTTY === true ? { ask } : {}),
    clock: systemClock,
    random: systemRandom,
    signal: interrupted.signal,
  });
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}
