import type { Clock, Random } from '#base';

/**
 * Names for events about an object: `<object>.<stamp>`, growing with time. client-go's names end in nanoseconds, and lists
 * are by name, so events of one second are shown in their order. The sequence stands for what a clock of milliseconds
 * does not tell, the random part for other recorders.
 */
export function createEventNames({
  clock,
  random,
}: {
  readonly clock: Clock;
  readonly random: Random;
}): (object: string) => string {
  let sequence = 0;
  return (object) => {
    sequence = (sequence + 1) % 1000;
    const nanoseconds = BigInt(clock.now()) * 1_000_000n + BigInt(sequence * 1000);
    return `${object}.${nanoseconds.toString(16)}${random.bytes(2).toString('hex')}`;
  };
}
