import type { Kernels } from '../../shared/engine/kernels.ts';
import type { PartialSum } from '../../shared/round/partial-sum.ts';
import { lossAndCorrectOf, type Round, type Workload } from '../../shared/round/workload.ts';

/**
 * Whether a sum may be right, as far as a look at it tells: its values are bounded, its loss is not
 * negative, and its correct count is a whole number of the node's examples. A sum that is not
 * plausible may still be right, when training diverges.
 */
export function createPlausibility(
  { isAllBounded }: Pick<Kernels, 'isAllBounded'>,
  workload: Pick<Workload, 'exampleCount'>,
  round: Round,
): (sum: PartialSum) => boolean {
  return ({ node, vector }) => {
    const { lossSum, correctCount } = lossAndCorrectOf(vector);
    return (
      lossSum >= 0 &&
      Number.isInteger(correctCount) &&
      correctCount >= 0 &&
      correctCount <= workload.exampleCount(round, node) &&
      isAllBounded(vector)
    );
  };
}
