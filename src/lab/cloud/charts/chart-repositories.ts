import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import type { AuditLog, CloudService } from '../service.ts';
import { chartMetadata, readChartFiles, underUpstreamName, type ChartFile } from './chart-files.ts';
import { CHART_TIME, packageChart } from './package-chart.ts';
import { UPSTREAM_CHARTS, type UpstreamChart } from './upstream-charts.ts';

/** What serving the repositories needs. */
export interface ChartRepositoriesDeps {
  /** The folder of Keyferry's chart. It is read at the first request. */
  readonly chartFolder: string;
  readonly audit: AuditLog;
}

interface Document {
  readonly type: string;
  readonly body: Buffer;
}

/**
 * Chart repositories at the two addresses that upstream's documentation names, with Keyferry's chart under upstream's names: what a
 * script of `helm repo add` and `helm install` finds there. Everything else on these hosts is not found, as GitHub Pages says it.
 */
export function createChartRepositories({ chartFolder, audit }: ChartRepositoriesDeps): CloudService {
  let documents: Promise<ReadonlyMap<string, Document>> | undefined;
  const load = () => {
    // A chart that could not be read may be there the next time.
    documents ??= loadDocuments(chartFolder).catch((error: unknown) => {
      documents = undefined;
      throw error;
    });
    return documents;
  };
  return {
    name: 'charts',
    serves: (host) => UPSTREAM_CHARTS.some((chart) => chart.host === host),
    fetch: async (request) => {
      const { host, pathname } = new URL(request.url);
      audit.note(request, { operation: pathname.endsWith('.tgz') ? 'ChartGet' : 'ChartIndexGet' });
      if (request.method !== 'GET' && request.method !== 'HEAD') return page(405, 'Not Allowed');
      const found = (await load()).get(`${host}${pathname}`);
      if (found === undefined) return page(404, 'Not Found');
      const { type, body } = found;
      return new Response(new Uint8Array(body), {
        headers: { 'content-type': type, 'cache-control': 'max-age=600', server: 'GitHub.com' },
      });
    },
  };
}

async function loadDocuments(chartFolder: string): Promise<ReadonlyMap<string, Document>> {
  const files = await readChartFiles(chartFolder);
  const all = await Promise.all(UPSTREAM_CHARTS.map((chart) => documentsOf(chart, underUpstreamName(files, chart))));
  return new Map(all.flat());
}

async function documentsOf(
  { host, path, name, version }: UpstreamChart,
  files: readonly ChartFile[],
): Promise<(readonly [string, Document])[]> {
  const archive = await packageChart(name, files);
  const file = `${name}-${version}.tgz`;
  const created = CHART_TIME.toISOString();
  const entry = {
    ...chartMetadata(files),
    created,
    digest: createHash('sha256').update(archive).digest('hex'),
    urls: [`https://${host}${path}${file}`],
  };
  const index = stringify({ apiVersion: 'v1', entries: { [name]: [entry] }, generated: created });
  return [
    [`${host}${path}index.yaml`, { type: 'text/yaml; charset=utf-8', body: Buffer.from(index) }],
    [`${host}${path}${file}`, { type: 'application/gzip', body: archive }],
  ];
}

function page(status: 404 | 405, reason: string): Response {
  return new Response(
    `<!DOCTYPE html>\n<html><head><title>${reason} &middot; GitHub Pages</title></head><body><h1>${status}</h1><p>The lab has only the charts of the Secrets Store CSI driver and its Azure provider here.</p></body></html>\n`,
    { status, headers: { 'content-type': 'text/html; charset=utf-8', server: 'GitHub.com' } },
  );
}
