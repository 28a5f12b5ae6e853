import { X509Certificate } from 'node:crypto';
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import { LockstepError, reasonOf } from '../../shared/errors.ts';
import { pinOfKey } from '../../shared/host/certificate-pin.ts';
import { readTextFile } from '../../shared/host/read-file.ts';

/** The files of a certificate and its key, PEM. The certificate may be followed by its issuers'. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

export interface TlsPair {
  readonly cert: string;
  readonly key: string;
  /** The pin of the key; see `pinOfKey`. */
  readonly pin: string;
  /** Whether the certificate is signed by its own key, so that no machine trusts it by itself. */
  readonly isSelfSigned: boolean;
  readonly expiresAt: Date;
}

/** Reads a pair. Throws a `FILE` error if a file cannot be read, or if they do not fit. */
export async function readTlsPair(files: TlsFiles): Promise<TlsPair> {
  try {
    const [cert, key] = await Promise.all([readTextFile(files.cert), readTextFile(files.key)]);
    createSecureContext({ cert, key });
    const certificate = new X509Certificate(cert);
    return {
      cert,
      key,
      pin: pinOfKey(certificate.publicKey),
      isSelfSigned: certificate.verify(certificate.publicKey),
      expiresAt: certificate.validToDate,
    };
  } catch (error) {
    throw new LockstepError(
      'FILE',
      `cannot use the certificate ${files.cert} with the key ${files.key}: ${reasonOf(error)}. ` +
        'Give files in PEM that belong together; "lockstep certificate" makes some.',
    );
  }
}

const CHECK_INTERVAL_MS = 5_000;

/**
 * Looks every few seconds whether the files have changed, and lets new connections use the new
 * pair. Open connections go on. `onChange` gets the new pair, or an error, with which the old pair
 * stays in use. Returns a function that ends this.
 */
export function renewTlsPair(
  server: Server,
  files: TlsFiles,
  present: TlsPair,
  onChange: (change: TlsPair | LockstepError) => void,
): () => void {
  let inUse = `${present.cert}${present.key}`;
  let failureCount = 0;
  const check = async () => {
    try {
      const pair = await readTlsPair(files);
      failureCount = 0;
      if (`${pair.cert}${pair.key}` === inUse) return;
      inUse = `${pair.cert}${pair.key}`;
      server.setSecureContext(pair);
      onChange(pair);
    } catch (error) {
      // While a pair is being replaced, its files may not fit for a moment.
      if (++failureCount === 2) onChange(error as LockstepError);
    }
  };
  const timer = setInterval(check, CHECK_INTERVAL_MS).unref();
  return () => clearInterval(timer);
}
