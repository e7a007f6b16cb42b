import type { Agent } from 'node:https';
import type { SecretClientOptions } from '@azure/keyvault-secrets';
import type { Clock } from '#base';
import type { AzureRequest } from './access.ts';

/** What the SDK adapters share. */
export interface AdapterOptions {
  readonly clock: Clock;
  /** Put before the SDK's own user agent. */
  readonly userAgent: string;
  /** The longest wait for one answer, milliseconds. */
  readonly timeoutMs: number;
  readonly onRequest: (request: AzureRequest) => void;
  /** How connections are made; undefined: as the libraries do it, by the process's environment. */
  readonly agent: Agent | undefined;
  /** What sends requests, in place of the library's own. */
  readonly httpClient?: NonNullable<SecretClientOptions['httpClient']>;
}
