import type { PlannedLayer, Shape } from '../../../../../shared/engine/layers/layer-plan.ts';
import { isDark } from '../../drawing/colors.ts';
import { imageOf } from '../example/paint-values.ts';
import type { Study } from '../study.ts';
import { unitPicture, weightScale } from './unit-weights.ts';

/** At so many root mean squares, a weight has the full color. */
const REACH = 2.5;

/** The pictures of weights that were painted, until something else is shown. */
export class FeatureImages {
  readonly #study: Study;
  #shown: readonly unknown[] = [];
  #values: Float32Array = new Float32Array();
  #reach = 1;
  readonly #images = new Map<number, ImageData>();

  constructor(study: Study) {
    this.#study = study;
  }

  /** A unit's weights, or their change since the start, as the user has chosen. */
  ofWeights(layer: PlannedLayer, parameters: Float32Array, unit: number, shape: Shape): ImageData {
    const { channelView, difference } = this.#study.chosen;
    this.#use(layer, parameters, [channelView, difference, isDark(), layer.name]);
    const values = () => unitPicture(layer, this.#values, unit, shape, channelView);
    const image = this.#images.get(unit) ?? imageOf(values(), shape, 'signed', this.#reach);
    this.#images.set(unit, image);
    return image;
  }

  #use(layer: PlannedLayer, parameters: Float32Array, choices: readonly unknown[]): void {
    const initial = this.#study.chosen.difference ? this.#study.kept.initial : undefined;
    const shown = [parameters, initial, ...choices];
    if (shown.every((each, i) => each === this.#shown[i])) return;
    this.#shown = shown;
    this.#images.clear();
    this.#values = initial ? parameters.map((value, i) => value - initial[i]) : parameters;
    this.#reach = REACH * weightScale(layer, this.#values);
  }
}
