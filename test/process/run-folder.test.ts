import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli, runToDone } from '../support/processes/cli.ts';
import { recordsOf } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { TOY_SHAPE, writeToyDataset } from '../support/toy-dataset.ts';

/** Ten steps per epoch. */
const FLAGS = ['--layers', '5', '--validation', '200', '--global-batch', '40', '--workers', '0'];
const EARLY = ['--early-stopping', '2', '--lr', '0.5', '--schedule', 'constant'];

/** A folder for runs, and the flags of a run on a toy dataset in it. */
function workplace() {
  const cwd = temporaryFolder();
  writeToyDataset(cwd);
  const flags = [...FLAGS, '--data-dir', cwd];
  const train = (...args: string[]) => runToDone(['train', ...args], { cwd });
  const begin = (...args: string[]) => train(...flags, ...args);
  const resume = (...args: string[]) => train('--workers', '0', '--resume', ...args);
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCli([...args, '--json'], { cwd });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    return JSON.parse(stdout.split('\n').at(-1) ?? '');
  };
  return { cwd, flags, begin, resume, json };
}

describe('a run folder', () => {
  test('keeps everything when the run goes on from an older checkpoint', async () => {
    const { cwd, begin, resume, json } = workplace();
    const first = await begin('--out', 'r', '--epochs', '5');
    const run = join(cwd, 'r');
    const older = join(run, 'checkpoints', 'step-00000030.safetensors');
    const again = await resume(older, '--steps', '33');
    expect(existsSync(again.checkpoint)).toBe(true);
    expect(again.checkpoint).toMatch(/step-00000033/);
    expect(recordsOf(run)).toHaveLength(33);
    const [aside] = readdirSync(join(run, 'set-aside'));
    expect(readdirSync(join(run, 'set-aside', aside, 'checkpoints'))).toHaveLength(3);
    expect(recordsOf(join(run, 'set-aside', aside))).toHaveLength(20);
    const before = join(run, 'set-aside', aside);
    expect(await json('verify', before, '--full')).toMatchObject({ firstStep: 30, isDone: true });
    expect(await json('evaluate', before)).toMatchObject({ step: 50 });
    expect(await json('verify', 'r', '--full')).toMatchObject({ steps: 33, recomputedSteps: 33 });

    const end = await resume('r');
    expect(end.parametersSha256).toBe(first.parametersSha256);
    expect(end.totalSeconds).toBeGreaterThan(end.seconds);
    const verified = await json('verify', 'r', '--full');
    expect(verified).toMatchObject({ steps: 50, epochs: 5, isDone: true });
    const epochs = readFileSync(join(run, 'epochs.jsonl'), 'utf8').trim().split('\n');
    expect(epochs.map((line) => JSON.parse(line).epoch)).toEqual([1, 2, 3, 4, 5]);
  });

  test('of a run that has no checkpoint yet is where --resume and --out begin it', async () => {
    const { cwd, begin, resume, json } = workplace();
    const { parametersSha256 } = await begin('--out', 'r', '--epochs', '2');
    for (const again of [
      () => resume('r'),
      () => begin('--out', 'r', '--epochs', '2'),
      () => begin('--resume-or-start', 'r', '--epochs', '2'),
    ]) {
      rmSync(join(cwd, 'r', 'checkpoints'), { recursive: true });
      rmSync(join(cwd, 'r', 'done.json'));
      expect((await again()).parametersSha256).toBe(parametersSha256);
      expect(await json('verify', 'r')).toMatchObject({ steps: 20, isDone: true });
    }
  });

  test('gets one run when several start in the same second', async () => {
    const { cwd, begin } = workplace();
    const runs = await Promise.all([begin(), begin(), begin()]);
    expect(new Set(runs.map(({ runDir }) => runDir)).size).toBe(3);
    expect(readdirSync(join(cwd, 'runs'))).toHaveLength(3);
  });
});

