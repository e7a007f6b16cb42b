// Generates what is generated: protobuf code and the Kubernetes field tables, both in src/gen, docs/errors.md, flags.md,
// metrics.md and chart-values.md, and deploy/keyferry.yaml.
// With --check nothing is written; it fails when the committed files are not current.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { NODE_FLAGS } from '../src/cmd/node-flags.ts';
import { PROVIDER_FLAGS } from '../src/cmd/provider-flags.ts';
import { CAUSES } from '../test/lab/errors/causes.ts';
import { renderErrorsPage } from '../test/lab/errors/render.ts';
import { DRIVER_METRICS } from '../src/driver/metrics.ts';
import { PROVIDER_METRICS } from '../src/provider/metrics.ts';
import { findHelm, renderDeploy } from './render-deploy.ts';
import { renderFlagsPage } from './render-flags-page.ts';
import { renderMetricsPage } from './render-metrics-page.ts';
import { renderValuesPage } from './render-values-page.ts';

const root = dirname(import.meta.dirname);
const target = join(root, 'src', 'gen');
const check = process.argv.includes('--check');

const OPTIONS = [
  'outputServices=grpc-js',
  'oneof=unions-value',
  'env=node',
  'esModuleInterop=true',
  'importSuffix=.ts',
  'forceLong=number',
  'outputJsonMethods=false',
  'outputPartialMethods=true',
  'outputTypeRegistry=false',
  'stringEnums=false',
  'removeEnumPrefix=false',
  'enumsAsLiterals=true',
  'useExactTypes=false',
];

function generateProtobuf(output: string): void {
  const template = {
    version: 'v2',
    plugins: [{ local: join(root, 'node_modules', '.bin', 'protoc-gen-ts_proto'), out: output, opt: OPTIONS }],
  };
  execFileSync(join(root, 'node_modules', '.bin', 'buf'), ['generate', '--template', JSON.stringify(template)], {
    cwd: join(root, 'proto'),
    stdio: 'inherit',
  });
}

async function generateFields(output: string): Promise<void> {
  const script = join(root, 'tools', 'gen-kubernetes-fields.ts');
  if (!existsSync(script)) return;
  const module = (await import(script)) as { generateKubernetesFields(): Promise<{ file: string; text: string }> };
  const { file, text } = await module.generateKubernetesFields();
  writeFileSync(join(output, file), text);
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** Pages of docs/ that are made from tables: the errors' from what its tests are driven by, the flags' from the processes'. */
async function generatePage(name: string, markdown: string): Promise<void> {
  await writeOrCheck(join('docs', name), markdown);
}

/** The chart as one file to apply. Only helm can render it: without it the file stays as it is, and CI has helm. */
async function generateDeploy(): Promise<void> {
  const helm = findHelm();
  if (helm !== undefined) await writeOrCheck(join('deploy', 'keyferry.yaml'), renderDeploy(helm));
  else console.error('deploy/keyferry.yaml is not looked at: there is no helm ("npm run setup:clients" brings one)');
}

async function writeOrCheck(path: string, unformatted: string): Promise<void> {
  const file = join(root, path);
  const text = await format(unformatted, { ...(await resolveConfig(file)), filepath: file });
  if (!check) {
    writeFileSync(file, text);
  } else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    console.error(`${path} is not current; run "npm run gen" and commit it`);
    process.exitCode = 1;
  }
}

const output = mkdtempSync(join(tmpdir(), 'keyferry-gen-'));
try {
  await generatePage('errors.md', renderErrorsPage(CAUSES));
  await generatePage('flags.md', renderFlagsPage({ node: NODE_FLAGS, provider: PROVIDER_FLAGS }));
  const rules = readFileSync(join(root, 'deploy', 'monitoring', 'prometheus-rules.yaml'), 'utf8');
  await generatePage('metrics.md', renderMetricsPage({ driver: DRIVER_METRICS, provider: PROVIDER_METRICS }, rules));
  const chart = join(root, 'charts', 'keyferry');
  const [values, schema] = ['values.yaml', 'values.schema.json'].map((file) => readFileSync(join(chart, file), 'utf8'));
  await generatePage('chart-values.md', renderValuesPage(values ?? '', schema ?? ''));
  await generateDeploy();
  generateProtobuf(output);
  await generateFields(output);
  if (check) {
    const stale = [...new Set([...files(output), ...files(target)])].filter(
      (file) =>
        !existsSync(join(output, file)) ||
        !existsSync(join(target, file)) ||
        readFileSync(join(output, file), 'utf8') !== readFileSync(join(target, file), 'utf8'),
    );
    if (stale.length > 0) {
      console.error(`generated files are not current: ${stale.join(', ')}; run "npm run gen" and commit src/gen`);
      process.exitCode = 1;
    }
  } else {
    rmSync(target, { recursive: true, force: true });
    mkdirSync(target, { recursive: true });
    cpSync(output, target, { recursive: true });
  }
} finally {
  rmSync(output, { recursive: true });
}
