import { isRecord, jsonEqual, listOf, ownField, setField, textsOf, type JsonRecord } from '../json.ts';
import { fieldSchema, type ListSchema, type Schema } from '../schema/schema.ts';
import { badRequest } from '../status-errors.ts';

const PATCH = '$patch';
const RETAIN_KEYS = '$retainKeys';
const SET_ORDER = '$setElementOrder/';
const DELETE_PRIMITIVES = '$deleteFromPrimitiveList/';

/**
 * Applies a strategic merge patch (Kubernetes documentation, "Use a Strategic Merge Patch", and design proposal
 * add-new-patchStrategy-to-clear-fields-not-present-in-patch). Lists with a merge key are merged item by item, others
 * are replaced; nothing is changed in place. Throws 400 for a directive that cannot be read.
 */
export function applyStrategicPatch(schema: Schema, original: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) throw badRequest('the patch is not a JSON object');
  return mergeObject(schema, isRecord(original) ? original : {}, patch);
}

function mergeObject(schema: Schema, original: JsonRecord, patch: JsonRecord): JsonRecord {
  const directive = patch[PATCH];
  if (directive === 'replace') return withoutDirectives(schema, patch);
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge')
    throw badRequest(`Unknown patch type: ${JSON.stringify(directive)}`);
  const merged: Record<string, unknown> = retained(original, patch[RETAIN_KEYS]);
  for (const [field, value] of Object.entries(patch)) {
    if (field === PATCH || field === RETAIN_KEYS || field.startsWith(SET_ORDER)) continue;
    if (field.startsWith(DELETE_PRIMITIVES)) {
      const name = field.slice(DELETE_PRIMITIVES.length);
      const gone = listOf(value);
      const kept = listOf(ownField(merged, name)).filter((item) => !gone.some((other) => jsonEqual(item, other)));
      setField(merged, name, kept);
      continue;
    }
    if (value === null) delete merged[field];
    else {
      const before = ownField(merged, field);
      setField(merged, field, mergeField(fieldSchema(schema, field), before, value, patch[SET_ORDER + field]));
    }
    if (isRecord(value) && value[PATCH] === 'delete') delete merged[field];
  }
  // an order may come for a list that the patch does not otherwise touch
  for (const [field, order] of Object.entries(patch)) {
    const name = field.startsWith(SET_ORDER) ? field.slice(SET_ORDER.length) : undefined;
    if (name === undefined || Object.hasOwn(patch, name) || !Array.isArray(ownField(merged, name))) continue;
    const inner = fieldSchema(schema, name);
    if (inner?.type === 'list') merged[name] = ordered(inner, merged[name] as unknown[], listOf(order));
  }
  return merged;
}

function retained(original: JsonRecord, keys: unknown): Record<string, unknown> {
  if (keys === undefined) return { ...original };
  const keep = new Set(textsOf(keys));
  return Object.fromEntries(Object.entries(original).filter(([field]) => keep.has(field)));
}

function mergeField(schema: Schema | undefined, original: unknown, value: unknown, order: unknown): unknown {
  if (Array.isArray(value) && schema?.type === 'list') {
    return mergeList(schema, listOf(original), value as unknown[], order);
  }
  if (isRecord(value)) {
    return mergeObject(schema ?? { type: 'any' }, isRecord(original) ? original : {}, value);
  }
  return value;
}

function mergeList(
  schema: ListSchema,
  original: readonly unknown[],
  patch: readonly unknown[],
  order: unknown,
): readonly unknown[] {
  const { mergeKey } = schema;
  const isReplace = (item: unknown) => isRecord(item) && item[PATCH] === 'replace' && mergeKey !== undefined;
  if (mergeKey === undefined) return patch;
  if (patch.some((item) => isReplace(item) && mergeKey !== '' && (item as JsonRecord)[mergeKey] === undefined)) {
    return patch.filter((item) => !isReplace(item));
  }
  const merged = mergeKey === '' ? mergeScalars(original, patch) : mergeItems(schema, mergeKey, original, patch);
  return order === undefined ? besideOthers(schema, merged, original, patch) : ordered(schema, merged, listOf(order));
}

/**
 * The order of a merged list where the patch says none: the patch's items in their own order, the others where they
 * stood, and a new item that starts the patch stands first (normalizeElementOrder of apimachinery; the documentation
 * shows it with a container added by `kubectl patch`).
 */
function besideOthers(
  schema: ListSchema,
  merged: readonly unknown[],
  original: readonly unknown[],
  patch: readonly unknown[],
): unknown[] {
  const keyOf = itemKey(schema);
  const keys = original.map(keyOf);
  const place = (item: unknown) => keys.findIndex((key) => jsonEqual(key, keyOf(item)));
  const ofPatch = patch.flatMap((item) => merged.filter((other) => jsonEqual(keyOf(other), keyOf(item))));
  const others = merged.filter((item) => !ofPatch.includes(item));
  const result: unknown[] = [];
  while (ofPatch.length > 0) {
    const next = others.length > 0 && place(others[0]) < place(ofPatch[0]) ? others : ofPatch;
    result.push(next.shift());
  }
  return [...result, ...others];
}

function itemKey({ mergeKey }: ListSchema): (item: unknown) => unknown {
  return (item) => (mergeKey === undefined || mergeKey === '' || !isRecord(item) ? item : item[mergeKey]);
}

function mergeScalars(original: readonly unknown[], patch: readonly unknown[]): unknown[] {
  return [...original, ...patch.filter((value) => !original.includes(value))];
}

function mergeItems(
  schema: ListSchema,
  mergeKey: string,
  original: readonly unknown[],
  patch: readonly unknown[],
): unknown[] {
  let merged = [...original];
  for (const item of patch) {
    if (!isRecord(item)) throw badRequest('an item of a merging list is not a JSON object');
    const key = item[mergeKey];
    if (key === undefined)
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`);
    const index = merged.findIndex((other) => isRecord(other) && jsonEqual(other[mergeKey], key));
    if (item[PATCH] === 'delete') {
      merged = merged.filter((other) => !(isRecord(other) && jsonEqual(other[mergeKey], key)));
    } else if (index === -1) {
      merged.push(mergeObject(schema.items, {}, item));
    } else {
      merged[index] = mergeObject(schema.items, merged[index] as JsonRecord, item);
    }
  }
  return merged;
}

/** Items in the order that the patch names; the others stay behind the item that they followed. */
function ordered(schema: ListSchema, items: readonly unknown[], order: readonly unknown[]): unknown[] {
  const keyOf = itemKey(schema);
  const wanted = order.map(keyOf);
  const place = (item: unknown) => wanted.findIndex((key) => jsonEqual(key, keyOf(item)));
  const result = items.filter((item) => place(item) !== -1).sort((a, b) => place(a) - place(b));
  items.forEach((item, index) => {
    if (place(item) !== -1) return;
    const before = items[index - 1];
    const at = before === undefined ? -1 : result.indexOf(before);
    result.splice(at + 1, 0, item);
  });
  return result;
}

/** What is left of a patch that replaces: its values, with the directives of all its inner objects carried out. */
function withoutDirectives(schema: Schema, patch: JsonRecord): JsonRecord {
  const { [PATCH]: _directive, ...rest } = patch;
  return mergeObject(schema, {}, rest);
}
