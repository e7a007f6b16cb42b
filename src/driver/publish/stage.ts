import { errorText, toKeyferryError, type KeyferryError, type LogFields } from '#base';
import { ProviderCodeError } from '#providerapi';

/** Values of the `error_type` label, upstream's set: where a publish failed. */
export type ErrorType =
  | 'FailedToEnsureMountPoint'
  | 'FailedToLookupProviderGRPCClient'
  | 'FailedToMount'
  | 'FileWriteError'
  | 'GRPCProviderError'
  | 'ProviderError'
  | 'SecretProviderClassNotFound';

/** A failure with the stage of the publish that it happened in. */
export class StageFailure extends Error {
  override readonly name = 'StageFailure';
  /** An {@link ErrorType}; where a provider answered a code of its own, that. */
  readonly errorType: string;
  readonly error: KeyferryError;

  constructor(errorType: ErrorType, error: unknown) {
    super(errorType, { cause: error });
    this.errorType = error instanceof ProviderCodeError ? error.providerCode : errorType;
    this.error = toKeyferryError(error);
  }

  /** What a log line says of it. */
  get logFields(): LogFields {
    const { upstreamRequestId, hint } = this.error;
    return {
      errorType: this.errorType,
      error: errorText(this.error),
      ...(hint !== undefined && { hint }),
      ...(upstreamRequestId !== undefined && { upstreamRequestId }),
    };
  }
}

/** Runs one stage of a publish; what it throws comes out as a {@link StageFailure}. */
export async function inStage<T>(errorType: ErrorType, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof StageFailure ? error : new StageFailure(errorType, error);
  }
}
