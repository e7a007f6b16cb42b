/** Makes `Date` of this process tell the machine's time and `offsetMs()` more. Dates made of something stay as they are. */
export function moveDate(offsetMs: () => number): void {
  const Native = Date;
  const nativeNow = Native.now;
  const now = () => nativeNow() + offsetMs();
  // A proxy, not a subclass: dates that Node itself makes, of files for instance, are of the same class.
  const moved = new Proxy(Native, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
    apply: (target) => new target(now()).toString(),
  });
  Native.now = now;
  Native.prototype.constructor = moved;
  globalThis.Date = moved;
}
