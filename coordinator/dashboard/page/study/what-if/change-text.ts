import type { NetChange } from '../../../../../shared/study/changed-net.ts';
import type { ChangedStudy } from '../../../../../shared/study/changed-study.ts';
import { formatCount, formatPercent } from '../../format.ts';

/** What a change does, as the beginning of a sentence. */
export function changeText(change: NetChange): string {
  switch (change.kind) {
    case 'no-layer':
      return `With zeros instead of the parameters of ${change.layer}`;
    case 'no-unit':
      return `Without unit ${change.unit} of ${change.layer}`;
    case 'no-biases':
      return 'Without its biases';
    case 'noise':
      return `With noise of ${formatPercent(change.part, 0)} on its weights`;
  }
}

/** What became of the net, in a sentence. */
export function changedSentence(
  change: NetChange,
  { before, after, count }: ChangedStudy,
  set: string,
  names: readonly string[],
): string {
  const examples = `${formatCount(count)} ${set} examples`;
  const always = after.only === undefined ? '' : ` It says “${names[after.only]}” for all of them.`;
  const right =
    after.accuracy === before.accuracy
      ? `the net is right for as many of ${examples} as before: ${formatPercent(after.accuracy)}.`
      : `the net is right for ${formatPercent(after.accuracy)} of ${examples}, ` +
        `instead of ${formatPercent(before.accuracy)}.`;
  return `${changeText(change)}, ${right}${always}`;
}
