import { newestStart } from '../../model/incident-kinds.ts';
import type { RunView } from '../../model/run-view.ts';
import { formatCount, formatPercent, formatQuantity } from '../format.ts';

/** What went wrong so far, and what it cost. */
export function incidentsSentence({ status, incidentCounts, incidents }: RunView): string {
  const { lost = 0, expelled = 0, joined = 0 } = incidentCounts;
  const { lateShares = 0, reassignedShares = 0 } = status?.counters ?? {};
  const faults = [
    ...(lost > 0 ? [`${formatQuantity(lost, 'worker')} dropped out`] : []),
    ...(expelled > 0 ? [`${formatQuantity(expelled, 'worker')} gave wrong sums`] : []),
    ...(lateShares > 0 ? [`${formatQuantity(lateShares, 'share')} ${were(lateShares)} late`] : []),
  ];
  if (status?.state === 'failed') {
    const before = faults.length > 0 ? `, after ${listOf(faults)}` : '';
    return `The run has failed${before}.`;
  }
  if (faults.length > 0) {
    const again = formatQuantity(reassignedShares, 'share');
    const cost = reassignedShares > 0 ? `: ${again} ${were(reassignedShares)} computed again` : '';
    return `${listOf(faults)}, and no work was lost${cost}.`;
  }
  if (joined > 0) return `${formatQuantity(joined, 'worker')} joined, and nothing went wrong.`;
  return incidents.length > 0 ? 'Nothing went wrong.' : 'Nothing has happened yet.';
}

const were = (count: number): string => (count === 1 ? 'was' : 'were');

/** "a", "a and b", "a, b and c". */
function listOf(parts: readonly string[]): string {
  const last = parts.slice(-1).join();
  return parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${last}` : last;
}

/** What is known of audits, and of the speed beside that of the steps without a missing worker. */
export function incidentNotes(view: RunView): string[] {
  const { status, speeds, history, incidentCounts, incidents } = view;
  const notes: string[] = [];
  const { auditedSums = 0, wrongSums = 0 } = status?.counters ?? {};
  if (auditedSums > 0) {
    const result =
      wrongSums === 0 ? 'all were equal' : `${formatCount(wrongSums)} ${were(wrongSums)} wrong`;
    notes.push(`${formatQuantity(auditedSums, 'sum')} were computed twice, and ${result}.`);
  }
  const best = speeds.at(-1);
  const { lost = 0, left = 0, expelled = 0 } = incidentCounts;
  if (!best || best.workers < 2 || best.steps < STEADY_STEPS || lost + left + expelled === 0)
    return notes;
  const start = newestStart(incidents);
  const all = { examples: 0, milliseconds: 0 };
  for (const { examples, milliseconds } of history.from(start)) {
    all.examples += examples;
    all.milliseconds += milliseconds;
  }
  const [mean, full] = [all, best].map(
    ({ examples, milliseconds }) => (1000 * examples) / milliseconds,
  );
  const which = start > 0 ? `after step ${formatCount(start)}` : 'together';
  // Chance, and what else the machines do.
  if (mean >= full) return notes;
  notes.push(
    `All steps ${which} ran at ${formatPercent(mean / full, 0)} of the speed of the ` +
      `${formatCount(best.steps)} steady steps with ${best.workers} workers, the most ` +
      `(${formatCount(mean)} of ${formatCount(full)} examples/s).`,
  );
  return notes;
}

/** So many steps with the most workers give their speed. */
const STEADY_STEPS = 50;
