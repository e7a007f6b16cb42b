import * as z from 'zod';

const timed = {
  how: z.enum(['fetched', 'shared', 'kept']),
  at: z.string(),
  tookMs: z.number().optional(),
  correlationId: z.string().optional(),
};

const fetchedLine = z.object({
  msg: z.literal('Objects of a volume asked for'),
  time: z.string(),
  namespace: z.string(),
  pod: z.string(),
  targetPath: z.string(),
  vault: z.string(),
  clientId: z.string(),
  assertion: z
    .object({
      issuer: z.string(),
      subject: z.string(),
      audience: z.string(),
      issuedAt: z.string().optional(),
      expiresAt: z.string().optional(),
    })
    .optional(),
  token: z.object(timed).optional(),
  objects: z.array(
    z.object({
      id: z.string(),
      version: z.string().optional(),
      failed: z.string().optional(),
      hint: z.string().optional(),
      ...z.object(timed).partial().shape,
    }),
  ),
});

/** What a publish of the driver came to, by the message of its log line. */
export const PUBLISH_OUTCOMES = {
  'Volume mounted': 'mounted',
  'Volume has new content': 'changed',
  'Volume is up to date': 'unchanged',
  'Volume not mounted': 'refused',
  'Refresh failed, the volume keeps its files': 'kept',
} as const;

const publishLine = z.object({
  msg: z.enum(Object.keys(PUBLISH_OUTCOMES) as (keyof typeof PUBLISH_OUTCOMES)[]),
  time: z.string(),
  namespace: z.string(),
  pod: z.string(),
  podUid: z.string(),
  class: z.string(),
  targetPath: z.string(),
  tookMs: z.number().optional(),
  steps: z.record(z.string(), z.number()).optional(),
  files: z.array(z.object({ path: z.string(), mode: z.string(), sizeBytes: z.number() })).optional(),
  moreFiles: z.number().optional(),
  versions: z.array(z.object({ id: z.string(), version: z.string() })).optional(),
  secrets: z.object({ names: z.array(z.string()), state: z.string() }).optional(),
  errorType: z.string().optional(),
  error: z.string().optional(),
  hint: z.string().optional(),
});

/** A line of the provider: what one mount asked for, and how it was had (docs/node.md). */
export type FetchedLine = Readonly<z.infer<typeof fetchedLine>>;

/** A line of the driver: what became of one publish or refresh (docs/node.md). */
export type PublishLine = Readonly<z.infer<typeof publishLine>>;

/** The lines about volumes of the drivers' logs, each kind in its order. */
export interface VolumeLines {
  readonly fetched: readonly FetchedLine[];
  readonly published: readonly PublishLine[];
}

/** Picks the lines about volumes out of a log of JSON lines. What is cut, or of another form, is passed over. */
export function parseVolumeLines(text: string): VolumeLines {
  const fetched: FetchedLine[] = [];
  const published: PublishLine[] = [];
  for (const line of text.split('\n')) {
    if (!line.includes('"targetPath"')) continue;
    const value = parseJson(line);
    const asFetched = fetchedLine.safeParse(value);
    if (asFetched.success) fetched.push(asFetched.data);
    const asPublished = publishLine.safeParse(value);
    if (asPublished.success) published.push(asPublished.data);
  }
  return { fetched, published };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
