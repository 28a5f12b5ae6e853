import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { EarlierRun } from '../../coordinator/dashboard/model/earlier-run.ts';
import { runToDone, startCli } from '../support/processes/cli.ts';
import { TOY_STEPS_PER_EPOCH, toyRun } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const getRuns = async (url: string, token?: string) => {
  const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }) };
  const response = await fetch(`${url.replace('ws', 'http')}/api/runs`, { headers });
  return { code: response.status, runs: (await response.json()) as EarlierRun[] };
};

test('GET /api/runs gives the runs beside this one to those who may watch', async () => {
  const parent = temporaryFolder();
  const earlier = join(parent, 'earlier');
  const done = await runToDone(['train', ...toyRun({ epochs: 2 }), '--out', earlier]);
  expect(dirname(done.runDir)).toBe(parent);

  const out = join(parent, 'own');
  const secrets = ['--token', 'work', '--watch-token', 'look'];
  const run = startCli(['train', ...toyRun(), ...secrets, '--out', out, '--json']);
  const { url } = await run.next('listening');
  await run.next('epoch');
  expect(await getRuns(url)).toMatchObject({ code: 401 });
  const { code, runs } = await getRuns(url, 'look');
  expect(code).toBe(200);
  expect(runs).toHaveLength(1);
  expect(runs[0]).toMatchObject({
    name: 'earlier',
    model: '144-48-24-5',
    testAccuracy: done.testAccuracy,
    totalSeconds: done.totalSeconds,
    epochs: [
      { epoch: 1, step: TOY_STEPS_PER_EPOCH },
      { epoch: 2, step: 2 * TOY_STEPS_PER_EPOCH },
    ],
  });
});
