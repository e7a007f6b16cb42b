import { gunzipSync } from 'node:zlib';
import * as z from 'zod';

/** A release of Helm as its own record tells it. The values that a person gave are in the record too: they may be secrets, and are left there. */
export interface HelmRelease {
  readonly name: string;
  readonly namespace: string;
  /** Its name and version are empty where the record does not tell them. */
  readonly chart: { readonly name: string; readonly version: string };
}

const MAX_RECORD_BYTES = 16 * 2 ** 20;
const GZIP = Buffer.from([0x1f, 0x8b]);

const recordSchema = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  chart: z.object({ metadata: z.object({ name: z.string().default(''), version: z.string().default('') }) }),
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
  const { name, namespace, chart } = record.data;
  return { name, namespace, chart: chart.metadata };
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
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
