import { spawnSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startProcessWorkers } from '../../deploy/local/process-workers.ts';
import { CLI, runCli, runToDone } from '../support/processes/cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createToyFiles, writeToyDataset } from '../support/toy-dataset.ts';

function toyData(): string {
  const folder = temporaryFolder();
  writeToyDataset(folder);
  return folder;
}
const SMALL = ['--validation', '200', '--epochs', '1', '--layers', '5'];

/** Runs a command that must fail. Returns its exit code and the only line of its error. */
async function failure(args: readonly string[]): Promise<{ code: number | null; line: string }> {
  const { code, stderr } = await runCli(args);
  const lines = stderr
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('Run the command with --help'));
  expect(lines.filter(Boolean)).toHaveLength(1);
  expect(stderr).not.toContain('    at ');
  return { code, line: lines[0] };
}

describe('lockstep exits with code 2 and quotes what is wrong', () => {
  test.for([
    [['train', '--wrokers', '2'], "error: unknown option '--wrokers'\n(Did you mean --workers?)"],
    [['trian'], "error: unknown command 'trian'\n(Did you mean train?)"],
    [
      ['train', '--workers', '-1'],
      "'--workers <count>' argument '-1' is invalid. Give a whole number from 0 to 1000.",
    ],
    [
      ['train', '--global-batch', '0'],
      "'--global-batch <count>' argument '0' is invalid. Give a whole number from 1",
    ],
    [['train', '--epochs', '1.5'], "argument '1.5' is invalid"],
    [['train', '--lr', '-0.1'], "argument '-0.1' is invalid. Give a number above 0."],
    [['train', '--momentum', '1'], "argument '1' is invalid. Give a number between 0 and 1."],
    [['train', '--layers', '256,x'], "argument '256,x' is invalid. Give up to 31 widths"],
    [
      ['train', '--activation', 'step'],
      "argument 'step' is invalid. Allowed choices are identity, sigmoid",
    ],
    [
      ['train', '--augment', 'flip,shift=99'],
      "argument 'flip,shift=99' is invalid. Give a list such as",
    ],
    [
      ['train', '--augment', 'spin'],
      "argument 'spin' is invalid. Give a list such as flip,shift=2,erase=0.5",
    ],
    [
      ['train', '--optimizer', 'adm'],
      "argument 'adm' is invalid. Allowed choices are sgd, momentum, nesterov, adam, adamw, " +
        'rmsprop, adagrad. Did you mean adam?',
    ],
    [
      ['train', '--seed', '99999999999999999999'],
      'Give a whole number from 0 to 9007199254740991.',
    ],
    [['train', '--lr', '1e999'], 'Give a number above 0 and at most 1.7976931348623157e+308.'],
    [['train', '--out', ''], "option '--out <dir>' argument is empty"],
    [['coordinator', '--host', ''], "option '--host <address>' argument '' is invalid"],
    [['evaluate', ' '], "command-argument value is empty for 'run'"],
    [['train', '--label-smoothing', '1'], "argument '1' is invalid"],
    [['train', '--weight-decay', '-1'], "argument '-1' is invalid. Give a number of at least 0."],
    [['train', '--audit', '2'], "argument '2' is invalid. Give a number from 0 to 1."],
    [
      ['train', '--chaos', 'kill=1/s,explode=1/s'],
      '"explode=1/s" is not valid. Give parts such as kill=0.5/s,stall=0.2/s:500ms',
    ],
    [['train', '--chaos', 'kill=often'], '"kill=often" is not valid. Give parts such as'],
    [
      ['train', '--chaos', 'kill=1/s', '--workers', '0'],
      '--chaos disturbs workers, and --workers is 0',
    ],
    [
      ['train', '--chaos', 'kill=1/s', '--resume', 'a'],
      '--chaos compares two whole runs, so it cannot go on with the run a: leave out --chaos',
    ],
    [['train', '--chaos', 'kill=1/s', '--resume-or-start', 'a'], '--chaos compares two whole runs'],
    [['train', '--init-from', 'a', '--resume', 'b'], "'--init-from <path>' cannot be used with"],
    [['train', '--loss'], "option '--loss <name>' argument missing"],
    [
      ['coordinator', '--port', '65536'],
      "argument '65536' is invalid. Give a whole number from 0 to 65535.",
    ],
    [['worker', 'http://127.0.0.1:1'], 'http: is not how workers connect: try ws://127.0.0.1:1.'],
    [['worker', 'ws://127.0.0.1:1', '--name', 'x'.repeat(65)], 'Give 1 to 64 characters'],
  ] as const)('for the arguments %j', async ([args, message]) => {
    const { code, stderr } = await runCli(args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test.for([
    [
      ['--micro-batches', '200', '--global-batch', '100'],
      '--micro-batches 200 is more than the 100 examples of a global batch: give fewer',
    ],
    [
      ['--micro-batches', '401', '--global-batch', '5000'],
      '--micro-batches 401 is more than the 400 examples',
    ],
    [
      ['--validation', '600'],
      '--validation 600 leaves none of the 600 training examples: lower it',
    ],
    [['--validation', '0', '--early-stopping', '2'], '--early-stopping 2 needs held-out examples'],
    [
      ['--optimizer', 'adam', '--momentum', '0.5'],
      '--momentum 0.5 does not apply to --optimizer adam',
    ],
  ] as const)(
    'for flags that contradict each other or the dataset: %j',
    async ([args, message]) => {
      const { code, line } = await failure([
        'train',
        '--workers',
        '1',
        '--data-dir',
        toyData(),
        ...SMALL,
        ...args,
      ]);
      expect(code).toBe(2);
      expect(line).toContain(message);
    },
  );
});

describe('lockstep fails with an error that names', () => {
  const train = (...args: string[]) => ['train', '--workers', '1', ...SMALL, ...args];

  test('a port in use', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const { code, line } = await failure([
      'coordinator',
      ...SMALL,
      '--data-dir',
      toyData(),
      '--port',
      String(port),
    ]);
    expect(code).toBe(1);
    expect(line).toBe(
      `error: cannot listen on 127.0.0.1:${port}: the port is in use: ` +
        'choose another --port, or stop the program that uses it.',
    );
  });

  test('a coordinator that does not answer', async () => {
    const { code, stderr } = await runCli(['worker', 'ws://127.0.0.1:1', '--retry-for', '1']);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: cannot reach the coordinator at ws:\/\/127\.0\.0\.1:1 \(connect ECONNREFUSED/,
    );
  });

  test('a server that is not a coordinator', async () => {
    const server = createServer((socket) => socket.end('220 mail ready\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const { code, stderr } = await runCli(['worker', `ws://127.0.0.1:${port}`, '--retry-for', '1']);
    expect(code).toBe(1);
    expect(stderr).toContain('cannot reach the coordinator');
  });

  test('a folder that is empty or does not exist', async () => {
    const empty = temporaryFolder();
    const missing = await failure(train('--data-dir', empty));
    expect(missing.code).toBe(1);
    expect(missing.line).toContain(`${empty}: no train-images-idx3-ubyte`);
    const trace = await failure(train('--trace', '/no/such/folder/trace.json'));
    expect(trace.line).toContain('error: cannot write --trace /no/such/folder/trace.json: ENOENT');
    const none = await failure(train('--data-dir', '/no/such/folder'));
    expect(none).toEqual({ code: 1, line: 'error: --data-dir /no/such/folder is not a folder.' });
  });

  test('a damaged data file', async () => {
    const folder = toyData();
    const { name, sha256 } = createToyFiles().manifest.files.testImages;
    writeFileSync(join(folder, name), 'damaged');
    const { code, line } = await failure(train('--data-dir', folder));
    expect(code).toBe(1);
    expect(line).toContain(`${name} is damaged: its content has SHA-256`);
    expect(line).toContain(sha256);
  });

  test('a run folder that is not writable or already holds a run', async () => {
    const folder = toyData();
    const blocked = join(folder, 'dataset.json', 'run');
    const unwritable = await failure(train('--data-dir', folder, '--out', blocked));
    expect(unwritable.code).toBe(1);
    expect(unwritable.line).toContain(`cannot read the folder ${blocked}/checkpoints: ENOTDIR`);

    const out = join(folder, 'run');
    await runToDone(train('--data-dir', folder, '--out', out, '--steps', '1'));
    const taken = await failure(train('--data-dir', folder, '--out', out));
    expect(taken.code).toBe(1);
    expect(taken.line).toContain(`--out ${out} already holds a run`);
  });

  test('a checkpoint that is truncated, missing or of another model', async () => {
    const folder = toyData();
    const { checkpoint } = await runToDone(
      train('--data-dir', folder, '--out', join(folder, 'run'), '--steps', '1'),
    );
    const resume = (...args: string[]) =>
      failure(['train', '--workers', '1', '--data-dir', folder, '--resume', ...args]);

    const other = await resume(checkpoint, '--layers', '9');
    expect(other).toEqual({
      code: 2,
      line:
        'error: --layers 9 cannot change the model of a resumed run, 20-5-3: ' +
        'leave the model flags out, or start a new run.',
    });
    expect(await resume(checkpoint, '--layers', '5', '--activation', 'gelu')).toMatchObject({
      code: 2,
      line: expect.stringContaining(
        '--layers 5 --activation gelu cannot change the model of a resumed run',
      ),
    });
    expect(await resume(checkpoint, '--augment', 'flip')).toMatchObject({
      code: 2,
      line: expect.stringContaining("--augment differs from the checkpoint's: leave it out"),
    });
    const torn = join(folder, 'torn.safetensors');
    writeFileSync(torn, 'half of it');
    expect(await resume(torn)).toEqual({
      code: 1,
      line: expect.stringContaining(`cannot use the checkpoint ${torn}: not a whole`),
    });
    expect(await resume('/no/such')).toEqual({
      code: 1,
      line: expect.stringContaining('cannot read the checkpoint /no/such: ENOENT'),
    });
    expect((await failure(['evaluate', torn])).code).toBe(1);
  });

  test('the memory limit that a model exceeds', async () => {
    const { code, line } = await failure([
      ...train('--data-dir', toyData()),
      '--layers',
      '16384,16384,16384,16384,16384',
    ]);
    expect(code).toBe(1);
    expect(line).toMatch(
      /it needs \d+ MiB in addition to the \d+ MiB in use, but the limit is \d+ MiB/,
    );
  });

  test('the learning rate that made training diverge', async () => {
    const args = [
      '--lr',
      '1e30',
      '--loss',
      'squared-error',
      '--activation',
      'identity',
      '--schedule',
      'constant',
    ];
    const out = join(temporaryFolder(), 'run');
    const command = [...train('--data-dir', toyData()), ...args, '--resume-or-start', out];
    const { code, line } = await failure(command);
    expect(code).toBe(1);
    const again = await failure(command);
    expect(again.code).toBe(1);
    expect(again.line).toContain(`this run has diverged before, and would again in the same step`);
    expect(line).toMatch(
      /training diverged: the loss of step \d+ is (NaN|Infinity)\. Lower --lr \(1e\+30\)\./,
    );
  });

  test('a local worker that ends again and again', async () => {
    const { promise, resolve } = Promise.withResolvers<Error>();
    const notices: string[] = [];
    // The worker command itself rejects this address, which has no ws scheme.
    const workers = startProcessWorkers({
      count: 1,
      threads: 1,
      url: 'http://nowhere',
      onRestart: (message) => notices.push(message),
      onFailure: resolve,
    });
    onTestFinished(workers.stop);
    expect((await promise).message).toMatch(
      /^worker local-0 ended 5 times in a row, .* \(exit code 2: .*try ws:\/\/nowhere\.\)\.$/,
    );
    expect(notices).toHaveLength(4);
  });
});

test('with --json, lockstep prints an error as an event too', async () => {
  const { code, stdout } = await runCli(['train', '--data-dir', '/no/such', '--json']);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toEqual({
    event: 'error',
    code: 'DATA',
    message: '--data-dir /no/such is not a folder.',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
  });
});

test.for([
  [['train', '--lr', 'abc', '--json'], ''],
  [['train', '--lr', 'abc'], 'json'],
] as const)('a wrong flag is an event too, for %j', async ([args, LOCKSTEP_LOG]) => {
  const { code, stdout, stderr } = await runCli(args, { env: { LOCKSTEP_LOG } });
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: option '--lr <rate>' argument 'abc' is invalid/);
  expect(JSON.parse(stdout)).toMatchObject({
    event: 'error',
    code: 'USAGE',
    message: "option '--lr <rate>' argument 'abc' is invalid. Give a number above 0.",
  });
});

test.for([
  ['evaluate', '/no/such'],
  ['verify', '/no/such'],
  ['data', '--data-dir', '/no/such'],
  ['summary', '--data-dir', '/no/such'],
])('with LOCKSTEP_LOG=json, an error is an event, for %j', async (args) => {
  const { code, stdout } = await runCli(args, { env: { LOCKSTEP_LOG: 'json' } });
  expect(code).toBe(1);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.at(-1)).toMatchObject({
    event: 'error',
    message: expect.stringMatching(/no.such/),
  });
});

test.for([
  ['summary', 'summary'],
  ['doctor', 'doctor'],
])('with LOCKSTEP_LOG=json, %s prints its result as JSON', async ([command, event]) => {
  const { stdout } = await runCli([command], { env: { LOCKSTEP_LOG: 'json' } });
  expect(JSON.parse(stdout)).toMatchObject({ event });
});

test('lockstep says that npm has kept its flags', async () => {
  const env = { npm_lifecycle_event: 'start', npm_config_workers: 'true' };
  const { code, stderr } = await runCli(['train', '3'], { env });
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^error: npm has kept --workers for itself: .* npm start -- --workers …\n/,
  );
});

test('lockstep says that its packages are not installed', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'lockstep.mjs');
  copyFileSync(join(dirname(CLI), 'lockstep.mjs'), file);
  const { status, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([
    1,
    `error: the packages of Lockstep are not installed: run "npm ci" in ${folder}/\n`,
  ]);
});
