import { isRecord, jsonEqual, listOf, ownField, recordOf, type JsonRecord } from '../json.ts';
import { fieldSchema, type ListSchema, type Schema } from '../schema/schema.ts';

/**
 * A set of places in an object. A place is the steps to it, as FieldsV1 writes them: `f:NAME` a field, `k:{...}` the
 * list item with these keys, `v:VALUE` the item of a set.
 */
export type FieldSet = ReadonlySet<string>;

const JOIN = '\u0001';

/** The steps of a place. */
export function stepsOf(place: string): string[] {
  return place.split(JOIN);
}

/** The place of some steps. */
export function placeOf(steps: readonly string[]): string {
  return steps.join(JOIN);
}

/** Whether `place` lies within `outer`, or is it. */
export function isWithin(place: string, outer: string): boolean {
  return place === outer || place.startsWith(outer + JOIN);
}

/** The step that leads to an item of a list. */
export function itemStep(schema: ListSchema, item: unknown): string {
  if (schema.listType === 'set') return `v:${JSON.stringify(item)}`;
  return `k:${JSON.stringify(itemKeys(schema, item))}`;
}

/** The values by which a list tells its items apart. A port's protocol is TCP when it is left out. */
function itemKeys(schema: ListSchema, item: unknown): JsonRecord {
  const record = recordOf(item);
  return Object.fromEntries(
    [...schema.keys].sort().map((key) => [key, record[key] ?? (key === 'protocol' ? 'TCP' : null)]),
  );
}

/** Every place that `value` sets: leaves, atomic values, and the items of lists and maps. */
export function fieldSetOf(schema: Schema, value: unknown): Set<string> {
  const places = new Set<string>();
  const walk = (at: Schema, part: unknown, steps: readonly string[]) => {
    if (at.type === 'list' && at.listType !== 'atomic' && Array.isArray(part) && part.length > 0) {
      for (const item of part as unknown[]) {
        const next = [...steps, itemStep(at, item)];
        places.add(placeOf(next));
        if (at.listType === 'map') walk(at.items, item, next);
      }
      return;
    }
    const granular = (at.type === 'struct' || at.type === 'map') && !at.atomic;
    if (granular && isRecord(part) && Object.keys(part).length > 0) {
      for (const [field, inner] of Object.entries(part)) {
        if (inner === undefined) continue;
        const next = [...steps, `f:${field}`];
        if (at.type === 'map') places.add(placeOf(next));
        walk(fieldSchema(at, field) ?? { type: 'any' }, inner, next);
      }
      return;
    }
    if (steps.length > 0) places.add(placeOf(steps));
  };
  walk(schema, value, []);
  return places;
}

/** The value at a place; undefined when there is none. */
export function valueAtPlace(schema: Schema, value: unknown, place: string): unknown {
  let at: Schema = schema;
  let current = value;
  for (const step of stepsOf(place)) {
    if (step.startsWith('f:')) {
      if (!isRecord(current)) return undefined;
      current = ownField(current, step.slice(2));
      at = fieldSchema(at, step.slice(2)) ?? { type: 'any' };
    } else {
      if (at.type !== 'list') return undefined;
      const list: ListSchema = at;
      current = listOf(current).find((item) => itemStep(list, item) === step);
      at = list.items;
    }
    if (current === undefined) return undefined;
  }
  return current;
}

/**
 * `value` without what is at `place`. An object or list that becomes empty by this goes too, so that removing the only
 * label removes `labels`. The keys of a list's item stay as long as the item does.
 */
export function withoutPlace(schema: Schema, value: unknown, place: string): unknown {
  return cut(schema, value, stepsOf(place));
}

