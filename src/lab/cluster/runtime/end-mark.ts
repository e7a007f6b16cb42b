/** Takes a mark out of a stream of bytes that may cut it anywhere. */
export interface MarkFilter {
  /** What to pass on of a chunk, and whether the mark has come. */
  take(chunk: Buffer): { readonly content: Buffer; readonly found: boolean };
  /** What was held back because the mark could have begun with it. */
  rest(): Buffer;
}

/** A filter that has seen nothing. */
export function createMarkFilter(mark: Buffer): MarkFilter {
  let held: Buffer = Buffer.alloc(0);
  return {
    take: (chunk) => {
      const all = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const at = all.indexOf(mark);
      if (at !== -1) {
        held = Buffer.alloc(0);
        return { content: Buffer.concat([all.subarray(0, at), all.subarray(at + mark.length)]), found: true };
      }
      const kept = beginningAtEnd(all, mark);
      held = all.subarray(all.length - kept);
      return { content: all.subarray(0, all.length - kept), found: false };
    },
    rest: () => held,
  };
}

/** How many bytes at the end of `text` are the beginning of `mark`. */
function beginningAtEnd(text: Buffer, mark: Buffer): number {
  for (let length = Math.min(text.length, mark.length - 1); length > 0; length -= 1) {
    if (text.subarray(text.length - length).equals(mark.subarray(0, length))) return length;
  }
  return 0;
}
