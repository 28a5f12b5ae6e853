import { describeFault, LockstepError } from '../../shared/errors.ts';
import { systemClock } from '../../shared/system-clock.ts';
import { ControlError } from '../control/control-error.ts';
import type { RunControl } from '../control/run-control.ts';
import { EventStreams } from '../dashboard/event-streams.ts';
import { readPageFiles } from '../dashboard/page-files.ts';
import { dashboardUrl } from '../port/addresses.ts';
import { createRights } from '../port/answers/rights.ts';
import { SECURITY_HEADERS } from '../port/answers/send.ts';
import { type PortOptions, startCoordinatorServer } from '../port/server.ts';
import { studyRoutes } from '../study/study-routes.ts';
import type { StudySource } from '../study/study-source.ts';
import { neighborRoutes } from './proof.ts';
import type { ViewedRun } from './viewed-run.ts';

/** Why no worker can join here, for the worker's user. */
const NO_WORKERS =
  'this port shows a recorded run, which takes no workers: connect to a coordinator';

export interface ViewServer {
  /** The page, for a browser on this machine. */
  readonly address: string;
  /** The same for other machines. */
  readonly otherAddresses: readonly string[];
  close(): Promise<void>;
}

/**
 * Serves the dashboard of a recorded run, on a port like a coordinator's. Throws a `NETWORK` error.
 */
export async function serveRun(
  run: ViewedRun,
  directory: string,
  study: StudySource,
  { host, port, preferredPort, allowedHosts, tls, secrets, isTokenMade }: PortOptions,
  say: (message: string) => void,
): Promise<ViewServer> {
  const onFault = (error: unknown) => say(describeFault(error));
  const streams = new EventStreams({
    updateAfter: (cursor) => run.updateAfter(cursor),
    headers: SECURITY_HEADERS,
    clock: systemClock,
    date: Date.now,
    onFault,
  });
  const server = await startCoordinatorServer({
    ...{ host, port, preferredPort, allowedHosts, tls },
    rightsOf: createRights(secrets),
    onConnection: NO_WORKERS,
    onFault,
    onCertificate: say,
    status: () => run.updateAfter(undefined).status,
    stepsAfter: () => '{"steps":[],"isMore":false}',
    metrics: async () => ({
      type: 'text/plain; charset=utf-8',
      text: '# A recorded run has no metrics.\n',
    }),
    openEvents: (request, response) => streams.open(request, response),
    pageFiles: readPageFiles,
    routes: new Map([
      ['/api/moments', () => `{"moments":${run.momentsAsJson()}}`],
      ['/api/join', refuseWorkers],
      ...neighborRoutes(() => directory),
    ]),
    dataRoutes: studyRoutes(study),
    contentOf: () => undefined,
    control: NO_CONTROL,
    isTokenNeeded: false,
  });
  const token = isTokenMade ? (secrets.token ?? undefined) : undefined;
  return {
    address: pageAddress(server.url, token),
    otherAddresses: server.otherUrls.map((url) => pageAddress(url, token)),
    async close() {
      streams.close();
      await server.close();
    },
  };
}

function refuseWorkers(): never {
  throw new LockstepError('USAGE', NO_WORKERS);
}

/** Nobody can change what has been recorded. */
const NO_CONTROL: RunControl = {
  view: () => ({ may: false, actions: [], chaos: null }),
  perform({ action }) {
    throw new ControlError(409, `a recorded run takes no orders: not ${action} either`);
  },
};

/** The address of the page at a port whose address for workers is given. */
const pageAddress = (url: string, token: string | undefined): string =>
  dashboardUrl(url) + (token === undefined ? '' : `#token=${encodeURIComponent(token)}`);
