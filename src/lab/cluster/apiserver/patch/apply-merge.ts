import { isRecord, listOf, ownField, setField } from '../json.ts';
import { fieldSchema, type ListSchema, type Schema } from '../schema/schema.ts';
import { itemStep } from './field-set.ts';

/** `live` with everything that `config` says: objects, sets and keyed lists are merged, the rest is replaced. Nothing is changed in place. */
export function mergeApplied(schema: Schema, live: unknown, config: unknown): unknown {
  if (schema.type === 'list' && schema.listType !== 'atomic' && Array.isArray(config)) {
    return mergeLists(schema, listOf(live), config as unknown[]);
  }
  const granular = (schema.type === 'struct' || schema.type === 'map') && !schema.atomic;
  if (!granular || !isRecord(config)) return config;
  const merged: Record<string, unknown> = isRecord(live) ? { ...live } : {};
  for (const [field, value] of Object.entries(config)) {
    const inner = fieldSchema(schema, field) ?? { type: 'any' };
    setField(merged, field, mergeApplied(inner, ownField(merged, field), value));
  }
  return merged;
}

/** Items that are there keep their places, new ones follow in the order of the configuration. */
function mergeLists(schema: ListSchema, live: readonly unknown[], config: readonly unknown[]): unknown[] {
  const wanted = new Map(config.map((item) => [itemStep(schema, item), item]));
  const kept = live.map((item) => {
    const step = itemStep(schema, item);
    const update = wanted.get(step);
    if (update === undefined) return item;
    wanted.delete(step);
    return schema.listType === 'set' ? item : mergeApplied(schema.items, item, update);
  });
  return [...kept, ...wanted.values()];
}
