/** A number of pods, or a share of `total` such as `25%` (Kubernetes' IntOrString), brought to a whole number by `round`. */
export function podCount(value: number | string, total: number, round: (value: number) => number = Math.ceil): number {
  if (typeof value === 'number') return value;
  return value.endsWith('%') ? round((Number(value.slice(0, -1)) * total) / 100) : Number(value);
}
