import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from './client.ts';
import { outputOf } from './programs.ts';

/** A Go program of ours that stands on libraries nobody here wrote: built, without C, from a folder with go.mod and go.sum. */
export function goProgram(options: {
  readonly name: string;
  readonly summary: string;
  readonly source: URL;
  readonly files: readonly string[];
  /** The libraries whose versions are told: module path → what people call it. */
  readonly libraries: Readonly<Record<string, string>>;
}): Client {
  const { name, summary, source, libraries } = options;
  return {
    name,
    summary,
    inputs: ['go.mod', 'go.sum', ...options.files].map((file) => readFileSync(new URL(file, source), 'utf8')),
    async missing() {
      try {
        await outputOf('go', ['version']);
        return undefined;
      } catch {
        return 'no go on the PATH';
      }
    },
    install: (folder, run) =>
      run('go', ['build', '-trimpath', '-o', join(folder, name), '.'], {
        cwd: source.pathname,
        env: { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly -buildvcs=false' },
      }),
    programs: { [name]: name },
    async version(folder) {
      const built = await outputOf('go', ['version', '-m', join(folder, name)]);
      const versions = Object.entries(libraries).map(
        ([module, called]) => `${called} ${new RegExp(`\\sdep\\s${module}\\s(\\S+)`).exec(built)?.[1] ?? '?'}`,
      );
      return `Go: ${versions.join(', ')}`;
    },
  };
}
