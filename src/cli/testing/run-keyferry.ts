import { runProgram } from '../program.ts';

/** How a command ended and what it wrote. */
export interface Written {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `keyferry` with these words in this process, as a script would: no terminal, no colours, only the variables of `env`. */
export async function runKeyferry(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<Written> {
  const written = { out: '', err: '' };
  const terminal = {
    out: (text: string) => void (written.out += text),
    err: (text: string) => void (written.err += text),
    colour: false,
    errColour: false,
    interactive: false,
    env,
  };
  const exitCode = await runProgram(argv, terminal, {});
  return { exitCode, ...written };
}
