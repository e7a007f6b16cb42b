const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number that a quantity stands for (apimachinery pkg/api/resource): `500m` is 0.5, `1Ki` is 1024. Undefined when it is none. */
export function parseQuantity(text: string): number | undefined {
  const match = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(text.trim());
  if (match === null) return undefined;
  const [, number = '0', exponent, suffix = ''] = match;
  return exponent === undefined ? Number(number) * (SUFFIXES[suffix] ?? 1) : Number(number + exponent);
}

/** The number that a field of an object stands for, which may be a quantity or a number; 0 for anything else. */
export function quantityValue(quantity: unknown): number {
  if (typeof quantity === 'number') return quantity;
  return typeof quantity === 'string' ? (parseQuantity(quantity) ?? 0) : 0;
}
