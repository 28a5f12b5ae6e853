import type { SoakReport } from './run-soak.ts';

/** The coordinator's peak memory, as a multiple of that of an undisturbed run. */
const MEMORY_MAX = 1.5;
const HEALTH_P99_MS_MAX = 500;
const JOIN_MS_MAX = 3_000;

/** Which promises the run did not keep. Tests do not judge speed: machines differ. */
export function brokenPromises(
  report: SoakReport,
  { isSpeedJudged }: { isSpeedJudged: boolean },
): string[] {
  const { phases, attackedSha256, undisturbedSha256, attackedMB, undisturbedMB, files, faults } =
    report;
  const broken = [...faults, ...files.failures];
  if (attackedSha256 !== undisturbedSha256)
    broken.push(`the attacked run ended with other parameters: ${attackedSha256}`);
  if (attackedMB > MEMORY_MAX * undisturbedMB) {
    const memory = `${attackedMB.toFixed(0)} MB, undisturbed ${undisturbedMB.toFixed(0)} MB`;
    broken.push(`the coordinator needed too much memory: ${memory}`);
  }
  for (const { name, observed } of phases) {
    for (const how of observed?.lostWorkers ?? [])
      broken.push(`${name}: a worker never joined: ${how}`);
    if (!isSpeedJudged || !observed) continue;
    const healthMs = quantile(observed.healthMs, 0.99);
    if (healthMs > HEALTH_P99_MS_MAX)
      broken.push(`${name}: health after ${Math.round(healthMs)} ms`);
    const joinMs = quantile(observed.joinMs, 1);
    if (joinMs > JOIN_MS_MAX) broken.push(`${name}: ready after ${Math.round(joinMs)} ms`);
  }
  return broken;
}

/** NaN if there are no values. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}
