import { onTestFinished } from 'vitest';
import { createRights } from '../../../coordinator/port/answers/rights.ts';
import {
  type CoordinatorServerOptions,
  startCoordinatorServer,
} from '../../../coordinator/port/server.ts';
import { noControl } from '../no-control.ts';

/** Starts a coordinator's port on loopback, without a run behind it, until the test ends. */
export async function startPortServer(options: Partial<CoordinatorServerOptions> = {}) {
  const faults: unknown[] = [];
  const server = await startCoordinatorServer({
    host: '127.0.0.1',
    port: 0,
    onConnection() {},
    onCertificate() {},
    rightsOf: createRights({ token: null }),
    onFault: (error) => faults.push(error),
    status: () => ({ state: 'training' }),
    stepsAfter: () => '{}',
    openEvents: () => false,
    pageFiles: () => new Map(),
    metrics: async () => ({ type: 'text/plain; version=0.0.4', text: '# HELP\n' }),
    contentOf: () => undefined,
    control: noControl,
    isTokenNeeded: false,
    ...options,
  });
  onTestFinished(() => server.close());
  return { ...server, faults };
}
