import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isAlive, runCli, runToDone, startCli } from '../support/processes/cli.ts';
import { startThrottlingProxy } from '../support/processes/throttling-proxy.ts';
import { recordsOf, toyRun, undisturbedHash } from '../support/processes/toy-cli-run.ts';
import { createDraws } from '../support/simulation/draws.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const POLL = { timeout: 30_000, interval: 500 };

/** Lets a process run a tenth of the time, until the process or the test ends. */
function slowDownTenfold(pid: number): void {
  const send = (signal: NodeJS.Signals) => {
    if (isAlive(pid)) process.kill(pid, signal);
  };
  const timer = setInterval(() => {
    send('SIGCONT');
    setTimeout(() => send('SIGSTOP'), 3);
  }, 30);
  onTestFinished(() => clearInterval(timer));
}

/** The reasons of the workers that left. */
const leavingsOf = (run: ReturnType<typeof startCli>) =>
  run
    .events()
    .flatMap((event) => (event.event === 'worker' && event.state === 'left' ? [event.reason] : []));

describe('the parameters are the same to the last bit', () => {
  test.for([
    [[], 2],
    [['--threads', '2'], 2],
    [['--separate-processes'], 0],
    [['--apart'], 0], // the old name of --separate-processes
  ] as const)(
    'with the flags %j, which leave %i workers in the coordinator’s process',
    async ([flags, hosted]) => {
      const run = startCli(['train', ...toyRun(), '--workers', '2', '--json', ...flags]);
      const workers = [await run.next('worker'), await run.next('worker')];
      expect(workers.filter(({ pid }) => pid === run.pid)).toHaveLength(hosted);
      expect(new Set(workers.map(({ name }) => name)).size).toBe(2);
      expect((await run.next('done')).parametersSha256).toBe(await undisturbedHash());
    },
  );

  test('when a worker is suspended for ten seconds and then computes again', async () => {
    const out = join(temporaryFolder(), 'run');
    const args = toyRun({ epochs: 10_000 });
    const run = startCli([
      'train',
      ...args,
      '--workers',
      '3',
      '--separate-processes',
      '--json',
      '--out',
      out,
    ]);
    const workers = [await run.next('worker'), await run.next('worker'), await run.next('worker')];
    await run.next('epoch');
    const { pid = 0, rank, name } = workers[1];
    process.kill(pid, 'SIGSTOP');
    // On a busy machine the other workers may be late too.
    const isItsOwn = ({ code, message }: { code: string; message: string }) =>
      code === 'late' && message.startsWith(`rank ${rank} `);
    const { message } = await run.next('notice', isItsOwn);
    expect(message).toMatch(
      /^rank \d is late with micro-batch.* ms so far, its deadline was \d+ ms/,
    );
    const latestStep = () =>
      Math.max(...run.events().map((event) => (event.event === 'progress' ? event.step : 0)));
    const stalledAt = (await run.next('epoch')).step;
    await sleep(10_000);
    const wokenAt = latestStep();
    expect(wokenAt).toBeGreaterThan(stalledAt);
    const stepsOf = (from: number, to: number) =>
      recordsOf(out).filter(
        (record) =>
          record.step >= from &&
          record.step < to &&
          record.work.some(([, , worker]) => worker === `${name}/${pid}`),
      );
    process.kill(pid, 'SIGCONT');
    await expect
      .poll(() => stepsOf(wokenAt, Number.POSITIVE_INFINITY).length, POLL)
      .toBeGreaterThan(0);
    run.child.kill('SIGINT');
    const { step, checkpoint } = await run.next('stopped');

    expect(stepsOf(stalledAt, wokenAt)).toHaveLength(0);
    await run.ended;
    expect(leavingsOf(run)).toEqual(new Array(3).fill('stopping'));
    const local = await runToDone(['train', ...args, '--workers', '0', '--steps', String(step)]);
    const { stdout } = await runCli(['evaluate', checkpoint, '--json', ...args.slice(0, 2)]);
    expect(JSON.parse(stdout).parametersSha256).toBe(local.parametersSha256);
  });

  test('with a worker ten times slower than the others, which gets small shares', async () => {
    const out = join(temporaryFolder(), 'run');
    const run = startCli([
      'train',
      ...toyRun(),
      '--workers',
      '3',
      '--separate-processes',
      '--json',
      '--out',
      out,
    ]);
    const { pid = 0, name } = await run.next('worker');
    await run.next('epoch');
    slowDownTenfold(pid);
    expect((await run.next('done')).parametersSha256).toBe(await undisturbedHash());
    const leavesOf = new Map<string | null, number>();
    for (const { work } of recordsOf(out).slice(500))
      for (const [lo, hi, worker] of work)
        leavesOf.set(worker, (leavesOf.get(worker) ?? 0) + hi - lo);
    const slow = leavesOf.get(`${name}/${pid}`) ?? 0;
    leavesOf.delete(`${name}/${pid}`);
    expect(leavesOf.size).toBe(2);
    for (const leaves of leavesOf.values()) expect(slow).toBeLessThan(leaves);
    expect((await run.ended).code).toBe(0);
  });

  test('when the coordinator is killed five times and resumes from its checkpoints', async () => {
    const options = { epochs: 12 };
    const out = join(temporaryFolder(), 'run');
    const args = toyRun(options);
    // Every coordinator waits for both workers. Otherwise one of them could still be waiting to
    // reconnect when the run ends.
    const common = ['--json', '--checkpoint-every', '40', '--min-workers', '2'];
    let coordinator = startCli(['coordinator', ...args, ...common, '--out', out, '--port', '0']);
    const { url } = await coordinator.next('listening');
    const { port } = new URL(url);
    const workers = [0, 1].map((index) => startCli(['worker', url, '--name', `w${index}`]));
    const draws = createDraws(5);
    for (let life = 0; life < 5; life++) {
      for (let count = draws.integer(1, 4); count > 0; count--)
        await coordinator.next('checkpoint');
      await sleep(draws.integer(0, 50));
      coordinator.child.kill('SIGKILL');
      await coordinator.ended;
      const saved = coordinator.events().findLast(({ event }) => event === 'checkpoint');
      const resume = ['--resume', out, '--port', port, ...args.slice(0, 2)];
      coordinator = startCli(['coordinator', ...resume, ...common]);
      const { step } = await coordinator.next('start');
      expect(saved).toMatchObject({ step: expect.any(Number) });
      if (saved?.event === 'checkpoint') expect(step).toBeGreaterThanOrEqual(saved.step);
    }
    expect((await coordinator.next('done')).parametersSha256).toBe(await undisturbedHash(options));
    for (const worker of workers) expect((await worker.ended).code).toBe(0);
    expect((await runCli(['verify', out, ...args.slice(0, 2)])).code).toBe(0);
  });

  test('while --chaos kills, stalls, drains and adds workers', async () => {
    const list = 'kill=2/s,stall=1/s:300ms,leave=0.5/s,join=1/s,seed=3';
    // Long enough for several disturbances on a fast machine.
    const options = { epochs: 15 };
    const args = ['train', ...toyRun(options), '--workers', '3', '--json', '--chaos', list];
    const run = startCli(args);
    const chaos = await run.next('chaos');
    expect(chaos.undisturbedWorldSize).toBeGreaterThanOrEqual(3);
    expect(chaos).toMatchObject({
      isEqual: true,
      undisturbedSha256: await undisturbedHash(options),
    });
    expect(chaos.parametersSha256).toBe(await undisturbedHash(options));
    expect(chaos.kill + chaos.stall + chaos.join).toBeGreaterThan(3);
    expect((await run.ended).code).toBe(0);
  });

  test('with a worker that flips bits until --audit finds, names and expels it', async () => {
    const flags = ['--port', '0', '--min-workers', '3', '--audit', '1', '--json'];
    const coordinator = startCli(['coordinator', ...toyRun(), ...flags]);
    const { url } = await coordinator.next('listening');
    for (const name of ['honest', 'also honest']) startCli(['worker', url, '--name', name]);
    const liar = startCli(['worker', url, '--name', 'liar', '--corrupt', '0.01', '--json']);
    const isVerdict = ({ message }: { message: string }) => message.includes('wrong sum');
    const { message } = await coordinator.next('notice', isVerdict);
    expect(message).toMatch(
      /^rank \d \(liar\) gave a wrong sum over .*: it is removed and refused/,
    );
    expect((await liar.ended).code).toBe(1);
    expect(liar.lines.at(-1)).toMatch(
      /"code":"REFUSED","message":".* refused this worker: it gave a wrong sum/,
    );
    expect((await coordinator.next('done')).parametersSha256).toBe(await undisturbedHash());
  });

  test('over a slow line with jitter and losses, which disconnects no worker', async () => {
    const args = [...toyRun({ epochs: 1 }), '--steps', '60'];
    const flags = ['--port', '0', '--min-workers', '3', '--json'];
    const coordinator = startCli(['coordinator', ...args, ...flags]);
    const { url } = await coordinator.next('listening');
    const { fraction } = createDraws(6);
    const line = {
      delayMs: 50,
      jitterMs: 20,
      bytesPerSecond: 20e6 / 8,
      lossProbability: 0.01,
      resendMs: 200,
    };
    const port = await startThrottlingProxy(Number(new URL(url).port), {
      ...line,
      random: fraction,
    });
    for (let i = 0; i < 3; i++)
      startCli(['worker', `ws://127.0.0.1:${port}`, '--name', `far ${i}`, ...args.slice(0, 2)]);
    const { parametersSha256 } = await coordinator.next('done');
    const local = await runToDone(['train', ...args, '--workers', '0']);
    expect(parametersSha256).toBe(local.parametersSha256);
    await coordinator.ended;
    expect(leavingsOf(coordinator)).toEqual(new Array(3).fill('finished'));
  });
});

