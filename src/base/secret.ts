import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/**
 * A token or a secret value. It prints as `[redacted]` in strings, JSON and inspection, so that it cannot reach a
 * log, an error, a metric or an event by accident. `expose()` is the one way to the value and is easy to search for.
 */
export class Secret<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself. Call it only where the value is sent, written or compared. */
  expose(): T {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