describe('the model of a run that has stopped early', () => {
  test('is the same for train, evaluate, verify and --init-from', async () => {
    const { cwd, begin, json } = workplace();
    const done = await begin('--out', 'r', '--epochs', '60', ...EARLY);
    expect(done).toMatchObject({ isStoppedEarly: true, modelStep: done.steps - 20 });
    const evaluated = await json('evaluate', 'r');
    expect(evaluated).toMatchObject({
      step: done.modelStep,
      testAccuracy: done.testAccuracy,
      parametersSha256: done.parametersSha256,
    });
    expect(await json('evaluate', 'r', '--checkpoint', `${done.steps}`)).toMatchObject({
      step: done.steps,
    });
    expect(await json('verify', 'r', '--full')).toMatchObject({ isDone: true });
    const next = await begin('--init-from', 'r', '--out', 'n', '--epochs', '2', '--lr', '0.001');
    expect(next.steps).toBe(20);
    const { config } = JSON.parse(readFileSync(join(cwd, 'n', 'config.json'), 'utf8'));
    expect(config.initialParametersSha256).toBe(done.parametersSha256);
    expect(await json('verify', 'n', '--full')).toMatchObject({ recomputedSteps: 20 });
  });

  test('begins a run for other classes, but for its last layer', async () => {
    const { cwd, begin, json } = workplace();
    await begin('--out', 'r', '--epochs', '1');
    const other = temporaryFolder();
    writeToyDataset(other, { ...TOY_SHAPE, classCount: 5 });
    const flags = ['--init-from', 'r', '--out', 'n', '--epochs', '1', '--workers', '0'];
    const run = await runCli(['train', ...flags, '--data-dir', other, '--json'], { cwd });
    expect([run.code, run.stderr]).toEqual([0, '']);
    const notice = run.stdout.split('\n').find((line) => line.includes('its last layer'));
    expect(JSON.parse(notice ?? '{}').message).toMatch(
      /^the model of r\/.* has 3 outputs, and toy needs 5: its last layer begins with random /,
    );
    expect(await json('evaluate', 'n')).toMatchObject({ classNames: { length: 5 } });
    expect((await json('verify', 'n', '--full')).isDone).toBe(true);
  });

  test('is the last one, if the best epoch’s checkpoint was left behind', async () => {
    const { cwd, begin, resume, json } = workplace();
    const args = ['--epochs', '60', ...EARLY];
    const { steps, modelStep } = await begin('--out', 'r', ...args);
    const newest = `step-${String(modelStep + 10).padStart(8, '0')}.safetensors`;
    cpSync(join(cwd, 'r', 'checkpoints', newest), join(cwd, 'alone.safetensors'));
    const done = await resume('alone.safetensors', '--data-dir', cwd, '--out', 'o');
    expect(done).toMatchObject({ steps, modelStep: steps, isStoppedEarly: true });
    expect(await json('evaluate', 'o')).toMatchObject({ step: steps });
    expect(await json('verify', 'o')).toMatchObject({ firstStep: modelStep + 10, isDone: true });
  });
});

test('a run that goes on from copied checkpoints alone finds the best epoch’s too', async () => {
  const { cwd, begin, resume, json } = workplace();
  const { steps, modelStep } = await begin('--out', 'r', '--epochs', '60', ...EARLY);
  cpSync(join(cwd, 'r', 'checkpoints'), join(cwd, 'copies'), { recursive: true });
  const newer = `copies/step-${String(modelStep + 10).padStart(8, '0')}.safetensors`;
  const done = await resume(newer, '--data-dir', cwd, '--out', 'o');
  expect(done).toMatchObject({ steps, modelStep });
  expect(await json('verify', 'o', '--full')).toMatchObject({ firstStep: modelStep + 10 });
});

describe('lockstep verify names a forgery in', () => {
  test.for<[what: string, forge: (run: string) => void, message: RegExp]>([
    [
      'records that are cut off',
      (run) => {
        const path = join(run, 'metrics.jsonl');
        const lines = readFileSync(path, 'utf8').split('\n');
        writeFileSync(path, `${lines.slice(0, 12).join('\n')}\n`);
      },
      /the records end here, but epochs\.jsonl has a line of epoch 2/,
    ],
    ['no records', (run) => writeFileSync(join(run, 'metrics.jsonl'), ''), /the records end here/],
    [
      'exchanged checkpoints',
      (run) => {
        const [a, b] = [20, 30].map((s) => join(run, 'checkpoints', `step-000000${s}.safetensors`));
        const content = readFileSync(a);
        writeFileSync(a, readFileSync(b));
        writeFileSync(b, content);
      },
      /the checkpoint step-00000020\.safetensors holds the state after step 30/,
    ],
    [
      'the hash of the end',
      (run) => {
        const path = join(run, 'done.json');
        const end = JSON.parse(readFileSync(path, 'utf8'));
        writeFileSync(path, JSON.stringify({ ...end, parametersSha256: 'f'.repeat(64) }));
      },
      /done\.json has the parametersSha256 f+, but the run has/,
    ],
    [
      'a loss of NaN',
      (run) => {
        const path = join(run, 'metrics.jsonl');
        writeFileSync(path, readFileSync(path, 'utf8').replace(/"loss":[^,]*/, '"loss":NaN'));
      },
      /metrics\.jsonl, line 1: /,
    ],
    ['missing epochs', (run) => rmSync(join(run, 'epochs.jsonl')), /lacks epoch 1|other results/],
  ])('%s', async ([, forge, message]) => {
    const { cwd, begin } = workplace();
    await begin('--out', 'r', '--epochs', '4');
    forge(join(cwd, 'r'));
    const { code, stderr } = await runCli(['verify', 'r'], { cwd });
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
  });
});
