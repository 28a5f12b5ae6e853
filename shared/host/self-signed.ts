import { createPrivateKey, createPublicKey } from 'node:crypto';
import { isIP } from 'node:net';
import { generate } from 'selfsigned';

const DAY_MS = 86_400_000;
/** Clocks of other machines may be behind. */
const EARLIER_MS = 3_600_000;
/** The kinds of names in a certificate: RFC 5280 section 4.2.1.6. */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

export interface SelfSigned {
  /** PEM. */
  readonly cert: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

/**
 * Makes a certificate for these names and addresses, signed by its own key (RFC 5280). With `key`
 * (PEM), it renews the certificate of that key, so that the pin stays the same.
 */
export async function makeSelfSigned(
  hosts: readonly string[],
  days: number,
  key?: string,
): Promise<SelfSigned> {
  const now = Date.now();
  const altNames = hosts.map((host) =>
    isIP(host)
      ? ({ type: IP_ADDRESS, ip: host } as const)
      : ({ type: DNS_NAME, value: host } as const),
  );
  const made = await generate([{ name: 'commonName', value: hosts[0] }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(now - EARLIER_MS),
    notAfterDate: new Date(now + days * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
    ],
    ...(key !== undefined && { keyPair: pairOf(key) }),
  });
  return { cert: made.cert, key: made.private };
}

function pairOf(key: string): { privateKey: string; publicKey: string } {
  const privateKey = createPrivateKey(key);
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString(),
  };
}
