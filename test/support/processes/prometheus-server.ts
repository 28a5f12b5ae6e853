import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { temporaryFolder } from '../temporary-folder.ts';

/** Whether there is a Prometheus on this machine; Debian's package `prometheus` has it. */
export const hasPrometheus = spawnSync('prometheus', ['--version']).status === 0;

/** A result of a query: the labels of a series, and its value now. */
export interface QueryResult {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface PrometheusServer {
  /** The result of a query at this moment. Rejects if Prometheus does not accept the query. */
  query(expr: string): Promise<readonly QueryResult[]>;
  /** The last error of a job's only target; empty if there was none. */
  lastErrorOf(job: string): Promise<string>;
}

/** Starts a Prometheus on loopback. It is killed when the test ends. */
export async function startPrometheus(config: object): Promise<PrometheusServer> {
  const folder = temporaryFolder();
  const file = join(folder, 'prometheus.yml');
  writeFileSync(file, stringify(config));
  const child = spawn(
    'prometheus',
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
      '--log.format=json',
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const closed = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await closed; // before its folder is removed
  });
  const url = await listeningUrl(child.stderr);
  const get = async <Data>(path: string): Promise<Data> => {
    const response = await fetch(`${url}${path}`);
    const { status, error, data } = (await response.json()) as {
      status: string;
      error?: string;
      data: Data;
    };
    if (status !== 'success') throw new Error(`${path}: ${error}`);
    return data;
  };
  return {
    async query(expr) {
      const path = `/api/v1/query?query=${encodeURIComponent(expr)}`;
      return (await get<{ result: QueryResult[] }>(path)).result;
    },
    async lastErrorOf(job) {
      const { activeTargets } = await get<{
        activeTargets: { scrapePool: string; lastError: string }[];
      }>('/api/v1/targets');
      return activeTargets.find(({ scrapePool }) => scrapePool === job)?.lastError ?? '';
    },
  };
}

/** Resolves to the address once Prometheus answers. Rejects with its log if it ends before. */
async function listeningUrl(log: NodeJS.ReadableStream): Promise<string> {
  let url = '';
  const lines: string[] = [];
  for await (const line of createInterface({ input: log })) {
    lines.push(line);
    const { msg = '', address } = JSON.parse(line) as { msg?: string; address?: string };
    if (msg === 'Listening on') url = `http://${address}`;
    if (msg.startsWith('Server is ready')) {
      log.resume(); // so that it can go on writing
      return url;
    }
  }
  throw new Error(`Prometheus has ended: ${lines.join('\n')}`);
}
