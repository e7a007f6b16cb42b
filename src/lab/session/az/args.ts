/** The value of one option after parsing. */
export type ArgValue = string | number | boolean | readonly string[] | Readonly<Record<string, string>>;

/** What a handler reads its options from, by key. Asking for one with the wrong type is a bug and throws. */
export interface Args {
  /** A required text. */
  text(key: string): string;
  optional(key: string): string | undefined;
  integer(key: string): number | undefined;
  list(key: string): readonly string[] | undefined;
  tags(key: string): Readonly<Record<string, string>> | undefined;
  /** A flag: absent is false. */
  flag(key: string): boolean;
  /** A three-state option: absent is undefined. */
  boolean(key: string): boolean | undefined;
}

/** Reads typed values from what the parser found. */
export function createArgs(values: ReadonlyMap<string, ArgValue>): Args {
  const read = <T extends ArgValue>(key: string, fits: (value: ArgValue) => value is T): T | undefined => {
    const value = values.get(key);
    if (value === undefined) return undefined;
    if (!fits(value))
      throw new TypeError(`the option "${key}" was asked for with another type than it was declared with`);
    return value;
  };
  const optional = (key: string) => read(key, (value) => typeof value === 'string');
  return {
    optional,
    text: (key) => {
      const value = optional(key);
      if (value === undefined) throw new TypeError(`the option "${key}" is read as required and is not declared so`);
      return value;
    },
    integer: (key) => read(key, (value) => typeof value === 'number'),
    list: (key) => read(key, (value): value is readonly string[] => Array.isArray(value)),
    tags: (key) =>
      read(
        key,
        (value): value is Readonly<Record<string, string>> => typeof value === 'object' && !Array.isArray(value),
      ),
    flag: (key) => read(key, (value) => typeof value === 'boolean') ?? false,
    boolean: (key) => read(key, (value) => typeof value === 'boolean'),
  };
}
