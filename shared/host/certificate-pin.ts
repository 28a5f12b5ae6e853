import { createHash, type KeyObject } from 'node:crypto';

/**
 * The pin of a public key: the SHA-256 of its SubjectPublicKeyInfo (RFC 5280 section 4.1), in
 * hexadecimal. It stays the same when a certificate is renewed with the same key.
 */
export function pinOfKey(key: KeyObject): string {
  const bytes = key.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(bytes).digest('hex');
}
