import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { STEP_PARTS } from '../../coordinator/training/step-breakdown.ts';
import type { SpeedupReport } from '../../deploy/speedup/report/speedup-report.ts';
import { runCli, startCli } from '../support/processes/cli.ts';
import { toyRun } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const QUICK = ['--workers', '1,2', '--seconds', '0.5', '--rounds', '2', '--json'];

describe('lockstep', () => {
  test('speedup compares 1 and 2 workers and writes a report that plan predicts', async () => {
    const out = temporaryFolder();
    const [, dataDir] = toyRun();
    const flags = [
      '--data-dir',
      dataDir,
      '--global-batch',
      '64',
      '--compare-steps',
      '5',
      '--out',
      out,
    ];
    const { code, stdout, stderr } = await runCli(['speedup', ...QUICK, ...flags]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const report: SpeedupReport = JSON.parse(stdout);
    expect(report.points.map(({ workers }) => workers)).toEqual([1, 2]);
    expect(report.chains).toMatchObject({ steps: 5, isEqual: true });
    expect(report.chains?.chains.map(({ workers }) => workers)).toEqual([1, 2]);
    for (const {
      breakdown,
      stepMs,
      bytesPerStep,
      throughput,
      coordinator,
      workerCores,
    } of report.points) {
      const parts = STEP_PARTS.map((part) => breakdown?.[part] ?? Number.NaN);
      expect(parts.reduce((sum, part) => sum + part)).toBeCloseTo(stepMs, 6);
      // How many steps were measured depends on what else this machine does.
      expect(bytesPerStep).toBeGreaterThan(0);
      expect(throughput.median).toBeGreaterThan(0);
      expect(coordinator.cores).toBeGreaterThan(0);
      expect(workerCores).toBeGreaterThan(0);
    }
    expect(readFileSync(join(out, 'speedup.html'), 'utf8')).toContain('<svg');
    expect(readFileSync(join(out, 'speedup.svg'), 'utf8')).toMatch(/^<svg[\s\S]*<\/svg>$/);

    const file = join(out, 'speedup.json');
    const plan = await runCli([
      'plan',
      '--check',
      file,
      '--data-dir',
      dataDir,
      '--out',
      out,
      '--json',
    ]);
    expect(plan.stderr).toBe('');
    const { predictions, errors } = JSON.parse(plan.stdout);
    expect(predictions.map(({ workers }: { workers: number }) => workers)).toEqual([1, 2]);
    for (const error of errors) expect(error).toBeGreaterThan(-1);
    expect(readFileSync(join(out, 'plan.svg'), 'utf8')).toMatch(/^<svg[\s\S]*<\/svg>$/);
  });

  test('speedup measures simulated workers and warns that they are simulated', async () => {
    const [, dataDir] = toyRun();
    const flags = ['--launcher', 'simulated', '--example-ms', '0.2', '--data-dir', dataDir];
    const { code, stdout } = await runCli([
      'speedup',
      ...QUICK,
      ...flags,
      '--out',
      temporaryFolder(),
    ]);
    expect(code).toBe(0);
    const { isSimulated, points, warnings }: SpeedupReport = JSON.parse(stdout);
    expect(isSimulated).toBe(true);
    expect(warnings[0]).toMatch(/^These workers are simulated/);
    // 128 examples at 0.2 ms each, less the millisecond by which a timer may be early.
    expect(points[0].stepMs).toBeGreaterThan(24);
    expect(points[0].breakdown?.compute).toBeGreaterThan(24);
  });

  test.each([
    ['--workers 2,1', 'ascending numbers from 1 to 1000'],
    ['--workers 0,1', 'ascending numbers from 1 to 1000'],
    ['--cpus 0.2', '--cpus 0.2 works only with --launcher compose'],
    ['--launcher compose --data-dir x', '--data-dir x does not work with --launcher compose'],
    ['--launcher swarm', 'Allowed choices are local, compose, simulated'],
  ])('speedup rejects the flags %s', async (flags, message) => {
    const { code, stderr } = await runCli([
      'speedup',
      ...flags.split(' '),
      '--out',
      temporaryFolder(),
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test.each(['speedup', 'plan'])(
    '%s rejects a file in place of its output folder',
    async (command) => {
      const file = join(temporaryFolder(), 'file');
      writeFileSync(file, '');
      const { code, stderr } = await runCli([command, '--out', file]);
      expect(code).toBe(1);
      expect(stderr).toContain(`error: cannot create the folder --out ${file}: `);
    },
  );

  test('speedup says why its coordinator ended', async () => {
    const flags = ['--model', 'no-such-model', '--out', temporaryFolder()];
    const { code, stderr } = await runCli(['speedup', ...flags]);
    expect(code).toBe(1);
    expect(stderr).toContain('no-such-model');
  });

  test('speedup leaves no process behind when it is killed', async () => {
    const [, dataDir] = toyRun();
    const flags = ['--data-dir', dataDir, '--seconds', '60', '--out', temporaryFolder()];
    const { child, ended } = startCli(['speedup', '--workers', '1', ...flags]);
    const others = () =>
      spawnSync('pgrep', ['-f', dataDir], { encoding: 'utf8' }).stdout.trim().split('\n');
    // The command, its coordinator and one worker.
    await expect.poll(() => others().length, { timeout: 30_000 }).toBe(3);
    child.kill('SIGKILL');
    await ended;
    await expect.poll(others, { timeout: 30_000 }).toEqual(['']);
  });

  test('plan rejects a --check file that is not a speedup report', async () => {
    const file = join(temporaryFolder(), 'report.json');
    writeFileSync(file, '{"points": [], "flags": []}');
    const { code, stderr } = await runCli(['plan', '--check', file, '--out', temporaryFolder()]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /--check .*report.json is not a speedup.json.*machine: must be an object, but it is missing/,
    );
  });
});
