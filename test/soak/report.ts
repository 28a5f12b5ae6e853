import type { SoakReport } from './run-soak.ts';
import { quantile } from './verdict.ts';

const COLUMNS = [
  'phase',
  'seconds',
  'steps/s',
  'peak MB',
  'health p50, p99, max ms (broken)',
  'worker start p50 ms',
  'ready p50, max ms (count, lost)',
];

export function printReport(report: SoakReport): void {
  const rows = report.phases.map(({ name, seconds, steps, peakMB, observed }) => {
    const at = (values: readonly number[] | undefined, part: number) =>
      Math.round(quantile(values ?? [], part));
    const health = [0.5, 0.99, 1].map((part) => at(observed?.healthMs, part)).join(', ');
    const join = [0.5, 1].map((part) => at(observed?.joinMs, part)).join(', ');
    return [
      name,
      seconds.toFixed(1),
      (steps / seconds).toFixed(0),
      peakMB.toFixed(0),
      `${health} (${observed?.brokenRequests})`,
      String(at(observed?.startMs, 0.5)),
      `${join} (${observed?.joinMs.length}, ${observed?.lostWorkers.length})`,
    ];
  });
  for (const row of [COLUMNS, COLUMNS.map(() => '---'), ...rows])
    console.log(`| ${row.join(' | ')} |`);
  const { steps, attackedMB, undisturbedMB, files } = report;
  console.log(
    `${steps} steps; parameters ${report.attackedSha256}, ` +
      `undisturbed ${report.undisturbedSha256}\n` +
      `coordinator's peak ${attackedMB.toFixed(1)} MB, ` +
      `undisturbed ${undisturbedMB.toFixed(1)} MB: ` +
      `${(attackedMB / undisturbedMB).toFixed(2)} times\n` +
      `${files.caseCount} hostile files: at most ${files.worstMemory.toFixed(2)} times the memory`,
  );
}
