/** What everything throws once the switch has fallen: as a process that was killed does nothing any more. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/** The calls by which a volume's files are changed: a kill comes before one of them. */
export const CHANGING_CALLS = [
  'chmodSync',
  'mkdirSync',
  'mkdtempSync',
  'renameSync',
  'rmSync',
  'symlinkSync',
  'writeFileSync',
] as const;

/** Stops whatever goes through it after a number of steps, as a kill does: not even an undo comes through afterwards. */
export interface KillSwitch {
  /** The steps that were begun. */
  readonly steps: number;
  /** True once the switch has fallen. */
  readonly fallen: boolean;
  /** The same object, each call of whose functions (those in `only`, else all) is a step. */
  guard<T extends object>(target: T, only?: readonly (keyof T)[]): T;
}

/** A switch that lets `after` steps through and falls at the next. */
export function createKillSwitch(after: number): KillSwitch {
  let steps = 0;
  return {
    get steps() {
      return steps;
    },
    get fallen() {
      return steps > after;
    },
    guard: (target, only) =>
      new Proxy(target, {
        get(object, name) {
          const value: unknown = Reflect.get(object, name);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]): unknown => {
            const counted = only === undefined || only.includes(name as keyof typeof object);
            if (counted && steps <= after) steps += 1;
            if (steps > after) throw new Killed(`killed before ${String(name)}`);
            return Reflect.apply(value, object, args);
          };
        },
      }),
  };
}
