import * as z from 'zod';
import { inputError, type Issue } from '#base';

const texts = z.record(z.string(), z.string()).nullish();

const metadata = z.object({
  name: z.string(),
  namespace: z.string().optional(),
  labels: texts,
  annotations: texts,
});

const hostVolume = z.object({
  name: z.string(),
  hostPath: z.object({ path: z.string() }).nullish(),
  csi: z
    .object({
      driver: z.string(),
      volumeAttributes: texts,
      nodePublishSecretRef: z.object({ name: z.string().optional() }).nullish(),
    })
    .nullish(),
});

const container = z.object({
  name: z.string(),
  image: z.string().default(''),
  command: z.array(z.string()).nullish(),
  args: z.array(z.string()).nullish(),
  // Values may be secrets, such as a proxy's password, and no check needs them.
  env: z.array(z.object({ name: z.string() })).nullish(),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })).nullish(),
});

/** A DaemonSet as far as the check looks at it. */
export const daemonSetSchema = z.object({
  metadata,
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.array(container),
        volumes: z.array(hostVolume).nullish(),
        nodeSelector: texts,
        tolerations: z.array(z.record(z.string(), z.unknown())).nullish(),
        imagePullSecrets: z.array(z.object({ name: z.string().optional() })).nullish(),
        priorityClassName: z.string().optional(),
      }),
    }),
  }),
});
/** See {@link daemonSetSchema}. */
export type DaemonSetObject = z.output<typeof daemonSetSchema>;
/** One container of a DaemonSet. */
export type ContainerObject = z.output<typeof container>;

/** A pod as far as the check looks at it. */
export const podSchema = z.object({
  metadata,
  spec: z.object({ volumes: z.array(hostVolume).nullish() }),
  status: z.object({ phase: z.string().optional() }).nullish(),
});

/** A CSIDriver object. */
export const csiDriverSchema = z.object({
  metadata,
  spec: z.object({
    requiresRepublish: z.boolean().nullish(),
    tokenRequests: z
      .array(z.object({ audience: z.string().default(''), expirationSeconds: z.number().nullish() }))
      .nullish(),
  }),
});
/** See {@link csiDriverSchema}. */
export type CsiDriverObject = z.output<typeof csiDriverSchema>;

/** An object of which its metadata says enough: a CustomResourceDefinition, a ClusterRole, a Secret, a node. */
export const metadataSchema = z.object({ metadata });
/** See {@link metadataSchema}. */
export type MetadataObject = z.output<typeof metadataSchema>;

/** A class as far as it can be told from others; the class parsers read the rest. */
export const classObjectSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string(), namespace: z.string() }),
});

/** Reads the items of a list. Throws `invalid-input` where the server answers with something else. */
export function parseItems<Schema extends z.ZodType>(
  schema: Schema,
  what: string,
  items: readonly unknown[],
): z.output<Schema>[] {
  const issues: Issue[] = [];
  const parsed = items.flatMap((item, index) => {
    const result = schema.safeParse(item);
    if (result.success) return [result.data];
    issues.push(
      ...result.error.issues.map(({ path, message }) => ({ path: `items[${index}].${path.join('.')}`, message })),
    );
    return [];
  });
  if (issues.length > 0) throw inputError(`the API server lists ${what} that are none`, issues.slice(0, 10));
  return parsed;
}
