/** How a failure of the token endpoint looks, whatever its occasion. */
interface AadstsFacts {
  readonly status: 400 | 401 | 429 | 503;
  /** The OAuth 2.0 `error`. */
  readonly error: string;
  /** Whether Entra's error look-up page knows the code: only then the answer has an `error_uri`. */
  readonly hasErrorUri: boolean;
}

const code = (status: AadstsFacts['status'], error: string, hasErrorUri = true): AadstsFacts => ({
  status,
  error,
  hasErrorUri,
});

/**
 * Every failure that the lab's Entra ID knows, by the number of its AADSTS code. Status, error and texts are those of
 * recorded answers and of issues where people quote them.
 */
export const AADSTS = {
  // The tenant and the form.
  90002: code(400, 'invalid_tenant'),
  900023: code(400, 'invalid_request'),
  50059: code(400, 'invalid_request'),
  900561: code(400, 'invalid_request'),
  900144: code(400, 'invalid_request'),
  70003: code(400, 'unsupported_grant_type', false),
  1002012: code(400, 'invalid_scope'),
  70011: code(400, 'invalid_scope'),
  50049: code(400, 'invalid_instance'),
  // The application and its own secret.
  700016: code(400, 'unauthorized_client'),
  700038: code(400, 'unauthorized_client', false),
  7000215: code(401, 'invalid_client'),
  7000216: code(401, 'invalid_client'),
  7000222: code(401, 'invalid_client'),
  7000229: code(401, 'invalid_client', false),
  7000112: code(400, 'unauthorized_client'),
  // The assertion that a client signs with its certificate.
  700021: code(401, 'invalid_client'),
  700023: code(401, 'invalid_client'),
  1000502: code(401, 'invalid_client', false),
  5002723: code(400, 'invalid_request', false),
  // The assertion of a federated exchange.
  50027: code(400, 'invalid_request'),
  5002738: code(400, 'invalid_request', false),
  70025: code(401, 'invalid_client', false),
  700211: code(401, 'invalid_client'),
  700213: code(401, 'invalid_client'),
  7002138: code(401, 'invalid_client', false),
  700212: code(401, 'invalid_client', false),
  50166: code(400, 'invalid_request', false),
  900612: code(400, 'invalid_request', false),
  7000272: code(401, 'invalid_client'),
  700027: code(401, 'invalid_client'),
  700024: code(401, 'invalid_client'),
  700222: code(400, 'invalid_client', false),
  // The resource, and users.
  500011: code(400, 'invalid_resource'),
  9002313: code(400, 'invalid_grant'),
  50034: code(400, 'invalid_grant'),
  // The sign-in with a browser.
  50011: code(400, 'invalid_request'),
  900971: code(400, 'invalid_request'),
  700054: code(400, 'unsupported_response_type'),
  70008: code(400, 'invalid_grant'),
  54005: code(400, 'invalid_grant', false),
  500112: code(401, 'invalid_client'),
  501481: code(400, 'invalid_grant', false),
  9002325: code(400, 'invalid_request', false),
  7000218: code(401, 'invalid_client'),
  // The service itself.
  90055: code(429, 'temporarily_unavailable', false),
  90033: code(503, 'temporarily_unavailable', false),
} as const satisfies Readonly<Record<number, AadstsFacts>>;

/** The number of a failure in {@link AADSTS}. */
export type AadstsCode = keyof typeof AADSTS;

/** A failure of the token endpoint, on its way to {@link renderAadsts}. The text names ids, never a secret or a token. */
export class AadstsError extends Error {
  override readonly name = 'AadstsError';
  readonly code: AadstsCode;

  constructor(code: AadstsCode, text: string, options?: ErrorOptions) {
    super(text, options);
    this.code = code;
  }
}

/** The ids and the time that an answer carries. */
export interface AnswerStamp {
  readonly traceId: string;
  readonly correlationId: string;
  readonly nowMs: number;
}

/** A time as Entra writes it: `2026-11-22 00:12:05Z`. */
export function entraTimestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

/** The JSON answer for `failure`. */
export function renderAadsts(failure: AadstsError, stamp: AnswerStamp): { status: number; body: object } {
  const { status, error, hasErrorUri } = AADSTS[failure.code];
  const timestamp = entraTimestamp(stamp.nowMs);
  return {
    status,
    body: {
      error,
      error_description:
        `AADSTS${failure.code}: ${failure.message} ` +
        `Trace ID: ${stamp.traceId} Correlation ID: ${stamp.correlationId} Timestamp: ${timestamp}`,
      error_codes: [failure.code],
      timestamp,
      trace_id: stamp.traceId,
      correlation_id: stamp.correlationId,
      ...(hasErrorUri ? { error_uri: `https://login.microsoftonline.com/error?code=${failure.code}` } : {}),
    },
  };
}
