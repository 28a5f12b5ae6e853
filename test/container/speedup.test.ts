import { exec } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { docker, hasCompose } from '../support/containers/docker.ts';
import { startCli } from '../support/processes/cli.ts';

/** Starts a measurement in containers. Resolves when its coordinator runs. */
async function startSpeedup() {
  const speedup = startCli([
    'speedup',
    '--launcher',
    'compose',
    '--workers',
    '1',
    '--seconds',
    '600',
  ]);
  const isOurs = `name=lockstep-speedup-${speedup.pid}-`;
  const containers = async (...filters: string[]) => {
    const flags = [isOurs, ...filters].flatMap((filter) => ['--filter', filter]);
    return (await docker('ps', '--all', '--quiet', ...flags)).split('\n').filter(Boolean);
  };
  let running: string[] = [];
  const until = performance.now() + 120_000;
  while (running.length === 0 && performance.now() < until) {
    await sleep(500);
    running = await containers('status=running', 'label=com.docker.compose.service=coordinator');
  }
  return { speedup, containers, coordinators: running };
}

test.skipIf(!hasCompose)(
  'speedup reports at once that its coordinator’s container ended, and leaves no container behind',
  async () => {
    const { speedup, containers, coordinators } = await startSpeedup();
    await docker('kill', ...coordinators);
    const { code, stderr } = await speedup.ended;
    expect(stderr).toMatch(/^error: the coordinator ended: ./);
    expect(code).toBe(1);
    expect(await containers()).toEqual([]);
  },
);

test.skipIf(!hasCompose)(
  'speedup that is stopped twice names the command that removes its containers',
  async () => {
    const { speedup, containers } = await startSpeedup();
    speedup.child.kill('SIGINT');
    await sleep(200); // the first signal must arrive as one of its own
    speedup.child.kill('SIGINT');
    const { code, stderr } = await speedup.ended;
    expect(code).toBe(130);
    const [, command] = /Remove them with:\n {2}(.*)\n/.exec(stderr) ?? [];
    await promisify(exec)(command);
    expect(await containers()).toEqual([]);
  },
);
