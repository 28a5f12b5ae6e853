import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  createCounters,
  createRefusalCounters,
} from '../../../coordinator/reporting/pool-events.ts';
import { createPrometheusMetrics } from '../../../coordinator/reporting/prometheus.ts';
import { queriesOf, readBoard } from '../../support/board.ts';
import { parseExposition } from '../../support/prometheus-text.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const read = (file: string) => parse(readFileSync(join('deploy', file), 'utf8'), { merge: true });
const { services, volumes } = read('compose.yaml');
const withTls = read('compose.tls.yaml').services;
const MONITORING = ['prometheus', 'grafana'];

describe('the profile monitoring', () => {
  test('is all that a cluster without it does not start', () => {
    for (const [name, service] of Object.entries<{ profiles?: string[] }>(services))
      expect(service.profiles, name).toEqual(
        MONITORING.includes(name) ? ['monitoring'] : undefined,
      );
    expect(Object.keys(services)).toEqual(['coordinator', 'worker', ...MONITORING]);
  });

  test.for(MONITORING)('has a %s of one version that only this machine reaches', (name) => {
    const { image, ports, cap_drop: dropped, security_opt: security } = services[name];
    expect(image).toMatch(/:v?\d+\.\d+\.\d+$/);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    expect(dropped).toEqual(['ALL']);
    expect(security).toEqual(['no-new-privileges:true']);
  });

  test('mounts files that exist, so that Docker does not make folders of them', () => {
    const mounts: string[] = [...MONITORING.map((name) => services[name]), withTls.prometheus]
      .flatMap((service) => service.volumes)
      .filter((mount: string) => !mount.includes('${'));
    expect(mounts).toHaveLength(6);
    for (const mount of mounts) {
      const [source] = mount.split(':');
      if (source.startsWith('.')) expect(existsSync(join('deploy', source)), mount).toBe(true);
      else expect(Object.keys(volumes)).toContain(source);
    }
  });

  test('opens Grafana with the board that it mounts', () => {
    const { environment, volumes: mounts } = services.grafana;
    const home = environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH;
    const mounted = mounts.map((mount: string) => mount.split(':')[1]);
    expect(mounted).toContain(home);
    const [{ options }] = read('grafana/dashboards.yaml').providers;
    expect(home).toBe(`${options.path}/lockstep.json`);
    expect(read('grafana/datasources.yaml').datasources[0]).toMatchObject({
      type: 'prometheus',
      url: 'http://prometheus:9090',
    });
  });

  test('scrapes the coordinator with the same settings, with TLS or without', () => {
    const plain = read('prometheus/prometheus.yml');
    const tls = read('prometheus/prometheus.tls.yml');
    const [
      {
        scheme,
        tls_config: { ca_file: authority },
        ...job
      },
    ] = tls.scrape_configs;
    expect({ ...tls, scrape_configs: [job] }).toEqual(plain);
    expect([scheme, authority]).toEqual(['https', withTls.worker.environment.LOCKSTEP_TLS_CA]);
    expect(job.static_configs).toEqual([{ targets: ['coordinator:8080'] }]);
  });

  test.for([
    ['nothing', {}, '', ''],
    ['the file', {}, 'in-file\n', 'in-file'],
    ['the token', { LOCKSTEP_TOKEN: 'in "$HOME"' }, 'in-file\n', 'in "$HOME"'],
    [
      'the token to watch',
      { LOCKSTEP_TOKEN: 'all', LOCKSTEP_WATCH_TOKEN: 'watch' },
      'in-file',
      'watch',
    ],
  ] as const)('gives Prometheus a token: %s', ([, variables, inFile, token]) => {
    const folder = temporaryFolder();
    const [secret, written] = [join(folder, 'secret'), join(folder, 'token')];
    writeFileSync(secret, inFile);
    const { entrypoint, command } = services.prometheus;
    const script: string = command[0]
      .replaceAll('$$', '$')
      .replace('/run/secrets/token', secret)
      .replace('/tmp/token', written)
      .replace('exec /bin/prometheus', 'exec echo');
    const [shell, flags] = entrypoint;
    const { status, stdout, stderr } = spawnSync(shell, [flags, script], {
      env: { PATH: process.env.PATH, ...variables },
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^--config\.file=\/etc\/prometheus\/prometheus\.yml --storage/);
    expect(readFileSync(written, 'utf8')).toBe(token);
    const path = read('prometheus/prometheus.yml').scrape_configs[0].authorization.credentials_file;
    expect(command[0]).toContain(`> ${path}\n`);
  });

  test
    .skipIf(spawnSync('promtool', ['--version']).status !== 0)
    .for(['prometheus.yml', 'prometheus.tls.yml'])('has a %s that promtool accepts', (file) => {
    const path = join('deploy/prometheus', file);
    const args = ['check', 'config', '--syntax-only', path];
    const { status, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });
});

describe('the board', () => {
  const board = readBoard();
  const queries = queriesOf(board);

  test('names only metrics that the coordinator gives', async () => {
    const metrics = await createPrometheusMetrics();
    const { text } = await metrics.exposition({
      step: 0,
      stepCount: 1,
      epoch: 1,
      trainLoss: null,
      validationLoss: null,
      testAccuracy: null,
      workers: [],
      counters: createCounters(),
      refusals: createRefusalCounters(),
    });
    const { types } = parseExposition(text);
    const names = JSON.stringify(board).match(/\b(lockstep|process)_[a-z\d_]+/g) ?? [];
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) {
      const histogram = name.replace(/_(bucket|sum|count)$/, '');
      expect(types.has(name) || types.get(histogram) === 'histogram', name).toBe(true);
    }
  });

  test('shows all metrics of training and of workers', () => {
    const text = queries.map(({ expr }) => expr).join('\n');
    for (const name of ['train_loss', 'validation_loss', 'test_accuracy_ratio', 'test_r2'])
      expect(text).toContain(`lockstep_${name}`);
    for (const name of [
      'learning_rate',
      'workers',
      'worker_examples_per_second',
      'reissued_leaves_total',
    ])
      expect(text).toContain(`lockstep_${name}`);
  });

  test('asks each query of the coordinator that was chosen', () => {
    expect(board.templating.list.map(({ name }) => name)).toEqual(['datasource', 'instance']);
    for (const { title, expr } of queries) {
      const selectors = expr.match(/(?:lockstep|process)_[a-z\d_]+(\{[^}]*\})?/g) ?? [];
      expect(selectors.length, title).toBeGreaterThan(0);
      for (const selector of selectors) expect(selector, title).toContain('instance="$instance"');
    }
  });

  test('has panels that lie beside each other, each with its own number', () => {
    const { panels } = board;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { title, gridPos } of panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x} ${y}`), title).toBe(false);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });
});
