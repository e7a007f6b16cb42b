import { parseArgs } from 'node:util';
import { parseDuration } from '#base';
import { KUBERNETES_RELEASES } from './kubernetes.ts';
import { parseVersion } from './programs.ts';
import type { SetUpOptions } from './set-up.ts';

/** What the command line asks for. */
export interface RunOptions extends Omit<SetUpOptions, 'signal'> {
  /** Measure rather than test. */
  readonly figures: boolean;
  /** Names of test files. */
  readonly words: readonly string[];
}

/** Reads `--version 1.34` (again for more; all without it), `--within 15m`, `--figures`, and names of test files. */
export function readOptions(args: readonly string[]): RunOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      version: { type: 'string', multiple: true, default: Object.keys(KUBERNETES_RELEASES) },
      figures: { type: 'boolean', default: false },
      within: { type: 'string', default: '1h' },
    },
  });
  const withinMs = parseDuration(values.within);
  if (withinMs === undefined) throw new Error(`--within ${values.within}: a duration like 15m or 90s is needed`);
  return { versions: values.version.map(parseVersion), withinMs, figures: values.figures, words: positionals };
}

const USAGE = `Usage: npm run test:cluster -- [--version VERSION]… [--within DURATION] [FILE…]
       npm run bench:cluster -- [--version VERSION]…
       npm run setup:cluster -- [--version VERSION]… [--within DURATION]

The tests, the measurements, or only the programs, of clusters of Kubernetes' own programs: test/cluster/README.md.

  --version VERSION   ${Object.values(KUBERNETES_RELEASES).join(' or ')}, also without the last number; again for more (default: all)
  --within DURATION   how long builds may take together, 15m for example (default: 1h)
  FILE                only the test files whose names have it`;

/** The options of this process; with `--help`, or where they are wrong, it says so and ends. */
export function optionsOfProcess(): RunOptions {
  const args = process.argv.slice(2);
  if (args.some((arg) => arg === '--help' || arg === '-h')) {
    console.log(USAGE);
    return process.exit(0);
  }
  try {
    return readOptions(args);
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return process.exit(2);
  }
}
