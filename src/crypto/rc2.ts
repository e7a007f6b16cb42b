import forgeRc2 from 'node-forge/lib/rc2.js';
import forgeUtil from 'node-forge/lib/util.js';

/**
 * RC2 in CBC mode with a key of its full size (RFC 2268), which OpenSSL 3 leaves to a provider that Node does not load. Old
 * PKCS#12 files hide their certificates with its 40 bits. Undefined: the padding is wrong, so the key is. Only this part of
 * node-forge is loaded, and only for such a file: the whole of it costs ten megabytes of memory.
 */
export function decryptRc2(key: Buffer, iv: Buffer, data: Buffer): Buffer | undefined {
  const cipher = forgeRc2.createDecryptionCipher(key.toString('latin1'), key.length * 8);
  cipher.start(iv.toString('latin1'));
  cipher.update(forgeUtil.createBuffer(data.toString('latin1')));
  // forge looks at the last byte of the padding only: it is left in place, and looked at here.
  if (!cipher.finish(() => true)) return undefined;
  const padded = Buffer.from(cipher.output.getBytes(), 'latin1');
  const count = padded.at(-1) ?? 0;
  const end = padded.length - count;
  const isPadding = count >= 1 && count <= 8 && end >= 0 && padded.subarray(end).every((byte) => byte === count);
  return isPadding ? padded.subarray(0, end) : undefined;
}