describe('a run folder', () => {
  test('passes lockstep verify, and fails it after a record is forged', async () => {
    const out = join(temporaryFolder(), 'run');
    const args = toyRun({ epochs: 2 });
    await runToDone(['train', ...args, '--workers', '2', '--out', out]);
    const verify = (...more: string[]) => runCli(['verify', out, ...args.slice(0, 2), ...more]);
    const { code, stdout } = await verify('--full', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      event: 'verification',
      steps: 360,
      epochs: 2,
      recomputedSteps: 360,
      chain: recordsOf(out).at(-1)?.chain,
    });
    const path = join(out, 'metrics.jsonl');
    const forged = readFileSync(path, 'utf8').replace(/("step":200,.*"work":\[\[)\d+/, '$17');
    writeFileSync(path, forged);
    const found = await verify();
    expect(found.code).toBe(1);
    expect(found.stderr).toContain('error: step 200: ');
  });

  test('accepts one coordinator at a time, and another once the first is dead', async () => {
    const out = join(temporaryFolder(), 'run');
    const args = toyRun({ epochs: 1000 });
    const first = startCli(['train', ...args, '--workers', '1', '--out', out, '--json']);
    await first.next('checkpoint');
    const resume = ['train', '--resume', out, '--workers', '0', ...args.slice(0, 2), '--json'];
    const second = await runCli(resume);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`is being trained by process ${first.pid} on`);
    first.child.kill('SIGKILL');
    await first.ended;
    expect(existsSync(join(out, 'coordinator.lock'))).toBe(true);
    const third = startCli(resume);
    await third.next('progress');
  });

  test('resumes before its last record if a crash cut that record short', async () => {
    const out = join(temporaryFolder(), 'run');
    const args = toyRun({ epochs: 1 });
    await runToDone(['train', ...args, '--workers', '0', '--out', out, '--steps', '100']);
    appendFileSync(join(out, 'metrics.jsonl'), '{"step":100,"epo');
    const resumed = await runToDone([
      'train',
      '--resume',
      out,
      '--workers',
      '0',
      ...args.slice(0, 2),
    ]);
    expect(resumed.parametersSha256).toBe(await undisturbedHash({ epochs: 1 }));
    expect((await runCli(['verify', out, ...args.slice(0, 2)])).code).toBe(0);
  });
});
