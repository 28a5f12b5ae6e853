import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ControlRequest } from '../../coordinator/control/control-request.ts';
import type { ControlView } from '../../coordinator/control/run-control.ts';
import { type RunningCli, runToDone, startCli } from '../support/processes/cli.ts';
import { type ToyRunOptions, toyRun, undisturbedHash } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Long enough that what is asked for happens before the end. Processes take longer for a step. */
const LONG = { epochs: 20 };
const KINDS: [string, string[], ToyRunOptions][] = [
  ['threads', [], LONG],
  ['processes', ['--separate-processes'], { epochs: 12 }],
];

/** The control of a run that has begun to listen, with the token that it has made. */
async function controlOf(run: RunningCli) {
  const { url, controlToken = '' } = await run.next('listening');
  const address = `${url.replace(/^ws/, 'http')}/api/control`;
  const authorization = `Bearer ${controlToken}`;
  const send = (request: ControlRequest, headers: Record<string, string> = { authorization }) =>
    fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(request),
    });
  return {
    url,
    controlToken,
    send,
    /** Does something, which must be possible. Resolves to what was done. */
    async perform(request: ControlRequest): Promise<string> {
      const response = await send(request);
      const answer = (await response.json()) as { message?: string; error?: string };
      expect(answer.error).toBeUndefined();
      expect(response.status).toBe(200);
      return answer.message ?? '';
    },
    async view(): Promise<ControlView> {
      const response = await fetch(address, { headers: { authorization } });
      return (await response.json()) as ControlView;
    },
  };
}

/** Starts a run with so many local workers, and waits until it knows how fast they are. */
async function startTraining(
  workers: number,
  flags: readonly string[],
  options: ToyRunOptions = LONG,
) {
  const count = String(workers);
  const run = startCli(['train', ...toyRun(options), '--workers', count, '--json', ...flags]);
  const control = await controlOf(run);
  await run.next('epoch');
  return { run, ...control };
}

async function expectSameHash(run: RunningCli, options: ToyRunOptions): Promise<void> {
  expect((await run.next('done')).parametersSha256).toBe(await undisturbedHash(options));
  expect((await run.ended).code).toBe(0);
}

const isNotice = (expected: string) => (event: { code: string; message: string }) =>
  event.code === 'control' && event.message === expected;

