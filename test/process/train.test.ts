import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli, runToDone, startCli, untilGone } from '../support/processes/cli.ts';
import { recordsOf, TOY_SHAPE, toyRun, undisturbedHash } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeToyDataset } from '../support/toy-dataset.ts';

describe('the parameters are the same to the last bit', () => {
  test.for([
    [1, 16],
    [2, 16],
    [3, 16],
    [5, 16],
    [3, 13],
  ])('with %i workers and %i micro-batches', async ([workers, microBatches]) => {
    const done = await runToDone([
      'train',
      ...toyRun({ microBatches }),
      '--workers',
      String(workers),
    ]);
    expect(done.parametersSha256).toBe(await undisturbedHash({ microBatches }));
    expect(done.worldSize).toBe(workers);
  });

  test.for([
    [1, 16],
    [2, 16],
    [3, 16],
    [3, 13],
    [2, 32],
  ])(
    'with bfloat16 on the wire, %i workers and %i micro-batches',
    async ([workers, microBatches]) => {
      const options = { microBatches, wire: 'bf16', epochs: 2 } as const;
      const out = join(temporaryFolder(), 'run');
      const done = await runToDone([
        'train',
        ...toyRun(options),
        '--workers',
        String(workers),
        '--out',
        out,
      ]);
      expect(done.parametersSha256).toBe(await undisturbedHash(options));
      expect(done.parametersSha256).not.toBe(await undisturbedHash({ ...options, wire: 'f32' }));
      const evaluated = await runCli(['evaluate', out, '--json', ...toyRun().slice(0, 2)]);
      expect(JSON.parse(evaluated.stdout)).toMatchObject({ testAccuracy: done.testAccuracy });
    },
  );

  test('with convolution, dropout, batch normalization, augmentation and a resume', async () => {
    const data = temporaryFolder();
    writeToyDataset(data, { ...TOY_SHAPE, trainCount: 900, testCount: 300 });
    const model = join(data, 'model.json');
    const layers = [
      { type: 'conv2d', filters: 5, kernel: 3 },
      { type: 'batch-norm' },
      { type: 'activation', function: 'gelu' },
      { type: 'max-pool', size: 2 },
      { type: 'conv2d', filters: 6, kernel: 3, stride: 2, padding: 'valid' },
      { type: 'dropout', rate: 0.3 },
      { type: 'flatten' },
      { type: 'dense', outputs: TOY_SHAPE.classCount },
    ];
    writeFileSync(model, JSON.stringify({ layers }));
    const flags = [
      '--optimizer',
      'adamw',
      '--augment',
      'flip,shift=1,erase=0.3',
      '--label-smoothing',
      '0.1',
    ];
    const settings = [
      '--validation',
      '100',
      '--clip-norm',
      '1',
      '--weight-decay',
      '0.01',
      '--epochs',
      '2',
    ];
    const train = (...more: string[]) =>
      runToDone(['train', '--data-dir', data, '--model', model, ...flags, ...settings, ...more]);
    const { parametersSha256 } = await train('--workers', '0');
    for (const workers of ['1', '2', '3', '5']) {
      expect((await train('--workers', workers)).parametersSha256).toBe(parametersSha256);
    }
    const { checkpoint } = await train('--workers', '2', '--steps', '9');
    const resumed = await runToDone([
      'train',
      '--data-dir',
      data,
      '--workers',
      '1',
      '--resume',
      checkpoint,
    ]);
    expect(resumed.parametersSha256).toBe(parametersSha256);
  });

  test('after a stop within an epoch and a resume from the folder or the file', async () => {
    const out = join(temporaryFolder(), 'run');
    const stopped = await runToDone([
      'train',
      ...toyRun(),
      '--workers',
      '2',
      '--out',
      out,
      '--steps',
      '200',
    ]);
    expect(stopped).toMatchObject({ steps: 200, epochs: 1 });
    const [, dataDir] = toyRun();
    const resume = (path: string, ...more: string[]) =>
      runToDone(['train', '--data-dir', dataDir, '--workers', '1', '--resume', path, ...more]);
    const other = join(temporaryFolder(), 'other');
    expect((await resume(stopped.checkpoint, '--out', other)).parametersSha256).toBe(
      await undisturbedHash(),
    );
    expect((await resume(out)).parametersSha256).toBe(await undisturbedHash());
    const steps = recordsOf(out).map(({ step }) => step);
    expect(steps).toEqual(Array.from({ length: 1080 }, (_, step) => step));
  });

  test('when one --resume-or-start command runs again after crashes and the end', async () => {
    const out = join(temporaryFolder(), 'run');
    const flags = [
      ...toyRun(),
      '--model',
      'mlp',
      '--activation',
      'relu',
      '--augment',
      'none',
      '--seed',
      '1',
    ];
    const train = ['train', ...flags, '--workers', '1', '--resume-or-start', out];
    const unsaved = startCli([...train, '--json']);
    await unsaved.next('listening');
    unsaved.child.kill('SIGKILL');
    await unsaved.ended;
    expect(readdirSync(join(out, 'checkpoints'))).toEqual([]);
    // As if the killed run had gone further.
    appendFileSync(join(out, 'metrics.jsonl'), '{"step":0}\n');
    const saved = startCli([...train, '--checkpoint-every', '10', '--json']);
    await saved.next('checkpoint');
    saved.child.kill('SIGKILL');
    await saved.ended;

    const done = await runToDone(train);
    expect(done.parametersSha256).toBe(await undisturbedHash());
    const steps = readFileSync(join(out, 'metrics.jsonl'), 'utf8').trim().split('\n');
    expect(steps.map((line) => JSON.parse(line).step)).toEqual(Array.from(steps.keys()));
    expect(steps).toHaveLength(1080);

    const again = await runCli(['coordinator', ...flags, '--resume-or-start', out]);
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toContain('The run had already finished at step 1080.');
    expect(again.stdout).toContain(done.parametersSha256);

    const shorter = await runCli(['train', '--resume', out, '--epochs', '5']);
    expect(shorter.code).toBe(2);
    expect(shorter.stderr).toContain(
      '--epochs 5 is less than the 6 epochs that this run has begun: give more to train on',
    );
  });

  test('when a worker is killed while it computes', async () => {
    const run = startCli([
      'train',
      ...toyRun(),
      '--workers',
      '3',
      '--separate-processes',
      '--json',
    ]);
    const { pid } = await run.next('worker', ({ rank }) => rank === 1);
    await run.next('epoch');
    process.kill(pid ?? 0, 'SIGKILL');
    await run.next('worker', (event) => event.state === 'left' && event.rank === 1);
    await run.next('worker', (event) => event.state === 'ready');
    const { parametersSha256 } = await run.next('done');
    expect(parametersSha256).toBe(await undisturbedHash());
    expect((await run.ended).code).toBe(0);
  });

  test('when the only worker is killed', async () => {
    const run = startCli([
      'train',
      ...toyRun(),
      '--workers',
      '1',
      '--separate-processes',
      '--json',
    ]);
    const { pid } = await run.next('worker');
    await run.next('epoch');
    process.kill(pid ?? 0, 'SIGKILL');
    await run.next('notice', ({ code }) => code === 'waiting');
    expect((await run.next('done')).parametersSha256).toBe(await undisturbedHash());
  });

  test('when the coordinator is killed and restarted while its workers wait', async () => {
    const out = join(temporaryFolder(), 'run');
    const common = ['--json', '--out', out, '--checkpoint-every', '10', '--min-workers', '2'];
    const first = startCli(['coordinator', ...toyRun(), ...common, '--port', '0']);
    const { url } = await first.next('listening');
    const workers = [0, 1].map((index) => startCli(['worker', url, '--name', `w${index}`]));
    await first.next('epoch');
    first.child.kill('SIGKILL');
    await first.ended;
    const { port } = new URL(url);
    const [, dataDir] = toyRun();
    const again = [
      '--json',
      '--resume',
      out,
      '--port',
      port,
      '--min-workers',
      '2',
      '--data-dir',
      dataDir,
    ];
    const second = startCli(['coordinator', ...again]);
    const { resumedFrom } = await second.next('start');
    expect(resumedFrom).toContain(out);
    expect((await second.next('done')).parametersSha256).toBe(await undisturbedHash());
    for (const worker of workers) expect((await worker.ended).code).toBe(0);
  });
});

