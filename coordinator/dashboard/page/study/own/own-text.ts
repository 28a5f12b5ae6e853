import type { Shape } from '../../../../../shared/engine/layers/layer-plan.ts';

/** What was done to an image before the net got it. */
export interface InputSteps {
  readonly isInverted: boolean;
  readonly isAuto: boolean;
  readonly isFramed: boolean;
}

/** Says what the net gets, and how it came about. */
export function inputText(steps: InputSteps | undefined, shape: Shape | undefined): string {
  if (!shape) return '';
  const size = `${shape.height} × ${shape.width} gray pixels`;
  if (!steps) return `The net gets ${size}.`;
  const placed = steps.isFramed
    ? 'cut out, scaled and centered by its mass, as the images of the dataset are'
    : 'scaled as a whole';
  const inversion = steps.isInverted
    ? ` It is inverted${steps.isAuto ? ', because its background is light' : ''}.`
    : '';
  return `The net gets ${size}: the image is ${placed}.${inversion}`;
}
