import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** One metric, as it is registered and as docs/metrics.md tells it. */
export interface MetricSpec {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Each has a bounded set of values: never an error's text, never a secret's name. */
  readonly labels: readonly string[];
  /** Upper bounds, seconds; of a histogram only. */
  readonly buckets?: readonly number[];
  /** True: the name is that of the program we stand in for. */
  readonly upstream?: boolean;
}

/** The metrics of an area, all of them: code, documentation and dashboard are held to it. */
export type MetricTable = Readonly<Record<string, MetricSpec>>;

/** Registers a counter. */
export function registerCounter(registry: Registry, spec: MetricSpec): Counter {
  return new Counter({ name: spec.name, help: spec.help, labelNames: [...spec.labels], registers: [registry] });
}

/** Registers a histogram. */
export function registerHistogram(registry: Registry, spec: MetricSpec): Histogram {
  const { name, help, labels, buckets = [] } = spec;
  return new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers: [registry] });
}

/** Registers a gauge whose series are made anew for each scrape: `read` answers all of them. */
export function registerGauge(registry: Registry, spec: MetricSpec, read: () => Iterable<GaugeValue>): Gauge {
  return new Gauge({
    name: spec.name,
    help: spec.help,
    labelNames: [...spec.labels],
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, value } of read()) this.set({ ...labels }, value);
    },
  });
}

/** One series of a gauge. */
export interface GaugeValue {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The value of a label whose values the process does not choose. */
export type BoundedLabel = (value: string) => string;

const PLAIN = /^[\w./-]{1,64}$/;

/**
 * Keeps a label's values few and plain: after `max` different ones, or for one that is longer than 64 characters or no
 * plain word, the value is `other`. What others name (a provider's error code, Azure's codes) goes through it.
 */
export function createBoundedLabel(max = 50): BoundedLabel {
  const known = new Set<string>();
  return (value) => {
    if (value === '' || known.has(value)) return value;
    if (known.size >= max || !PLAIN.test(value)) return 'other';
    known.add(value);
    return value;
  };
}
