import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parser } from '@prometheus-io/lezer-promql';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { DRIVER_METRICS } from '#driver';
import type { MetricSpec } from '#http';
import { PROVIDER_METRICS } from '#provider';

// The dashboard and the alerts against the tables of the metrics that there are, with Prometheus' own grammar.

const read = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../deploy/monitoring/${name}`, import.meta.url)), 'utf8');

const dashboard = z
  .object({
    panels: z.array(
      z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).default([]), id: z.number() }),
    ),
    templating: z.object({ list: z.array(z.object({ name: z.string() })) }),
  })
  .parse(JSON.parse(read('grafana-dashboard.json')));

const rules = z
  .object({
    spec: z.object({
      groups: z.array(
        z.object({
          rules: z.array(
            z.object({
              alert: z.string(),
              expr: z.string(),
              labels: z.object({ severity: z.enum(['critical', 'warning', 'info']) }),
              annotations: z.object({ summary: z.string(), description: z.string() }),
            }),
          ),
        }),
      ),
    }),
  })
  .parse(parse(read('prometheus-rules.yaml')))
  .spec.groups.flatMap((group) => group.rules);

const queries = [
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ at: title, expr }))),
  ...rules.map(({ alert, expr }) => ({ at: alert, expr })),
];

// What Prometheus adds to every series.
const TARGET_LABELS = ['job', 'instance'];

/** The labels of a series by its name. */
const series = new Map<string, readonly string[]>();
for (const { name, type, labels } of [
  ...Object.values<MetricSpec>(DRIVER_METRICS),
  ...Object.values<MetricSpec>(PROVIDER_METRICS),
]) {
  const own = [...labels, ...TARGET_LABELS];
  if (type === 'histogram') {
    series
      .set(`${name}_bucket`, [...own, 'le'])
      .set(`${name}_sum`, own)
      .set(`${name}_count`, own);
  } else {
    series.set(name, own);
  }
}
const ofTheRuntime = new Registry();
collectDefaultMetrics({ register: ofTheRuntime });
for (const { name } of ofTheRuntime.getMetricsAsArray()) series.set(name, TARGET_LABELS);

interface ReadQuery {
  readonly selectors: { readonly metric: string; readonly labels: readonly string[] }[];
  readonly groupings: readonly string[];
  readonly errors: readonly string[];
}

/** Takes a query apart. A dashboard's variables stand for durations and strings. */
function readQuery(expr: string): ReadQuery {
  const text = expr.replaceAll('$__rate_interval', '5m');
  const selectors: { metric: string; labels: string[] }[] = [];
  const groupings: string[] = [];
  const errors: string[] = [];
  parser.parse(text).iterate({
    enter: ({ name, from, to, node, type }) => {
      if (type.isError) errors.push(`${from}: ${text.slice(from, to + 10)}`);
      if (name === 'VectorSelector') selectors.push({ metric: '', labels: [] });
      const selector = selectors.at(-1);
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector' && selector !== undefined) {
        selector.metric = text.slice(from, to);
      }
      if (name !== 'LabelName') return;
      if (node.parent?.name === 'GroupingLabels') groupings.push(text.slice(from, to));
      else selector?.labels.push(text.slice(from, to));
    },
  });
  return { selectors, groupings, errors };
}

describe.each(queries)('the query of $at: $expr', ({ expr }) => {
  const { selectors, groupings, errors } = readQuery(expr);

  it('is one that Prometheus reads', () => {
    expect(errors).toEqual([]);
    expect(selectors.length).toBeGreaterThan(0);
  });

  it('asks for metrics and labels that there are', () => {
    for (const { metric, labels } of selectors) {
      expect([...series.keys()]).toContain(metric);
      expect(series.get(metric)).toEqual(expect.arrayContaining([...labels]));
    }
    const known = selectors.flatMap(({ metric }) => series.get(metric) ?? []);
    expect(known).toEqual(expect.arrayContaining([...groupings]));
  });
});

it('every alert fills its texts from labels that its query keeps', () => {
  for (const { expr, annotations } of rules) {
    const { groupings } = readQuery(expr);
    const used = [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, name = '']) => name);
    expect(groupings).toEqual(expect.arrayContaining(used));
  }
});

it('panels and alerts have names of their own', () => {
  for (const names of [dashboard.panels.map(({ id }) => String(id)), rules.map(({ alert }) => alert)]) {
    expect(new Set(names).size).toBe(names.length);
  }
});

it('every metric of failures or of freshness has an alert', () => {
  const watched = new Set(rules.flatMap(({ expr }) => readQuery(expr).selectors.map(({ metric }) => metric)));
  const unwatched = [...series.keys()].filter((name) =>
    /error_total$|errors_total$|failures_total$|age_seconds$/.test(name),
  );
  // A refresh that failed is counted by its stage as well; the alert is on its cause.
  expect(unwatched.filter((name) => !watched.has(name))).toEqual(['rotation_reconcile_error_total']);
});
