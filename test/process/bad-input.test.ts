import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startLocalWorkers } from '../../deploy/local-workers.ts';
import { runCli, runToDone } from '../support/cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createToyFiles, writeToyDataset } from '../support/toy-dataset.ts';

function toyData(): string {
  const folder = temporaryFolder();
  writeToyDataset(folder);
  return folder;
}
const SMALL = ['--validation', '200', '--epochs', '1', '--layers', '5'];

/** The one line that a user gets. */
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

describe('a wrong flag ends with exit code 2 and a line that quotes it', () => {
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
    [['train', '--activation', 'step'], "argument 'step' is invalid. Allowed choices are identity, sigmoid"],
    [['train', '--augment', 'flip,shift=99'], "argument 'flip,shift=99' is invalid. Give a list such as"],
    [
      ['train', '--augment', 'spin'],
      "argument 'spin' is invalid. Give a list such as flip,shift=2,erase=0.5",
    ],
    [['train', '--label-smoothing', '1'], "argument '1' is invalid"],
    [['train', '--weight-decay', '-1'], "argument '-1' is invalid. Give a number of at least 0."],
    [['train', '--audit', '2'], "argument '2' is invalid. Give a number from 0 to 1."],
    [
      ['train', '--chaos', 'kill=1/s,explode=1/s'],
      '"explode=1/s" is none of the parts of kill=0.5/s,stall=0.2/s:500ms',
    ],
    [['train', '--chaos', 'kill=often'], '"kill=often" is none of the parts of'],
    [['train', '--chaos', 'kill=1/s', '--workers', '0'], '--chaos disturbs workers, and --workers is 0'],
    [['train', '--loss'], "option '--loss <name>' argument missing"],
    [['coordinator', '--port', '65536'], "argument '65536' is invalid. Give a whole number from 0 to 65535."],
    [
      ['worker', 'http://127.0.0.1:1'],
      "command-argument value 'http://127.0.0.1:1' is invalid for argument 'url'. Give an address such as ws://",
    ],
    [['worker', 'ws://127.0.0.1:1', '--name', 'x'.repeat(65)], 'Give 1 to 64 characters'],
  ] as const)('%j', async ([args, message]) => {
    const { code, stderr } = await runCli(args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test.for([
    [
      ['--micro-batches', '200', '--global-batch', '100'],
      '--micro-batches 200 are more than the 100 examples of a global batch: give fewer',
    ],
    [
      ['--micro-batches', '401', '--global-batch', '5000'],
      '--micro-batches 401 are more than the 400 examples',
    ],
    [['--validation', '600'], '--validation 600 leaves none of the 600 training examples: lower it'],
    [['--validation', '0', '--early-stopping', '2'], '--early-stopping 2 needs held-out examples'],
    [['--optimizer', 'adam', '--momentum', '0.5'], '--momentum 0.5 has no meaning for --optimizer adam'],
  ] as const)('flags that do not fit each other: %j', async ([args, message]) => {
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
  });
});

describe('what cannot be used ends with exit code 1 and a line that names it', () => {
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
      `error: cannot listen on 127.0.0.1:${port}: the port is in use: choose another --port, or stop what listens there.`,
    );
  });

  test('a coordinator that is not there', async () => {
    const { code, stderr } = await runCli(['worker', 'ws://127.0.0.1:1', '--retry-for', '1']);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: cannot reach the coordinator at ws:\/\/127\.0\.0\.1:1 \(connect ECONNREFUSED/,
    );
  });

  test('something else where a coordinator should be', async () => {
    const server = createServer((socket) => socket.end('220 mail ready\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const { code, stderr } = await runCli(['worker', `ws://127.0.0.1:${port}`, '--retry-for', '1']);
    expect(code).toBe(1);
    expect(stderr).toContain('cannot reach the coordinator');
  });

  test('a folder without data, and a folder that is none', async () => {
    const empty = temporaryFolder();
    const missing = await failure(train('--data-dir', empty));
    expect(missing.code).toBe(1);
    expect(missing.line).toContain(`${empty}: no train-images-idx3-ubyte`);
    const trace = await failure(train('--trace', '/no/such/folder/trace.json'));
    expect(trace.line).toContain('error: --trace /no/such/folder/trace.json cannot be written: ENOENT');
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

  test('a folder for the run that cannot be written, or holds another run', async () => {
    const folder = toyData();
    const blocked = join(folder, 'dataset.json', 'run');
    const unwritable = await failure(train('--data-dir', folder, '--out', blocked));
    expect(unwritable.code).toBe(1);
    expect(unwritable.line).toContain(`cannot read the folder ${blocked}: ENOTDIR`);

    const out = join(folder, 'run');
    await runToDone(train('--data-dir', folder, '--out', out, '--steps', '1'));
    const taken = await failure(train('--data-dir', folder, '--out', out));
    expect(taken.code).toBe(1);
    expect(taken.line).toContain(`--out ${out} already holds a run`);
  });

  test('a checkpoint that is truncated, of another model, or none', async () => {
    const folder = toyData();
    const { checkpoint } = await runToDone(
      train('--data-dir', folder, '--out', join(folder, 'run'), '--steps', '1'),
    );
    const resume = (...args: string[]) =>
      failure(['train', '--workers', '1', '--data-dir', folder, '--resume', ...args]);

    const other = await resume(checkpoint, '--layers', '9');
    expect(other).toEqual({
      code: 2,
      line: 'error: --layers 9 cannot change a run that is resumed, whose model is 20-5-3: leave it out, or start a new run.',
    });
    expect(await resume(checkpoint, '--layers', '5', '--activation', 'gelu')).toMatchObject({
      code: 2,
      line: expect.stringContaining('--layers 5 --activation gelu cannot change a run that is resumed'),
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

  test('a model that does not fit into memory, with what to do', async () => {
    const { code, line } = await failure([...train('--data-dir', toyData()), '--layers', '16384,16384']);
    expect(code).toBe(1);
    expect(line).toMatch(
      /the model does not fit: \d+ MiB more on top of \d+ MiB are beyond the 1024 MiB of its arena/,
    );
  });

  test('training that diverges, with what to do', async () => {
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
    const { code, line } = await failure([...train('--data-dir', toyData()), ...args]);
    expect(code).toBe(1);
    expect(line).toMatch(
      /training diverged: the loss of step \d+ is (NaN|Infinity)\. Lower --lr \(1e\+30\)\./,
    );
  });

  test('local workers that end again and again', async () => {
    const { promise, resolve } = Promise.withResolvers<Error>();
    const notices: string[] = [];
    // Not an address of a coordinator: the worker command itself refuses it.
    const workers = startLocalWorkers({
      ...{ count: 1, url: 'http://nowhere' },
      onRestart: (message) => notices.push(message),
      onFailure: resolve,
    });
    onTestFinished(workers.stop);
    expect((await promise).message).toMatch(
      /^worker local-0 does not stay up \(exit code 2: .*--help.*\)\.$/,
    );
    expect(notices).toHaveLength(4);
  });
});

test('with --json an error is an event too', async () => {
  const { code, stdout } = await runCli(['train', '--data-dir', '/no/such', '--json']);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toEqual({
    ...{ event: 'error', code: 'DATA', message: '--data-dir /no/such is not a folder.' },
  });
});
