import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startCli } from '../support/cli.ts';
import { docker, hasCompose } from '../support/docker.ts';

test.skipIf(!hasCompose)(
  'a speedup whose coordinator’s container ends says so at once, and leaves nothing behind',
  async () => {
    const speedup = startCli(['speedup', '--launcher', 'compose', '--workers', '1', '--seconds', '600']);
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
    await docker('kill', ...running);
    const { code, stderr } = await speedup.ended;
    expect(stderr).toMatch(/^error: the coordinator ended: ./);
    expect(code).toBe(1);
    expect(await containers()).toEqual([]);
  },
);
