import type { Dataset } from '../../shared/data/dataset.ts';
import type { LoadedDataset } from '../../shared/data/loading/load-dataset.ts';
import { DATA_ROLES } from '../../shared/data/manifest.ts';
import type { Engine } from '../../shared/engine/engine.ts';
import { describeFault } from '../../shared/errors.ts';
import { makeToken } from '../../shared/host/make-token.ts';
import type { PartialSumComputer } from '../../shared/round/partial-sum-computer.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import type { Workload } from '../../shared/round/workload.ts';
import { systemClock } from '../../shared/system-clock.ts';
import type { RunEnd } from '../connection/close-reason.ts';
import type { OwnWorkers } from '../control/controlled.ts';
import { createRunControl, type OpenControl } from '../control/run-control.ts';
import { readAllPageFiles } from '../dashboard/page-files.ts';
import { dashboardUrl } from '../port/addresses.ts';
import type { AnswerSources, TypedText } from '../port/answers/answers.ts';
import { createRights, type RightsOf } from '../port/answers/rights.ts';
import { type PortOptions, startCoordinatorServer } from '../port/server.ts';
import type { Report } from '../reporting/events.ts';
import type { AuditChoice } from '../scheduling/audit-policy.ts';
import { type ConnectedThreads, type OwnThreads, WorkerPool } from './worker-pool.ts';

export interface ClusterOptions extends PortOptions {
  /** Training begins once this many workers are ready. */
  readonly minWorkers: number;
  /** The run fails after this time with too few workers. Undefined: it waits without limit. */
  readonly workerTimeoutMs?: number | undefined;
  /** Starts workers. `fail` ends the run. */
  readonly startWorkers?: (context: StartContext, fail: (error: Error) => void) => StartedWorkers;
  /** Ends the run in order, as a signal does. Undefined: nobody can ask for that at the port. */
  readonly stopRun?: (() => void) | undefined;
}

/** The workers that the coordinator's process has started. */
export interface StartedWorkers {
  readonly control: OwnWorkers;
  stop(): Promise<void>;
}

/** The context of workers that the coordinator's process starts. */
export interface StartContext {
  /** The address of the coordinator. */
  readonly url: string;
  /** The token that workers must give, if any. */
  readonly token: string | undefined;
  /** Connects a worker of threads in this process. They need `engine`, `config` and `dataset`. */
  readonly connectThreads: (own: OwnThreads) => ConnectedThreads;
  readonly engine: Engine;
  readonly config: RunConfig;
  readonly dataset: Dataset;
  /** Issues an identity for a worker that is about to be started; see `Admission`. */
  readonly issueIdentity: () => string;
  /** To be called before the worker with this identity is killed. */
  readonly noteKilled: (identity: string) => void;
  readonly report: Report;
}

export interface ClusterContext {
  readonly config: RunConfig;
  readonly workload: Workload;
  readonly loaded: LoadedDataset;
  readonly engine: Engine;
  readonly computer: PartialSumComputer;
  /** The part of all sums that a second worker computes too, to compare them: 0 to 1. */
  readonly auditFraction: number;
  /** The part of these checks that the coordinator makes itself. Training waits for them. */
  readonly auditHereFraction: number;
  readonly report: Report;
  readonly status: (cluster: ClusterView) => object;
  /** The timings of the steps after `step`, as JSON. */
  readonly stepsAfter: (step: number) => string;
  readonly openEvents: AnswerSources['openEvents'];
  readonly routes?: AnswerSources['routes'];
  readonly predict?: AnswerSources['predict'];
  readonly dataRoutes?: AnswerSources['dataRoutes'];
  /** All metrics, as Prometheus reads them. */
  readonly metrics: (cluster: ClusterView) => Promise<TypedText>;
}

/** The part of a cluster that the status shows. */
export interface ClusterView {
  readonly pool: Pick<
    WorkerPool,
    'worldSize' | 'workers' | 'counters' | 'refusals' | 'roundUnderWay'
  >;
  /** Whether the workers that are needed to begin have been ready. */
  readonly isGathered: boolean;
}

/** A listening coordinator, with the workers that its own process started, if any. */
export interface Cluster {
  /** The address at which the coordinator listens. */
  readonly url: string;
  readonly port: number;
  readonly pool: WorkerPool;
  readonly view: ClusterView;
  /** Aborted, with the error, when the started workers cannot be kept alive. */
  readonly failure: AbortSignal;
  /** Starts workers, if the options say so, and waits until `minWorkers` are ready. */
  gather(signal: AbortSignal): Promise<void>;
  /** Closes all connections, stops the started workers, and stops listening. */
  close(end: RunEnd): Promise<void>;
}

/** The part of the sums of a guest that are checked, once it has given some right ones. */
const GUEST_AUDIT_FRACTION = 1 / 8;