function cut(schema: Schema, value: unknown, steps: readonly string[]): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return undefined;
  if (step.startsWith('f:')) {
    const field = step.slice(2);
    if (!isRecord(value) || ownField(value, field) === undefined) return value;
    const inner = cut(fieldSchema(schema, field) ?? { type: 'any' }, value[field], rest);
    const { [field]: _old, ...others } = value;
    if (inner !== undefined) return { ...others, [field]: inner };
    return Object.keys(others).length === 0 ? undefined : others;
  }
  if (schema.type !== 'list' || !Array.isArray(value)) return value;
  const [inside = ''] = rest;
  if (schema.keys.includes(inside.slice('f:'.length))) return value;
  const items = (value as unknown[]).flatMap((item) => {
    if (itemStep(schema, item) !== step) return [item];
    const inner = rest.length === 0 ? undefined : cut(schema.items, item, rest);
    return inner === undefined ? [] : [inner];
  });
  return items.length === 0 ? undefined : items;
}

/** Places of `next` that `before` does not have, or that have another value there. */
export function changedPlaces(schema: Schema, before: unknown, next: unknown): Set<string> {
  const changed = new Set<string>();
  const known = fieldSetOf(schema, before);
  for (const place of fieldSetOf(schema, next)) {
    if (
      known.has(place) &&
      (isItem(schema, place) || jsonEqual(valueAtPlace(schema, before, place), valueAtPlace(schema, next, place)))
    ) {
      continue;
    }
    changed.add(place);
  }
  return changed;
}

/** Whether a place is an item with places of its own: its value is theirs. */
function isItem(schema: Schema, place: string): boolean {
  const steps = stepsOf(place);
  if (steps.at(-1)?.startsWith('k:') === true) return true;
  let at: Schema = schema;
  for (const step of steps) {
    if (step.startsWith('f:')) at = fieldSchema(at, step.slice(2)) ?? { type: 'any' };
    else if (at.type === 'list') at = at.items;
  }
  return at.type === 'struct' && !at.atomic;
}

/** The places without those that `gone` names. */
export function minus(places: FieldSet, gone: FieldSet): Set<string> {
  return new Set([...places].filter((place) => !gone.has(place)));
}

/** Reads FieldsV1. What cannot be read is left out. */
export function parseFieldsV1(fields: unknown): Set<string> {
  const places = new Set<string>();
  const walk = (node: unknown, steps: readonly string[]) => {
    const inner = Object.entries(recordOf(node));
    if (inner.length === 0 && steps.length > 0) places.add(placeOf(steps));
    for (const [step, next] of inner) {
      if (step === '.') places.add(placeOf(steps));
      else walk(next, [...steps, step]);
    }
  };
  walk(fields, []);
  return places;
}

/** What lies within a place, by step. A map: a client may write any step, `__proto__` too. */
type TreeNode = Map<string, TreeNode>;

/** Writes FieldsV1. */
export function renderFieldsV1(places: FieldSet): JsonRecord {
  const root: TreeNode = new Map();
  for (const place of [...places].sort()) {
    let node = root;
    for (const step of stepsOf(place)) {
      const next: TreeNode = node.get(step) ?? new Map();
      node.set(step, next);
      node = next;
    }
    node.set('.', new Map());
  }
  // a place without inner places is written without its dot
  const tidy = (node: TreeNode): JsonRecord => {
    const inner = [...node].filter(([step]) => step !== '.');
    const tidied = Object.fromEntries(inner.map(([step, next]) => [step, tidy(next)]));
    return !node.has('.') || inner.length === 0 ? tidied : { '.': {}, ...tidied };
  };
  return tidy(root);
}

/** A place as error texts write it: `.spec.containers[name="c"].image`. */
export function renderPlace(place: string): string {
  return stepsOf(place)
    .map((step) => {
      if (step.startsWith('f:')) return `.${step.slice(2)}`;
      if (step.startsWith('v:')) return `[=${step.slice(2)}]`;
      const keys = JSON.parse(step.slice(2)) as JsonRecord;
      return `[${Object.entries(keys)
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .join(',')}]`;
    })
    .join('');
}
