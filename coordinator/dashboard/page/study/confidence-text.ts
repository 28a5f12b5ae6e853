import { formatPercent } from '../format.ts';
import type { Study } from './study.ts';

/** How sure a prediction is: a probability with cross-entropy, otherwise the output itself. */
export const confidenceText = (confidence: number, { studies }: Study): string =>
  studies.opened?.config.loss === 'squared-error'
    ? `output ${confidence.toFixed(2)}`
    : formatPercent(confidence, 1);
