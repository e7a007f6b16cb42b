import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtinSchema } from '../schema/builtin-schemas.ts';
import { mergeApplied } from './apply-merge.ts';
import {
  fieldSetOf,
  parseFieldsV1,
  placeOf,
  renderFieldsV1,
  renderPlace,
  valueAtPlace,
  withoutPlace,
} from './field-set.ts';

const pod = builtinSchema('Pod');
const sample = {
  metadata: { labels: { app: 'web' }, finalizers: ['f'] },
  spec: {
    nodeSelector: { disk: 'ssd' },
    containers: [{ name: 'c', image: 'i', args: ['x', 'y'], ports: [{ containerPort: 80 }] }],
  },
};

describe('field sets', () => {
  it('name leaves, items and atomic values, as FieldsV1 writes them', () => {
    expect(renderFieldsV1(fieldSetOf(pod, sample))).toEqual({
      'f:metadata': { 'f:labels': { 'f:app': {} }, 'f:finalizers': { 'v:"f"': {} } },
      'f:spec': {
        'f:nodeSelector': {},
        'f:containers': {
          'k:{"name":"c"}': {
            '.': {},
            'f:name': {},
            'f:image': {},
            'f:args': {},
            'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
          },
        },
      },
    });
  });

  it('find the value at each of their places', () => {
    const place = placeOf(['f:spec', 'f:containers', 'k:{"name":"c"}', 'f:image']);
    expect(valueAtPlace(pod, sample, place)).toBe('i');
    expect(renderPlace(place)).toBe('.spec.containers[name="c"].image');
    expect([...fieldSetOf(pod, sample)].filter((each) => valueAtPlace(pod, sample, each) === undefined)).toEqual([]);
  });

  it('survive the way through FieldsV1', () => {
    const names = fc.constantFrom('a', 'b', 'c');
    const generated = fc.record(
      {
        metadata: fc.record({ labels: fc.dictionary(names, names) }, { requiredKeys: [] }),
        spec: fc.record({
          containers: fc.uniqueArray(fc.record({ name: names, image: names }), { selector: ({ name }) => name }),
        }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(generated, (object) => {
        const places = fieldSetOf(pod, object);
        expect(parseFieldsV1(renderFieldsV1(places))).toEqual(places);
      }),
    );
  });

  it('cut a place out, with the objects that are empty then', () => {
    const label = placeOf(['f:metadata', 'f:labels', 'f:app']);
    expect(withoutPlace(pod, { metadata: { name: 'p', labels: { app: 'web' } } }, label)).toEqual({
      metadata: { name: 'p' },
    });
  });
});

describe('applying a configuration', () => {
  it('merges keyed lists and replaces atomic ones', () => {
    const config = { spec: { nodeSelector: { os: 'linux' }, containers: [{ name: 'd' }, { name: 'c', args: ['z'] }] } };
    expect(mergeApplied(pod, sample, config)).toEqual({
      metadata: sample.metadata,
      spec: {
        nodeSelector: { os: 'linux' },
        containers: [{ name: 'c', image: 'i', args: ['z'], ports: [{ containerPort: 80 }] }, { name: 'd' }],
      },
    });
  });
});
