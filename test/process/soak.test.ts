import { expect, test } from 'vitest';
import { runSoak } from '../soak/run-soak.ts';
import { brokenPromises } from '../soak/verdict.ts';

test('attacks change no bit of the result, and nothing crashes, hangs or grows', async () => {
  const log: string[] = [];
  const report = await runSoak({
    seed: 2,
    frameCount: 1_000,
    part: 0.02,
    fileCaseCount: 4,
    log: (line) => log.push(line),
  });
  expect(brokenPromises(report, { isSpeedJudged: false }), log.join('\n')).toEqual([]);
});
