import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { queriesOf, readBoard } from '../support/board.ts';
import { runCli, startCli } from '../support/processes/cli.ts';
import {
  hasPrometheus,
  type PrometheusServer,
  startPrometheus,
} from '../support/processes/prometheus-server.ts';
import { toyRun } from '../support/processes/toy-cli-run.ts';
import { parseExposition } from '../support/prometheus-text.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const TOKEN = 'the token to watch';
/** A run that does not end by itself. */
const longRun = () => [...toyRun({ epochs: 100_000 }), '--port', '0', '--json'];
const TOKENS = ['--token', 'the token', '--watch-token', TOKEN];
/** No test takes nearly as long. */
const DEADLINE = { timeout: 60_000, interval: 50 };

interface Status {
  readonly state: string;
  readonly step: number;
  readonly stepCount: number;
  readonly trainLoss: number;
  readonly validationLoss: number;
  readonly testAccuracy: number;
  readonly counters: Readonly<Record<string, number>>;
}

/** The configuration for Compose, for a coordinator on this machine, with scrapes in a hurry. */
function configFor(url: string, token: string, file = 'prometheus.yml', authority?: string) {
  const config = parse(readFileSync(join('deploy/prometheus', file), 'utf8'));
  const credentials = join(temporaryFolder(), 'token');
  writeFileSync(credentials, token);
  config.global.scrape_interval = '1s';
  const [job] = config.scrape_configs;
  job.scrape_timeout = '1s';
  job.authorization.credentials_file = credentials;
  job.static_configs = [{ targets: [new URL(url).host] }];
  if (authority !== undefined) job.tls_config.ca_file = authority;
  return config;
}

const fetchStatus = async (url: string): Promise<Status> => {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const response = await fetch(`${url.replace('ws', 'http')}/api/status`, { headers });
  return (await response.json()) as Status;
};

/** Waits until Prometheus gives this value, and nothing else, for a query. */
const untilIs = (prometheus: PrometheusServer, expr: string, value: number) =>
  vi.waitFor(async () => {
    const results = await prometheus.query(expr);
    expect(
      results.map((result) => Number(result.value[1])),
      expr,
    ).toEqual([value]);
  }, DEADLINE);

describe('GET /metrics', () => {
  test('needs a token with the right to watch, and has the version of its format', async () => {
    const coordinator = startCli(['coordinator', ...longRun(), ...TOKENS]);
    const { url } = await coordinator.next('listening');
    const ask = (headers: Record<string, string>) =>
      fetch(`${url.replace('ws', 'http')}/metrics`, { headers });
    expect((await ask({})).status).toBe(401);
    const answer = await ask({ authorization: `Bearer ${TOKEN}` });
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const { value } = parseExposition(await answer.text());
    expect(value('lockstep_step')).toBe(0);
    expect(value('lockstep_train_loss')).toBeUndefined();
  });
});

describe.skipIf(!hasPrometheus)('a Prometheus', () => {
  test('has the values of the status, and forgets the speed of a worker that is gone', async () => {
    const coordinator = startCli(['coordinator', ...longRun(), ...TOKENS]);
    const { url } = await coordinator.next('listening');
    const prometheus = await startPrometheus(configFor(url, TOKEN));
    const refused = startCli(['worker', url, '--token', 'wrong']);
    await coordinator.next('notice', ({ code }) => code === 'refused');
    const worker = startCli(['worker', url, '--token', 'the token', '--name', 'a-name']);
    await coordinator.next('epoch');
    await untilIs(prometheus, 'count(lockstep_worker_examples_per_second{rank="0"})', 1);

    // Without a worker, nothing changes anymore.
    worker.child.kill('SIGTERM');
    refused.child.kill('SIGTERM');
    await coordinator.next('worker', ({ state }) => state === 'left');
    await vi.waitFor(async () => expect((await fetchStatus(url)).state).toBe('waiting'), DEADLINE);
    const status = await fetchStatus(url);
    expect(status.step).toBeGreaterThan(0);
    await untilIs(prometheus, 'lockstep_step', status.step);
    await untilIs(prometheus, 'lockstep_planned_steps', status.stepCount);
    await untilIs(prometheus, 'lockstep_train_loss', status.trainLoss);
    await untilIs(prometheus, 'lockstep_validation_loss', status.validationLoss);
    await untilIs(prometheus, 'lockstep_test_accuracy_ratio', status.testAccuracy);
    await untilIs(prometheus, 'sum(lockstep_workers)', 0);
    const { sentBytes, receivedBytes, joinedWorkers } = status.counters;
    expect(receivedBytes).toBeGreaterThan(0);
    await untilIs(prometheus, 'lockstep_bytes_total{direction="sent"}', sentBytes);
    await untilIs(prometheus, 'lockstep_bytes_total{direction="received"}', receivedBytes);
    await untilIs(prometheus, 'lockstep_workers_joined_total', joinedWorkers);
    await untilIs(prometheus, 'lockstep_workers_refused_total{reason="token"} > bool 0', 1);
    await untilIs(prometheus, 'lockstep_step_duration_seconds_count', status.step);
    expect(await prometheus.query('lockstep_worker_examples_per_second')).toEqual([]);
    expect(JSON.stringify(await prometheus.query('{job="lockstep"}'))).not.toContain('a-name');
  });

  test('answers each query of the board while a cluster trains', async () => {
    const flags = [...longRun(), '--workers', '2', '--separate-processes', '--audit', '0.1'];
    const run = startCli(['train', ...flags]);
    const { url } = await run.next('listening');
    const prometheus = await startPrometheus(configFor(url, ''));
    await run.next('checkpoint');
    const [{ metric }] = await vi.waitFor(async () => {
      const found = await prometheus.query('lockstep_step');
      expect(found).toHaveLength(1);
      return found;
    }, DEADLINE);
    for (const { expr } of queriesOf(readBoard())) {
      // So that it has a value even if nobody was refused.
      const query = expr
        .replaceAll('$instance', metric.instance)
        .replaceAll('$__rate_interval', '5s')
        .replace(' > 0', '');
      await vi.waitFor(
        async () => expect((await prometheus.query(query)).length, query).toBeGreaterThan(0),
        DEADLINE,
      );
    }
    const parts = await prometheus.query('sum(lockstep_step_part_seconds_total)');
    const whole = await prometheus.query('lockstep_step_duration_seconds_sum');
    expect(Number(parts[0].value[1])).toBeGreaterThan(0);
    expect(Number(whole[0].value[1])).toBeGreaterThan(0);
  });

  test('trusts the certificate of a coordinator; a wrong token learns nothing', async () => {
    const tls = join(temporaryFolder(), 'tls');
    await runCli(['certificate', '--host', '127.0.0.1', '--out', tls]);
    const [cert, key] = [join(tls, 'cert.pem'), join(tls, 'key.pem')];
    const flags = ['--tls-cert', cert, '--tls-key', key];
    const coordinator = startCli(['coordinator', ...longRun(), ...TOKENS, ...flags]);
    const { url } = await coordinator.next('listening');
    const config = configFor(url, TOKEN, 'prometheus.tls.yml', cert);
    const [wrong] = configFor(url, 'wrong', 'prometheus.tls.yml', cert).scrape_configs;
    config.scrape_configs.push({ ...wrong, job_name: 'wrong' });
    const prometheus = await startPrometheus(config);
    await untilIs(prometheus, 'up{job="lockstep"}', 1);
    await untilIs(prometheus, 'up{job="wrong"}', 0);
    expect(await prometheus.lastErrorOf('wrong')).toContain('HTTP status 401');
    await untilIs(prometheus, 'lockstep_step', 0);
  });
});
