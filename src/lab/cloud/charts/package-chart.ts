import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { ChartFile } from './chart-files.ts';

/** The time of all files in an archive, so that equal charts are equal bytes: the first that the ZIP format knows, as elsewhere. */
export const CHART_TIME = new Date('1980-01-01T00:00:00Z');

/** A chart's archive as `helm package` makes it: gzipped tar, everything below a folder with the chart's name. */
export async function packageChart(name: string, files: readonly ChartFile[]): Promise<Buffer> {
  const archive = pack();
  const whole = buffer(archive);
  for (const { path, content } of files) {
    archive.entry({ name: `${name}/${path}`, mode: 0o644, mtime: CHART_TIME, uid: 0, gid: 0 }, content);
  }
  archive.finalize();
  return gzipSync(await whole, { level: 9 });
}
