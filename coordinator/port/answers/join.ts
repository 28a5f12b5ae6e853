import {
  COMMAND_VARIABLE,
  formatCommand,
  quoteArgument,
} from '../../../shared/host/command-line.ts';
import type { JoinAnswer, QrCode } from './join-answer.ts';

/** The addresses of a port. */
export interface PortUrls {
  /** For a worker on this machine: `ws://…`, or `wss://…` with a pin if it needs one. */
  readonly here: string;
  /** The same for workers on other machines. */
  readonly others: readonly string[];
}

export interface JoinOptions {
  readonly urls: PortUrls;
  /** What the asker has shown, if it gives more than the right to watch. */
  readonly token: string | undefined;
  /** Whether workers need it. */
  readonly isTokenNeeded: boolean;
}

/** The image that `deploy/Dockerfile` builds. */
const IMAGE = 'lockstep';

export async function describeJoin(options: JoinOptions): Promise<JoinAnswer> {
  const { urls, token, isTokenNeeded } = options;
  const dashboards = [urls.here, ...urls.others].map(dashboardUrl);
  const [best] = urls.others.length > 0 ? dashboards.slice(1) : dashboards;
  const fragment = token === undefined ? '' : `#token=${encodeURIComponent(token)}`;
  return {
    ...(token !== undefined && { token }),
    isTokenNeeded,
    commands: commandsFor(options),
    dashboards,
    qr: await encodeQr(`${best}${fragment}`),
  };
}

/**
 * A token stands before the command, as a variable: everybody on a machine can read the arguments
 * of its processes.
 */
function commandsFor({ urls, token, isTokenNeeded }: JoinOptions): JoinAnswer['commands'] {
  const { here, others } = urls;
  const variable =
    token === undefined || !isTokenNeeded ? '' : `LOCKSTEP_TOKEN=${quoteArgument(token)}`;
  const withToken = (command: string) => (variable ? `${variable} ${command}` : command);
  const [other] = others;
  // Printed commands run in containers of their own, where loopback is not this coordinator.
  const hereUrl = process.env[COMMAND_VARIABLE] ? (other ?? here) : here;
  const network = other === undefined ? ' --network host' : '';
  const environment = variable ? ` -e ${variable}` : '';
  const image = `${IMAGE} worker ${quoteArgument(other ?? here)}`;
  return {
    here: withToken(formatCommand('worker', hereUrl)),
    elsewhere: others.map((url) => withToken(`npx lockstep worker ${quoteArgument(url)}`)),
    docker: `docker run --rm --init${network}${environment} ${image}`,
  };
}

/** `http://HOST:PORT/` for `ws://HOST:PORT`. Browsers know no pins. */
const dashboardUrl = (url: string): string => `${url.replace(/^ws/, 'http').replace(/#.*/, '')}/`;

async function encodeQr(url: string): Promise<QrCode> {
  // Loaded when somebody asks: most runs never do.
  const { encode } = await import('uqr');
  const { size, data } = encode(url, { ecc: 'M', border: 0 });
  const modules = data.map((row) => row.map((isDark) => (isDark ? '1' : '0')).join(''));
  return { url, size, modules };
}
