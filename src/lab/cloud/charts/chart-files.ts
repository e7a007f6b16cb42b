import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { parseDocument } from 'yaml';
import type { UpstreamChart } from './upstream-charts.ts';

/** One file of a chart, by its path below the chart's folder with slashes. */
export interface ChartFile {
  readonly path: string;
  readonly content: Buffer;
}

/** The files of the chart in `folder`, in the order of their paths. */
export async function readChartFiles(folder: string): Promise<ChartFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name !== '.helmignore')
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .toSorted();
  return Promise.all(paths.map(async (path) => ({ path, content: await readFile(join(folder, path)) })));
}

/** A chart's Chart.yaml as an object. */
export function chartMetadata(files: readonly ChartFile[]): Record<string, unknown> {
  const file = files.find(({ path }) => path === 'Chart.yaml');
  return parseDocument(file?.content.toString('utf8') ?? '').toJS() as Record<string, unknown>;
}

/** The same chart with the name, the version and the defaults of upstream's. Comments of the values stay. */
export function underUpstreamName(files: readonly ChartFile[], chart: UpstreamChart): ChartFile[] {
  const { name, version, description, defaults } = chart;
  return files.map((file) => {
    if (file.path === 'Chart.yaml') return edited(file, { name, version, description });
    return file.path === 'values.yaml' ? edited(file, defaults) : file;
  });
}

function edited(file: ChartFile, changes: Readonly<Record<string, unknown>>): ChartFile {
  const document = parseDocument(file.content.toString('utf8'));
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split('.');
    // A value that upstream has and Keyferry's chart lost would be a default of no effect.
    if (!document.hasIn(keys)) throw new Error(`${file.path} of the chart has no ${path}`);
    document.setIn(keys, value);
  }
  return { path: file.path, content: Buffer.from(document.toString({ lineWidth: 0 })) };
}
