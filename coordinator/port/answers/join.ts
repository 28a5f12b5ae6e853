import type { Numerics } from '../../../shared/engine/kernels.ts';
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
  readonly token?: string | undefined;
  /** What lets others work, if the asker may see it. */
  readonly workToken?: string | undefined;
  /** Whether workers need a token. */
  readonly isTokenNeeded: boolean;
  /** How the run rounds. */
  readonly numerics?: Numerics | undefined;
}

/** The image that `deploy/Dockerfile` builds. */
const IMAGE = 'lockstep';

export async function describeJoin(options: JoinOptions): Promise<JoinAnswer> {
  const { urls, token, isTokenNeeded } = options;
  const workToken = isTokenNeeded ? options.workToken : undefined;
  const dashboards = [urls.here, ...urls.others].map(dashboardUrl);
  const [best] = urls.others.length > 0 ? dashboards.slice(1) : dashboards;
  return {
    ...(token !== undefined && { token }),
    isTokenNeeded,
    commands: commandsFor(urls, isTokenNeeded ? token : undefined),
    dashboards,
    page: {
      title: 'This page, for others',
      about: aboutPage(options),
      address: best,
      qr: await encodeQr(withFragment(best, token)),
    },
    tab: {
      title: 'For browsers that compute',
      about: aboutTabs(options.numerics),
      address: `${best}join`,
      qr: await encodeQr(withFragment(`${best}join`, workToken)),
    },
  };
}

function aboutPage({ urls: { others }, token }: JoinOptions): string {
  if (others.length === 0) {
    return (
      'Only this machine reaches the coordinator. Start the run with --host 0.0.0.0, and others ' +
      'can join too.'
    );
  }
  return token === undefined ? '' : 'Whoever reads your token may stop and disturb the run.';
}

/** Browsers without relaxed SIMD keep only strict numerics. */
function aboutTabs(numerics: JoinOptions['numerics']): string {
  const sees = 'Such a tab gets the training data and the model. It cannot control the run.';
  if (numerics !== 'fused') return sees;
  return `${sees} Safari and old browsers can join only a run with --numerics strict.`;
}

/** The token stands after the #, which no browser sends, so it is in no log. */
const withFragment = (address: string, token: string | undefined): string =>
  token === undefined ? address : `${address}#token=${encodeURIComponent(token)}`;

/**
 * The token stands before the command, as a variable: everybody on a machine can read the arguments
 * of its processes.
 */
function commandsFor(
  { here, others }: PortUrls,
  token: string | undefined,
): JoinAnswer['commands'] {
  const variable = token === undefined ? '' : `LOCKSTEP_TOKEN=${quoteArgument(token)}`;
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
