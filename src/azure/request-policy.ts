import type { SecretClientOptions } from '@azure/keyvault-secrets';
import type { Clock } from '#base';
import type { AzureRequest } from './access.ts';

type AdditionalPolicy = NonNullable<SecretClientOptions['additionalPolicies']>[number];

/** A step of an SDK's request pipeline, with its place. */
export type PolicyOption = AdditionalPolicy;

type SendRequest = AdditionalPolicy['policy']['sendRequest'];
/** A request as the pipelines of the SDKs see it. */
export type PipelineRequest = Parameters<SendRequest>[0];
/** A response as the pipelines of the SDKs see it. */
export type PipelineResponse = Awaited<ReturnType<SendRequest>>;

/** What {@link observePolicy} does around each HTTP request. */
export interface ObserveOptions {
  readonly service: AzureRequest['service'];
  readonly clock: Clock;
  readonly onRequest: (request: AzureRequest) => void;
  /** Called before each request is sent. */
  readonly prepare?: (request: PipelineRequest) => void;
  /** Called with each answer. */
  readonly onResponse?: (response: PipelineResponse) => void;
  /** Called where none came, with what the network said: the identity library tells only that there was an error. */
  readonly onNoResponse?: (error: unknown) => void;
}

/**
 * The id that the client gives a request, as Azure's own logs have it. Key Vault takes it from a header; for Entra ID the
 * identity library puts it among the form's fields (`client-request-id`), and that is the one that sign-in logs show.
 */
export function correlationIdOf(request: PipelineRequest): string | undefined {
  const { body, headers } = request;
  const form =
    typeof body === 'string' ? /(?:^|&)client-request-id=([0-9a-f-]{36})(?:&|$)/i.exec(body)?.[1] : undefined;
  return form ?? headers.get('x-ms-client-request-id');
}

/** Sees every HTTP request that goes out, also those that an SDK sends by itself (challenges, discovery). */
export function observePolicy(options: ObserveOptions): PolicyOption {
  const { service, clock, onRequest } = options;
  return {
    position: 'perRetry',
    policy: {
      name: 'keyferryObservePolicy',
      async sendRequest(request, next) {
        const startedMs = clock.monotonic();
        let status: number | undefined;
        try {
          options.prepare?.(request);
          const response = await next(request).catch((error: unknown) => {
            options.onNoResponse?.(error);
            throw error;
          });
          status = response.status;
          options.onResponse?.(response);
          return response;
        } finally {
          const durationMs = clock.monotonic() - startedMs;
          onRequest({ service, status, durationMs, ...(service === 'keyvault' && objectTypeOf(request.url)) });
        }
      },
    },
  };
}

const OBJECT_TYPES: Readonly<Record<string, AzureRequest['objectType']>> = {
  secrets: 'secret',
  keys: 'key',
  certificates: 'cert',
};

function objectTypeOf(url: string): Pick<AzureRequest, 'objectType'> {
  const collection = /^https?:\/\/[^/]+\/([a-z]+)/.exec(url)?.[1] ?? '';
  return { objectType: Object.hasOwn(OBJECT_TYPES, collection) ? OBJECT_TYPES[collection] : undefined };
}
