import { isRecord, jsonEqual } from '../json.ts';
import { statusError } from '../status-errors.ts';

/** One operation of RFC 6902. */
export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

const OPERATIONS = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']);

/** As kube-apiserver limits them (maxJSONPatchOperations, and its largest request for what copies may add). */
const MAX_OPERATIONS = 10_000;
const MAX_COPIED_BYTES = 3 * 1024 * 1024;

/** Reads the body of a JSON patch. Throws 400 for anything that is not a list of operations, and 413 for too many of them. */
export function parseJsonPatch(body: unknown): readonly JsonPatchOperation[] {
  if (Array.isArray(body) && body.length > MAX_OPERATIONS) {
    throw statusError({
      code: 413,
      reason: 'RequestEntityTooLarge',
      message: `Request entity too large: The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${body.length}`,
    });
  }
  const ok =
    Array.isArray(body) &&
    body.every(
      (item: unknown) =>
        isRecord(item) &&
        OPERATIONS.has(String(item['op'])) &&
        typeof item['path'] === 'string' &&
        (typeof item['from'] === 'string' || (item['op'] !== 'move' && item['op'] !== 'copy')),
    );
  if (!ok) {
    throw statusError({
      code: 400,
      reason: 'BadRequest',
      message:
        'error decoding patch: a JSON patch is a list of operations, each with "op" and "path", moves and copies with "from"',
    });
  }
  return body as JsonPatchOperation[];
}

/** Applies the operations one after another (RFC 6902); nothing is changed in place. Throws 422 for one that cannot be applied. */
export function applyJsonPatch(document: unknown, operations: readonly JsonPatchOperation[]): unknown {
  const copied = { bytes: 0 };
  return operations.reduce<unknown>((current, operation) => applyOne(current, operation, copied), document);
}

function applyOne(document: unknown, operation: JsonPatchOperation, copied: { bytes: number }): unknown {
  const path = parsePointer(operation.path);
  switch (operation.op) {
    case 'add':
      return edit(document, path, operation, { type: 'add', value: operation.value });
    case 'replace':
      read(document, path, operation);
      return edit(document, path, operation, { type: 'replace', value: operation.value });
    case 'remove':
      read(document, path, operation);
      return edit(document, path, operation, { type: 'remove' });
    case 'test':
      if (!jsonEqual(read(document, path, operation), operation.value)) {
        throw failed(`testing value ${operation.path} failed: test failed`);
      }
      return document;
    case 'copy': {
      const value = read(document, parsePointer(operation.from ?? ''), operation);
      copied.bytes += JSON.stringify(value)?.length ?? 0;
      if (copied.bytes > MAX_COPIED_BYTES) {
        throw failed(
          `Unable to complete the copy, the accumulated size increase of copy is ${copied.bytes}, exceeding the limit ${MAX_COPIED_BYTES}`,
        );
      }
      return edit(document, path, operation, { type: 'add', value });
    }
    case 'move':
    default: {
      const from = parsePointer(operation.from ?? '');
      const value = read(document, from, operation);
      return edit(edit(document, from, operation, { type: 'remove' }), path, operation, { type: 'add', value });
    }
  }
}

/** The steps of a JSON pointer (RFC 6901). */
export function parsePointer(pointer: string): string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw failed(`the path "${pointer}" does not begin with "/"`);
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(document: unknown, path: readonly string[], operation: JsonPatchOperation): unknown {
  let current = document;
  for (const step of path) {
    if (Array.isArray(current)) current = current[listIndex(current, step, operation, current.length - 1)];
    else if (isRecord(current) && Object.hasOwn(current, step)) current = current[step];
    else throw missing(operation);
  }
  return current;
}

type Edit = { readonly type: 'add' | 'replace'; readonly value: unknown } | { readonly type: 'remove' };

function edit(document: unknown, path: readonly string[], operation: JsonPatchOperation, change: Edit): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return change.type === 'remove' ? null : change.value;
  if (Array.isArray(document)) {
    const copy: unknown[] = [...(document as unknown[])];
    if (rest.length > 0) {
      const index = listIndex(copy, step, operation, copy.length - 1);
      copy[index] = edit(copy[index], rest, operation, change);
    } else if (change.type === 'add') {
      copy.splice(step === '-' ? copy.length : listIndex(copy, step, operation, copy.length), 0, change.value);
    } else {
      const index = listIndex(copy, step, operation, copy.length - 1);
      copy.splice(index, 1, ...(change.type === 'replace' ? [change.value] : []));
    }
    return copy;
  }
  if (!isRecord(document)) throw missing(operation);
  if (rest.length > 0) {
    if (!Object.hasOwn(document, step)) throw missing(operation);
    return { ...document, [step]: edit(document[step], rest, operation, change) };
  }
  if (change.type === 'remove') {
    const { [step]: _removed, ...others } = document;
    return others;
  }
  return { ...document, [step]: change.value };
}

function listIndex(list: readonly unknown[], step: string, operation: JsonPatchOperation, last: number): number {
  const index = /^(0|[1-9]\d*)$/.test(step) ? Number(step) : Number.NaN;
  if (!(index <= last))
    throw failed(
      `${operation.op} operation does not apply: doc is missing path: ${operation.path}: missing value (list of ${list.length})`,
    );
  return index;
}

function missing(operation: JsonPatchOperation): Error {
  return failed(
    `${operation.op} operation does not apply: doc is missing path: ${JSON.stringify(operation.path)}: missing value`,
  );
}

/** Kubernetes answers 422 with the reason of the JSON patch library. */
function failed(why: string): Error {
  return statusError({
    code: 422,
    reason: 'Invalid',
    message: `the server rejected our request due to an error in our request: ${why}`,
    details: {},
  });
}
