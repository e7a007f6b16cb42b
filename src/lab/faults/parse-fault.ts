import * as z from 'zod';
import { inputError, type Issue } from '#base';
import type { FaultSpec } from './fault.ts';

/** Methods are tokens (RFC 9110, 9.1); nobody has one that is longer. */
const METHOD = /^[A-Za-z][A-Za-z-]{0,31}$/;
/** A day of Retry-After is more than any service asks for. */
const LONGEST_RETRY_AFTER_SECONDS = 86_400;
/** What the timers of a client outlast by far. */
const LONGEST_DELAY_MS = 3_600_000;
const LONGEST_FOR_MS = 366 * 86_400_000;

const effectSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('status'),
    status: z.int().min(400).max(599),
    retryAfterSeconds: z.int().min(0).max(LONGEST_RETRY_AFTER_SECONDS).optional(),
  }),
  z.strictObject({ kind: z.literal('latency'), delayMs: z.number().positive().max(LONGEST_DELAY_MS) }),
  z.strictObject({ kind: z.literal('reset') }),
  z.strictObject({ kind: z.literal('hang') }),
]);

const specSchema = z.strictObject({
  host: z
    .string()
    .regex(/^[\w.:*[\]-]{1,253}$/, 'is no host: a name without a scheme or a path, in which * stands for anything'),
  path: z.string().regex(/^[/*]/, 'begins with / or *').max(2000).optional(),
  method: z.string().regex(METHOD, 'is no method').toUpperCase().optional(),
  effect: effectSchema,
  times: z.int().min(1).max(1_000_000).optional(),
  forMs: z.number().positive().max(LONGEST_FOR_MS).optional(),
});

/** A fault as a client of the lab asks for it. Throws `invalid-input` with everything that is wrong. */
export function parseFaultSpec(value: unknown): FaultSpec {
  const parsed = specSchema.safeParse(value);
  if (parsed.success) return { ...parsed.data, host: parsed.data.host.toLowerCase() };
  const issues = parsed.error.issues.map((issue): Issue => ({ path: issue.path.join('.'), message: issue.message }));
  throw inputError('this is no fault', issues);
}