describe.for(KINDS)('in a run with workers of %s', ([, flags, options]) => {
  test('the only worker is killed, comes back, and the hash is the same', async () => {
    const { run, perform } = await startTraining(1, flags, options);
    expect(await perform({ action: 'kill', rank: 0 })).toBe(
      'Killed rank 0 (local-0). It is started again in a moment.',
    );
    await run.next('worker', ({ state }) => state === 'left');
    await run.next('worker', ({ state }) => state === 'ready');
    await expectSameHash(run, options);
    expect(run.events().filter(({ event }) => event === 'notice')).toContainEqual(
      expect.objectContaining({
        code: 'control',
        message: 'killed rank 0 (local-0), asked for on the dashboard',
      }),
    );
  });

  test('a worker stalls until the others have finished, and the hash is the same', async () => {
    const { run, perform } = await startTraining(2, flags, options);
    expect(await perform({ action: 'stall', rank: 0, milliseconds: 60_000 })).toMatch(
      flags.length > 0 ? /^Suspended rank 0 .* for 60 s\.$/ : /^Held back the answers of rank 0 /,
    );
    await run.next('notice', ({ code, message }) => code === 'late' && /rank 0/.test(message));
    await expectSameHash(run, options);
  });

  test('a worker is asked to leave, is not started again, and the hash is the same', async () => {
    const { run, perform } = await startTraining(2, flags, options);
    expect(await perform({ action: 'leave', rank: 1 })).toMatch(/^Asked rank 1 .* to leave\./);
    const isIt = (event: { state: string; rank: number }) =>
      event.state === 'left' && event.rank === 1;
    expect(await run.next('worker', isIt)).toMatchObject({ reason: 'drained', worldSize: 1 });
    await expectSameHash(run, options);
    const restarts = run.events().filter((event) => 'code' in event && event.code === 'restart');
    expect(restarts).toEqual([]);
  });

  test('one more worker is started, takes part, and the hash is the same', async () => {
    const { run, perform } = await startTraining(1, flags, options);
    // Nothing goes on until the new one is there.
    await perform({ action: 'stall', rank: 0, milliseconds: 60_000 });
    expect(await perform({ action: 'start' })).toBe('Started worker local-1.');
    expect(await run.next('worker', ({ name }) => name === 'local-1')).toMatchObject({
      state: 'ready',
      rank: 1,
      worldSize: 2,
    });
    await perform({ action: 'stall', rank: 0, milliseconds: 10 });
    await expectSameHash(run, options);
  });

  test('chaos begins and ends, and the hash is the same', async () => {
    const { run, perform, view } = await startTraining(3, flags, options);
    const rates = { kill: 6, stall: 3, leave: 4, join: 6, stallMs: 100 };
    expect(await perform({ action: 'chaos', ...rates })).toBe(
      'Set the chaos to kill 6/s, stall 3/s for 100 ms, leave 4/s, join 6/s.',
    );
    expect((await view()).chaos).toEqual(rates);
    for (let i = 0; i < 4; i++) await run.next('worker', ({ state }) => state === 'left');
    const none = { kill: 0, stall: 0, leave: 0, join: 0 };
    expect(await perform({ action: 'chaos', ...none })).toBe('Ended the chaos.');
    await run.next('notice', isNotice('ended the chaos, asked for on the dashboard'));
    await expectSameHash(run, options);
  });

  test('a flipped bit is found, its worker is replaced, and the hash is the same', async () => {
    const short = { epochs: 6 };
    const { run, perform } = await startTraining(2, [...flags, '--audit', '1'], short);
    expect(await perform({ action: 'corrupt', rank: 0 })).toMatch(
      /^A bit of the next sum of rank 0 .* The audit will find that and remove the worker/,
    );
    const isFinding = ({ code }: { code: string }) => code === 'audit';
    expect((await run.next('notice', isFinding)).message).toMatch(/^rank 0 .* gave a wrong sum/);
    await run.next('notice', ({ code }) => code === 'restart');
    await expectSameHash(run, short);
  });

  test('stop saves a checkpoint, and the resumed run ends with the same hash', async () => {
    const out = join(temporaryFolder(), 'run');
    const { run, perform } = await startTraining(2, [...flags, '--out', out], options);
    expect(await perform({ action: 'stop' })).toMatch(
      /^The run is stopped in order, with a checkpoint\./,
    );
    const { checkpoint } = await run.next('stopped');
    const { code, stderr } = await run.ended;
    expect(code).toBe(130);
    expect(stderr).toContain('Ending in order: asked for on the dashboard.');
    const data = toyRun(options).slice(0, 2);
    const done = await runToDone(['train', ...data, '--workers', '1', '--resume', checkpoint]);
    expect(done.parametersSha256).toBe(await undisturbedHash(options));
  });
});

test('a resumed run is found at the same port with the same token, until it is done', async () => {
  const data = toyRun({ epochs: 8 });
  const folder = join(temporaryFolder(), 'run');
  const flags = ['--workers', '1', '--json'];
  const first = startCli(['train', ...data, ...flags, '--out', folder]);
  const before = await controlOf(first);
  await first.next('epoch');
  await before.perform({ action: 'stop' });
  await first.ended;
  expect(statSync(join(folder, 'port.json')).mode & 0o777).toBe(0o600);
  const second = startCli(['train', ...data.slice(0, 2), ...flags, '--resume', folder]);
  const after = await controlOf(second);
  expect([after.url, after.controlToken]).toEqual([before.url, before.controlToken]);
  await second.next('done');
  await second.ended;
  expect(existsSync(join(folder, 'port.json'))).toBe(false);
});

