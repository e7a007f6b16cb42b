import { gunzipSync } from 'node:zlib';
import * as z from 'zod';
import { isDeeperThan } from '#base';

/** A release of Helm as its own record tells it. */
export interface HelmRelease {
  readonly name: string;
  readonly namespace: string;
  /** The chart's name and version, `secrets-store-csi-driver-1.5.4`. */
  readonly chart: string;
  /** The values that a person gave, as they gave them; chart defaults are not in it. */
  readonly values: Readonly<Record<string, unknown>>;
}

const MAX_RECORD_BYTES = 16 * 2 ** 20;
const MAX_DEPTH = 200;
const GZIP = Buffer.from([0x1f, 0x8b]);

const recordSchema = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  chart: z.object({ metadata: z.object({ name: z.string().default(''), version: z.string().default('') }) }),
  config: z.record(z.string(), z.unknown()).nullish(),
});

/**
 * Reads `data.release` of a Secret of the type `helm.sh/release.v1`, where Helm 3 and 4 keep their releases: JSON, gzipped, in
 * base64, and once more in base64 as every Secret's data (helm.sh/helm/v4/pkg/storage/driver, util.go). Undefined where it is
 * anything else.
 */
export function readHelmRelease(data: string): HelmRelease | undefined {
  if (data.length > MAX_RECORD_BYTES) return undefined;
  const packed = Buffer.from(Buffer.from(data, 'base64').toString('latin1'), 'base64');
  const record = recordSchema.safeParse(parseJson(unpack(packed)));
  if (!record.success) return undefined;
  const { name, namespace, chart, config } = record.data;
  const values = config ?? {};
  return { name, namespace, chart: `${chart.metadata.name}-${chart.metadata.version}`, values };
}

/** Helm's first records were not compressed. */
function unpack(packed: Buffer): string {
  if (!packed.subarray(0, 2).equals(GZIP)) return packed.toString('utf8');
  try {
    return gunzipSync(packed, { maxOutputLength: MAX_RECORD_BYTES }).toString('utf8');
  } catch {
    return '';
  }
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isDeeperThan(value, MAX_DEPTH) ? undefined : value;
  } catch {
    return undefined;
  }
}