describe('a stop signal', () => {
  test.for([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s saves a checkpoint, ends all workers and exits with code %i',
    async ([signal, code]) => {
      const out = join(temporaryFolder(), 'run');
      const args = toyRun();
      const run = startCli(['train', ...args, '--workers', '2', '--out', out, '--json']);
      const workers = [await run.next('worker'), await run.next('worker')];
      await run.next('epoch');
      run.child.kill(signal);
      const { checkpoint, runDir } = await run.next('stopped');
      expect(existsSync(checkpoint)).toBe(true);
      expect((await run.ended).code).toBe(code);
      for (const { pid } of workers) await untilGone(pid ?? 0);
      const done = await runToDone([
        'train',
        ...args.slice(0, 2),
        '--workers',
        '1',
        '--resume',
        runDir,
      ]);
      expect(done.parametersSha256).toBe(await undisturbedHash());
    },
  );

  test('sent twice stops the run at once', async () => {
    const run = startCli(['train', ...toyRun(), '--workers', '2', '--json']);
    const workers = [await run.next('worker'), await run.next('worker')];
    run.child.kill('SIGINT');
    run.child.kill('SIGINT');
    expect((await run.ended).code).toBe(130);
    for (const { pid } of workers) await untilGone(pid ?? 0);
  });

  test('to a worker lets it finish its share and exit with code 0', async () => {
    const coordinator = startCli([
      'coordinator',
      ...toyRun(),
      '--port',
      '0',
      '--min-workers',
      '2',
      '--json',
    ]);
    const { url } = await coordinator.next('listening');
    const [leaves, stays] = [startCli(['worker', url, '--json']), startCli(['worker', url])];
    await leaves.next('joined');
    await coordinator.next('epoch');
    leaves.child.kill('SIGTERM');
    expect((await leaves.ended).code).toBe(0);
    expect(leaves.events().at(-1)).toMatchObject({ event: 'left', outcome: 'drained' });
    expect((await coordinator.next('done')).parametersSha256).toBe(await undisturbedHash());
    expect((await stays.ended).stdout).toContain('The run is finished.');
  });
});

test('workers end when their launcher is killed', async () => {
  const run = startCli(['train', ...toyRun(), '--workers', '3', '--json']);
  const workers = [await run.next('worker'), await run.next('worker'), await run.next('worker')];
  run.child.kill('SIGKILL');
  for (const { pid } of workers) await untilGone(pid ?? 0);
});

test('a worker without the dataset downloads it from the coordinator only once', async () => {
  const coordinator = startCli(['coordinator', ...toyRun(), '--port', '0', '--json']);
  const { url } = await coordinator.next('listening');
  const cwd = temporaryFolder();
  const worker = startCli(['worker', url, '--json'], { cwd });
  await worker.next('joined');
  expect(readdirSync(join(cwd, 'lockstep'))).toHaveLength(4);
  expect(worker.events().filter(({ event }) => event === 'download')).not.toHaveLength(0);
  const second = startCli(['worker', url, '--json'], { cwd });
  await second.next('joined');
  expect(second.events().filter(({ event }) => event === 'download')).toHaveLength(0);
  expect((await coordinator.next('done')).parametersSha256).toBe(await undisturbedHash());
});

test('a worker can join a run in progress without changing the result', async () => {
  const run = startCli(['train', ...toyRun(), '--workers', '1', '--separate-processes', '--json']);
  const { url } = await run.next('listening');
  const { pid = 0 } = await run.next('worker');
  await run.next('epoch');
  process.kill(pid, 'SIGSTOP'); // keeps the run in progress until the second worker joins
  const worker = startCli(['worker', url, '--json', '--name', 'late-comer']);
  expect(await run.next('worker', ({ name }) => name === 'late-comer')).toMatchObject({
    state: 'ready',
    rank: 1,
  });
  process.kill(pid, 'SIGCONT');
  expect((await run.next('done')).parametersSha256).toBe(await undisturbedHash());
  expect((await worker.ended).code).toBe(0);
});

test('training continues with a notice while the disk takes no checkpoint', async () => {
  const out = join(temporaryFolder(), 'run');
  const run = startCli(['train', ...toyRun(), '--workers', '1', '--out', out, '--json']);
  await run.next('worker');
  const checkpoints = join(out, 'checkpoints');
  rmSync(checkpoints, { recursive: true });
  writeFileSync(checkpoints, 'in the way');
  const { message } = await run.next('notice', ({ code }) => code === 'checkpoint');
  expect(message).toMatch(
    /^the checkpoint of step 180 is not saved, training continues .*: cannot write .*ENOTDIR.*$/,
  );
  rmSync(checkpoints);
  mkdirSync(checkpoints);
  const { checkpoint, parametersSha256 } = await run.next('done');
  expect(existsSync(checkpoint)).toBe(true);
  expect(parametersSha256).toBe(await undisturbedHash());
});

test('early stopping ends with the parameters and checkpoint of the best epoch', async () => {
  const out = join(temporaryFolder(), 'run');
  const args = [
    '--optimizer',
    'momentum',
    '--early-stopping',
    '2',
    '--epochs',
    '60',
    '--schedule',
    'constant',
    '--lr',
    '0.2',
    '--out',
    out,
  ];
  const run = startCli(['train', ...toyRun(), ...args, '--workers', '2', '--json']);
  const done = await run.next('done');
  const epochs = run.events().filter((event) => event.event === 'epoch');
  const losses = epochs.map(({ validationLoss }) => validationLoss ?? Number.NaN);
  const best = epochs[losses.indexOf(Math.min(...losses))];
  expect(epochs.length).toBe(best.epoch + 2);
  expect(done).toMatchObject({
    trainLoss: best.trainLoss,
    testAccuracy: best.testAccuracy,
    epochs: best.epoch + 2,
  });
  expect(done.checkpoint).toContain(String(best.step));
  const evaluated = await runCli([
    'evaluate',
    done.checkpoint,
    '--json',
    '--data-dir',
    toyRun()[1],
  ]);
  expect(JSON.parse(evaluated.stdout)).toMatchObject({
    event: 'evaluation',
    parametersSha256: done.parametersSha256,
    testAccuracy: done.testAccuracy,
  });
});
