import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PodStreams } from '../../pod-streams.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import type { ServiceAccountTokens } from '../auth/service-account-tokens.ts';
import type { ApiContext, UserInfo } from '../operations/context.ts';
import type { RequestFaults } from './request-faults.ts';

/** What serving requests takes. */
export interface ServeContext {
  readonly api: ApiContext;
  readonly tokens: ServiceAccountTokens;
  readonly authorizer: Authorizer;
  /** The node's logs and commands, once there is a node. */
  readonly streams: () => PodStreams | undefined;
  readonly kubernetesVersion: string;
  /** Aborts when the server stops: watches and followed logs end then. */
  readonly stopping: AbortSignal;
  readonly faults: RequestFaults;
}

/** One request, read and with its sender known and allowed. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly user: UserInfo;
}
