/** Facts of one log line. Values are plain; secrets are wrapped in Secret and print as `[redacted]`. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The log that is handed in: a constant message in sentence case, variables in fields, one line per event. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log that adds `fields` to every line. */
  child(fields: LogFields): Log;
}

/** A log that writes nothing. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};