describe('a run', () => {
  test('shows its control token once, and needs it', async () => {
    const { run, send, controlToken, perform } = await startTraining(1, []);
    expect(controlToken).toMatch(/^[\w-]{16,}$/);
    for (const authorization of ['', 'Bearer wrong', `Basic ${controlToken}`])
      expect((await send({ action: 'stop' }, { authorization })).status).toBe(401);
    await perform({ action: 'stop' });
    const { stdout, stderr } = await run.ended;
    expect(stdout.split(controlToken)).toHaveLength(2);
    expect(stderr).not.toContain(controlToken);
  });

  test('that does not audit refuses a flipped bit, and a rank that nobody has', async () => {
    const { send, view } = await startTraining(1, []);
    const refused = await send({ action: 'corrupt', rank: 0 });
    expect(refused.status).toBe(409);
    expect(await refused.json()).toEqual({
      error:
        'this run checks no sum, so a flipped bit would change its result: start it with --audit 1',
    });
    expect((await send({ action: 'kill', rank: 9 })).status).toBe(404);
    expect(await view()).toMatchObject({
      may: true,
      actions: ['stop', 'kill', 'stall', 'leave', 'start', 'chaos'],
    });
  });

  test('before it trains can be stopped, and saves a checkpoint', async () => {
    const flags = ['--port', '0', '--min-workers', '3', '--json'];
    const run = startCli(['coordinator', ...toyRun(), ...flags]);
    const { perform } = await controlOf(run);
    await perform({ action: 'stop' });
    expect(await run.next('stopped')).toMatchObject({ step: 0 });
    expect((await run.ended).code).toBe(130);
  });
});

describe('workers that join from elsewhere', () => {
  async function startCluster() {
    const args = toyRun(LONG);
    const flags = ['--port', '0', '--min-workers', '2', '--json'];
    const coordinator = startCli(['coordinator', ...args, ...flags]);
    const control = await controlOf(coordinator);
    const workers = ['a', 'b'].map((name) =>
      startCli(['worker', control.url, '--name', name, '--json', ...args.slice(0, 2)]),
    );
    const ranks = new Map<string, number>();
    for (const _ of workers) {
      const { name, rank } = await coordinator.next('worker');
      ranks.set(name, rank);
    }
    await coordinator.next('progress');
    return { coordinator, workers, ranks, ...control };
  }

  test('come back when they are killed, stall, and end when they are to leave', async () => {
    const { coordinator, workers, ranks, perform } = await startCluster();
    const rank = ranks.get('a') ?? -1;
    expect(await perform({ action: 'kill', rank })).toMatch(
      `Cut the connection of rank ${rank} (a). Nobody here can end its process`,
    );
    const isIt = ({ name }: { name: string }) => name === 'a';
    expect(await coordinator.next('worker', isIt)).toMatchObject({
      state: 'left',
      reason: 'its connection was cut, as somebody asked',
    });
    const back = await coordinator.next('worker', isIt);
    expect(back.state).toBe('ready');
    expect(workers[0].lines.join()).toContain('"reason":"connection lost"');

    expect(await perform({ action: 'stall', rank: back.rank, milliseconds: 300 })).toMatch(
      `Held back the answers of rank ${back.rank} (a) for 300 ms.`,
    );
    expect(await perform({ action: 'leave', rank: back.rank })).toMatch(
      `Asked rank ${back.rank} (a) to leave. It finishes its share and ends.`,
    );
    expect(await coordinator.next('worker', isIt)).toMatchObject({ reason: 'drained' });
    expect((await workers[0].ended).code).toBe(0);
    expect(workers[0].lines.at(-1)).toContain('"event":"left","outcome":"drained"');
    await expectSameHash(coordinator, LONG);
    expect((await workers[1].ended).code).toBe(0);
  });

  test('are all that a coordinator has: it starts none itself', async () => {
    const { send, view } = await startCluster();
    for (const request of [{ action: 'start' }, { action: 'chaos', kill: 1 }] as const) {
      const refused = await send(request);
      expect(refused.status).toBe(409);
      expect(await refused.json()).toEqual({
        error: expect.stringMatching(/^this coordinator starts no workers/),
      });
    }
    expect(await view()).toEqual({
      may: true,
      actions: ['stop', 'kill', 'stall', 'leave'],
      chaos: null,
    });
  });
});
