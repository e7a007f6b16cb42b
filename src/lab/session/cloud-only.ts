import * as z from 'zod';
import { mappedIssuerSchema, type ListenAddress, type MappedIssuer } from '#lab/cloud';

/** A lab of Azure's side only, for a cluster that runs somewhere else. */
export interface CloudOnly {
  /** Where the gateway listens beside its port on loopback; without a port on the one that it had before, or any. */
  readonly listen?: Omit<ListenAddress, 'port'> & { readonly port?: number | undefined };
  readonly issuers: readonly MappedIssuer[];
}

/** {@link CloudOnly} as JSON: how the lab's own process is told. */
export const cloudOnlySchema = z.object({
  listen: z.object({ host: z.string(), port: z.int().min(0).max(65_535).optional() }).exactOptional(),
  issuers: z.array(mappedIssuerSchema),
});
