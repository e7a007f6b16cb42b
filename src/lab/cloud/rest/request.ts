import { isDeeperThan } from '#base';
import { AzureError } from './azure-error.ts';

const BODY_LIMIT_BYTES = 4 * 1024 * 1024;
/** No resource of Azure is nested nearly as deep. */
const MAX_DEPTH = 100;

/** A JSON object as it arrived. */
export type JsonObject = { readonly [key: string]: unknown };

/** The value of a query parameter; its name is compared without its case, after percent-decoding. */
export function queryValue(url: URL, name: string): string | undefined {
  for (const [key, value] of url.searchParams) if (key.toLowerCase() === name) return value;
  return undefined;
}

/** The request's body as a JSON object; an empty body is an empty object. Throws what `refuse` makes of the problem. */
export async function readJsonObject(request: Request, refuse: (problem: string) => AzureError): Promise<JsonObject> {
  const text = await request.text();
  if (text.length > BODY_LIMIT_BYTES) throw new AzureError(413, 'RequestEntityTooLarge', 'The request is too large.');
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse('The request content was invalid and could not be deserialized: it is not JSON.');
  }
  if (isDeeperThan(value, MAX_DEPTH)) {
    throw refuse(`The request content was invalid: it is nested more than ${MAX_DEPTH} levels deep.`);
  }
  if (!isObject(value)) throw refuse('The request content was invalid and could not be deserialized: it is no object.');
  return value;
}

/** Whether `value` is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `value` when it is a JSON object, else an empty one. */
export function objectOr(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** `value` when it is a text that is not empty, else `fallback`. */
export function textOr(value: unknown, fallback: string): string {
  return typeof value === 'string' && value !== '' ? value : fallback;
}

/** A JSON answer. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  });
}

/** An answer without a body. */
export function empty(status: number, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status, headers });
}
