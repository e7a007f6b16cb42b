/** Options of an {@link AzureError}. */
export interface AzureErrorOptions {
  /** `error.innererror.code` of Key Vault's errors. */
  readonly innerCode?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal as Azure words it: thrown by a handler, rendered by its service. The message reaches the client. */
export class AzureError extends Error {
  override readonly name = 'AzureError';
  readonly status: number;
  readonly code: string;
  readonly innerCode: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, options: AzureErrorOptions = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.innerCode = options.innerCode;
    this.headers = options.headers ?? {};
  }

  /** What the audit record's `result` says: the code and, where there is one, the inner code. */
  get result(): string {
    return this.innerCode === undefined ? this.code : `${this.code}/${this.innerCode}`;
  }
}
