/**
 * Attacks a coordinator that trains, and the commands beside it, for some minutes: `npm run soak`.
 * Prints what was measured. Ends with exit code 1 if a promise was not kept.
 */
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { printReport } from './report.ts';
import { runSoak } from './run-soak.ts';
import { brokenPromises } from './verdict.ts';

const { values: flags } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    frames: { type: 'string', default: '250000' },
    part: { type: 'string', default: '1' },
    files: { type: 'string', default: '60' },
  },
});
console.log(
  `${cpus()[0]?.model}, ${availableParallelism()} cores; Node ${process.versions.node}; ` +
    `--seed ${flags.seed} --frames ${flags.frames} --part ${flags.part}`,
);
const report = await runSoak({
  seed: Number(flags.seed),
  frameCount: Number(flags.frames),
  part: Number(flags.part),
  fileCaseCount: Number(flags.files),
  log: console.log,
});
printReport(report);
const broken = brokenPromises(report, { isSpeedJudged: true });
for (const promise of broken) console.error(`BROKEN: ${promise}`);
process.exitCode = broken.length > 0 ? 1 : 0;
