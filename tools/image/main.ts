// Assembles the container image from the built package, the Node that runs this and its libraries, without a container engine.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { collectFiles, SBOM_PATH } from './file-tree.ts';
import { REPOSITORY, type Provenance } from './image-config.ts';
import { renderOciArchive } from './oci-archive.ts';
import { writeTree } from './write-tree.ts';

const root = dirname(dirname(import.meta.dirname));
const { version, description, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
  'version' | 'description' | 'license',
  string
>;

interface Options {
  readonly output: string;
  readonly folder?: string;
  readonly reference: string;
}

const command = new Command('npm run image --')
  .description('Assembles the container image, as an OCI archive or as a folder, from this Node and the built package.')
  .option('--output <file>', 'the OCI archive', join('build', 'keyferry-image.tar'))
  .option('--folder <folder>', 'write the file tree there instead of an archive')
  .option('--reference <name>', 'the name of the image with its tag', `${REPOSITORY}:${version}`)
  .addHelpText(
    'after',
    '\nSOURCE_DATE_EPOCH gives all files their time, in seconds; without it the last commit does.\nREVISION is the commit that the image says it was made of.',
  );
await command.action(main).parseAsync().catch(fail);

function fail(error: unknown): void {
  console.error(`the image was not made: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function main({ output, folder, reference }: Options): Promise<void> {
  const created = new Date(Number(process.env['SOURCE_DATE_EPOCH'] ?? git(['log', '-1', '--format=%ct']) ?? 0) * 1000);
  const revision = process.env['REVISION'] ?? git(['rev-parse', 'HEAD']);
  const provenance: Provenance = { version, description, license, revision, created };
  console.error(`collecting what ${process.execPath} (${process.version}) loads`);
  const files = collectFiles(root, provenance);
  if (folder !== undefined) {
    writeTree(resolve(folder), files, created);
    const bytes = files.reduce((sum, { content }) => sum + content.length, 0);
    console.log(`${files.length} files and folders in ${folder}: ${megabytes(bytes)}`);
    return;
  }
  console.error('compressing the layers (some seconds)');
  const { archive, digest, layers } = await renderOciArchive(files, { ...provenance, reference });
  mkdirSync(dirname(resolve(output)), { recursive: true });
  writeFileSync(output, archive);
  const sbom = output.replace(/(\.tar)?$/, '.cdx.json');
  writeFileSync(sbom, files.find(({ path }) => path === SBOM_PATH)?.content ?? '');
  for (const { name, bytes, compressedBytes } of layers) {
    console.log(`layer ${name}: ${megabytes(bytes)}, compressed ${megabytes(compressedBytes)}`);
  }
  console.log(`${reference}@${digest}: ${megabytes(archive.length)} in ${output}; what is in it: ${sbom}`);
}

function git(args: readonly string[]): string | undefined {
  try {
    return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
