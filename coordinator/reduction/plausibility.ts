import type { Kernels } from '../../shared/engine/kernels.ts';
import type { PartialSum } from '../../shared/round/partial-sum.ts';
import { measuresOf, type Round, type Workload } from '../../shared/round/workload.ts';

/**
 * Whether a sum may be right, as far as a look at it tells: its values are bounded, its loss and
 * its errors are not negative, and its correct count is a whole number of the node's examples. A
 * sum that is not plausible may still be right, when training diverges.
 */
export function createPlausibility(
  { isAllBounded }: Pick<Kernels, 'isAllBounded'>,
  workload: Pick<Workload, 'exampleCount' | 'model'>,
  round: Round,
): (sum: PartialSum) => boolean {
  return ({ node, vector }) => {
    const { lossSum, correctCount, squaredErrorSum, absoluteErrorSum } = measuresOf(
      vector,
      workload.model,
    );
    return (
      lossSum >= 0 &&
      squaredErrorSum >= 0 &&
      absoluteErrorSum >= 0 &&
      Number.isInteger(correctCount) &&
      correctCount >= 0 &&
      correctCount <= workload.exampleCount(round, node) &&
      isAllBounded(vector)
    );
  };
}
