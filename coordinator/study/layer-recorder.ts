import type { Clock } from '../../shared/clock.ts';
import type { ModelPlan } from '../../shared/engine/model/model-plan.ts';
import { differenceNorms, tensorNorms } from '../../shared/study/tensor-norms.ts';
import type { ParameterServer } from '../training/parameter-server.ts';
import type { MeasureStep } from '../training/train.ts';
import type { LayerSample } from './study-answer.ts';

/** After a request, steps are measured for so long, and at most so often, in ms. */
const WANTED_MS = 10_000;
const EVERY_MS = 1000;
const SAMPLES_MAX = 60;

/** Measures the gradient and the update of each layer in some steps. */
export interface LayerRecorder {
  /** For the training loop. While nobody has asked, it only looks at the clock. */
  readonly measureStep: MeasureStep;
  /** The newest samples of steps after `step`, ascending. Asks for more. */
  samplesAfter(step: number): readonly LayerSample[];
}

export function createLayerRecorder(
  server: Pick<ParameterServer, 'parameters' | 'step'>,
  model: Pick<ModelPlan, 'tensors'>,
  clock: Clock,
): LayerRecorder {
  const samples: LayerSample[] = [];
  let before: Float32Array | undefined;
  let [wantedUntil, nextAt] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];

  return {
    measureStep() {
      const now = clock.now();
      if (now > wantedUntil || now < nextAt) return undefined;
      nextAt = now + EVERY_MS;
      const { step, parameters } = server;
      const old = before ?? new Float32Array(parameters.length);
      before = old;
      old.set(parameters);
      return (root, exampleCount) => {
        samples.push({
          step,
          gradientNorms: tensorNorms(model, root).map((norm) => norm / exampleCount),
          updateNorms: differenceNorms(model, parameters, old),
          parameterNorms: tensorNorms(model, old),
        });
        if (samples.length > SAMPLES_MAX) samples.shift();
      };
    },
    samplesAfter(step) {
      const now = clock.now();
      // What was measured for somebody else, long ago, says nothing about now.
      if (now > wantedUntil) samples.length = 0;
      wantedUntil = now + WANTED_MS;
      return samples.filter((sample) => sample.step > step);
    },
  };
}
