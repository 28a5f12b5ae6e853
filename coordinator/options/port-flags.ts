import { isIP } from 'node:net';
import { type Command, Option } from 'commander';
import { hostName, hostNames, wholeNumber } from '../../shared/cli/option-parsers.ts';
import { givenToken, tokenOptions } from '../../shared/cli/token.ts';
import { LockstepError } from '../../shared/errors.ts';
import { makeToken } from '../../shared/host/make-token.ts';
import { isLoopback } from '../port/hosts.ts';
import type { PortOptions } from '../port/server.ts';

/** The flags of the port at which workers and people connect. */
export function addPortOptions(command: Command, defaultPort: Option): Command {
  command
    .addOption(
      new Option(
        '--host <address>',
        'address to listen on; 0.0.0.0 for all IPv4 addresses of this machine, :: for all',
      )
        .default('127.0.0.1')
        .argParser(hostName),
    )
    .addOption(defaultPort.argParser(wholeNumber(0, 65_535)))
    .addOption(
      new Option(
        '--published <address>',
        'address at which a container’s port is published, if that is not --host',
      ).env('LOCKSTEP_PUBLISHED'),
    )
    .addOption(
      new Option(
        '--allow-host <names>',
        'names and addresses by which others reach this port, in addition to localhost and the ' +
          'addresses of this machine; separated by commas, repeatable',
      ).argParser(hostNames),
    );
  command.option('--open', 'open the dashboard in a browser');
  const options = [
    ...tokenOptions(
      'the secret that lets workers join and people watch and control; none: anybody may join ' +
        'and watch (default: one is made and printed; on 127.0.0.1 it is for control alone)',
    ),
    ...tokenOptions(
      'another secret, that only lets people watch; none: anybody may watch',
      'watch-',
    ),
    ...tokenOptions(
      'another secret, that only lets workers join, for a link to many; none: anybody may join ' +
        '(default: where there is a token, one is made for the run)',
      'work-',
    ),
  ];
  for (const option of options) command.addOption(option);
  return command
    .addOption(
      new Option(
        '--tls-cert <file>',
        'certificate (PEM), for wss:// and https://; see "certificate"',
      ).env('LOCKSTEP_TLS_CERT'),
    )
    .addOption(
      new Option('--tls-key <file>', 'key (PEM) of that certificate').env('LOCKSTEP_TLS_KEY'),
    );
}

/**
 * The port that the flags of a command ask for. A port that others reach gets a token. A port
 * without one gets a token for control alone.
 */
export function portOptionsOf(command: Command): PortOptions {
  const { host, port, published, allowHost, tlsCert, tlsKey } = command.opts();
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new LockstepError('USAGE', '--tls-cert and --tls-key belong together: give both.');
  const given = givenToken(command);
  const isMade = given === undefined && !isLoopback(published ?? host);
  const token = given ?? (isMade ? makeToken() : null);
  return {
    host,
    port,
    // A port that listens on a name is reached by it.
    allowedHosts: isIP(host) === 0 ? [...(allowHost ?? []), host] : allowHost,
    secrets: {
      token,
      watchToken: givenToken(command, 'watchToken'),
      ...(token !== null && { workToken: workTokenOf(command) }),
      ...(token === null && { controlToken: makeToken() }),
    },
    isTokenMade: isMade,
    ...(tlsCert !== undefined && { tls: { cert: tlsCert, key: tlsKey } }),
  };
}

/** Nobody who invites workers has to give them control: there is always a token that only works. */
function workTokenOf(command: Command): string | null {
  const given = givenToken(command, 'workToken');
  return given === undefined ? makeToken() : given;
}