/** Starts to listen for workers. Throws a `NETWORK` error if that fails. */
export async function openCluster(
  options: ClusterOptions,
  context: ClusterContext,
): Promise<Cluster> {
  const { config, loaded, report, status, stepsAfter, metrics, openEvents } = context;
  const { routes, dataRoutes, predict } = context;
  const { secrets } = options;
  const rightsOf = createRights(secrets);
  const token = secrets.token ?? undefined;
  const pool = createPool(options, context, rightsOf);
  const failure = new AbortController();
  const view = { pool, isGathered: false };
  let started: StartedWorkers | undefined;
  const control = createControl(options, context, pool, () => started?.control);
  const server = await startCoordinatorServer({
    host: options.host,
    port: options.port,
    preferredPort: options.preferredPort,
    allowedHosts: options.allowedHosts,
    tls: options.tls,
    rightsOf,
    ...invitationTo(config, secrets),
    control,
    onConnection: (openLink) => pool.connect(openLink),
    onFault: (error) => report({ event: 'notice', code: 'fault', message: describeFault(error) }),
    onCertificate: (message) => report({ event: 'notice', code: 'certificate', message }),
    status: () => status(view),
    stepsAfter,
    openEvents,
    routes,
    predict,
    dataRoutes,
    pageFiles: readAllPageFiles,
    metrics: () => metrics(view),
    contentOf: contentsOf(loaded),
  });

  return {
    url: server.url,
    port: server.port,
    pool,
    view,
    failure: failure.signal,
    async gather(signal) {
      report({
        event: 'listening',
        url: server.url,
        otherUrls: server.otherUrls,
        dashboardUrl: dashboardUrl(server.url),
        workersNeeded: options.minWorkers,
        ...(options.isTokenMade && { token }),
        ...(secrets.controlToken !== undefined && { controlToken: secrets.controlToken }),
      });
      const start = startContext(context, pool, server.url, token);
      started = options.startWorkers?.(start, (error) => failure.abort(error));
      await pool.waitForWorkers(options.minWorkers, signal);
      view.isGathered = true;
    },
    async close(end) {
      control.close();
      pool.close(end);
      await Promise.all([started?.stop(), server.close()]);
    },
  };
}

/** The content of each file of a dataset, by its digest. */
function contentsOf({ dataset, contents }: LoadedDataset): AnswerSources['contentOf'] {
  const { files } = dataset.manifest;
  const bySha256 = new Map(DATA_ROLES.map((role) => [files[role].sha256, contents[role]]));
  return (sha256) => bySha256.get(sha256);
}

/** What workers need to join. */
function invitationTo({ numerics }: RunConfig, { token, workToken }: PortOptions['secrets']) {
  return { isTokenNeeded: token !== null && workToken !== null, workToken, numerics };
}

const startContext = (
  { engine, config, loaded, report }: ClusterContext,
  pool: WorkerPool,
  url: string,
  token: string | undefined,
): StartContext => ({
  url,
  token,
  connectThreads: (own) => pool.connectThreads(own),
  engine,
  config,
  dataset: loaded.dataset,
  issueIdentity: () => pool.issueIdentity(),
  noteKilled: (identity) => pool.noteKilled(identity),
  report,
});

function createControl(
  { startWorkers, stopRun }: ClusterOptions,
  { auditFraction, report }: ClusterContext,
  pool: WorkerPool,
  ownWorkers: () => OwnWorkers | undefined,
): OpenControl {
  return createRunControl({
    stop: stopRun,
    members: () => pool.controls(),
    startsWorkers: startWorkers !== undefined,
    ownWorkers,
    auditFraction,
    report: (message) => report({ event: 'notice', code: 'control', message }),
    clock: systemClock,
  });
}

function createPool(
  { workerTimeoutMs, secrets }: ClusterOptions,
  { config, workload, engine, computer, auditFraction, auditHereFraction, report }: ClusterContext,
  rightsOf: RightsOf,
): WorkerPool {
  const auditOf = (fraction: number): AuditChoice => ({
    isSelected: () => Math.random() < fraction,
    isCheckedHere: () => Math.random() < auditHereFraction,
  });
  return new WorkerPool({
    clock: systemClock,
    config,
    workload,
    engine,
    recompute(round, node, parameters) {
      for (const partialSum of computer.compute(round, node, parameters))
        if (partialSum) return partialSum.vector;
      throw new Error('a tree node is one subtree');
    },
    audit: auditFraction > 0 ? auditOf(auditFraction) : undefined,
    guestAudit: auditOf(Math.max(auditFraction, GUEST_AUDIT_FRACTION)),
    isGuestToken: (token) => secrets.token !== null && !rightsOf(token).has('control'),
    isTokenValid: (token) => rightsOf(token).has('work'),
    makeIdentity: makeToken,
    workerTimeoutMs,
    report,
  });
}
