import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { LockstepError, reasonOf, systemCode } from '../errors.ts';
import { makeFolder, writeFileAtomically } from '../host/atomic-file.ts';
import { pinOfKey } from '../host/certificate-pin.ts';
import { formatCommand } from '../host/command-line.ts';
import { readTextFile } from '../host/read-file.ts';
import { makeSelfSigned } from '../host/self-signed.ts';
import { hostNames, wholeNumber } from './option-parsers.ts';

interface CertificateOptions {
  readonly host?: readonly string[];
  readonly days: number;
  readonly out: string;
}

export function certificateCommand(): Command {
  return new Command('certificate')
    .summary('make a certificate, for a coordinator with TLS')
    .description(
      'Makes a certificate and a key for a coordinator with TLS (wss:// and https://). Nobody ' +
        'else signs the certificate, so workers know it by the pin in the address.\n' +
        'If the folder has a key already, its certificate is renewed, and the pin stays the ' +
        'same. A running coordinator takes the new certificate within seconds.',
    )
    .addOption(
      new Option(
        '--host <names>',
        'names and addresses of the coordinator, separated by commas, repeatable ' +
          '(default: localhost and the addresses of this machine)',
      ).argParser(hostNames),
    )
    .addOption(
      new Option('--days <count>', 'how long it is valid')
        .default(365)
        .argParser(wholeNumber(1, 3650)),
    )
    .option('--out <dir>', 'folder for cert.pem and key.pem', 'tls')
    .action(makeCertificate);
}

async function makeCertificate({ host, days, out }: CertificateOptions): Promise<void> {
  const hosts = host ?? ['localhost', ...ownAddresses()];
  const [certFile, keyFile] = [join(out, 'cert.pem'), join(out, 'key.pem')];
  try {
    await makeFolder(out);
    const oldKey = await readIfThere(keyFile);
    const { cert, key } = await makeSelfSigned(hosts, days, oldKey);
    // Only its owner may read the key.
    if (oldKey === undefined) await writeFile(keyFile, key, { mode: 0o600, flag: 'wx' });
    await writeFileAtomically(certFile, cert);
    printCertificate(cert, certFile, keyFile, hosts[0]);
  } catch (error) {
    throw new LockstepError('FILE', `cannot make a certificate in ${out}: ${reasonOf(error)}.`);
  }
}

function printCertificate(cert: string, certFile: string, keyFile: string, host: string): void {
  const { subjectAltName, validToDate, publicKey } = new X509Certificate(cert);
  const pin = pinOfKey(publicKey);
  const files = ['--tls-cert', certFile, '--tls-key', keyFile];
  console.log(
    [
      `Certificate  ${certFile}, until ${validToDate.toISOString().slice(0, 10)}`,
      `Key          ${keyFile}: keep it secret`,
      `Names        ${subjectAltName}`,
      `Pin          sha256=${pin}`,
      '',
      'Next:',
      `  ${formatCommand('coordinator', '--host', '0.0.0.0', ...files)}`,
      `  ${formatCommand('worker', `wss://${host}:8080#sha256=${pin}`)}`,
    ].join('\n'),
  );
}

const ownAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ scopeid }) => !scopeid)
    .map(({ address }) => address);

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readTextFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
