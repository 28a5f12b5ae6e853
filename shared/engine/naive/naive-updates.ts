import type { Kernels, Update } from '../kernels.ts';

const f32 = Math.fround;

type UpdateKernels = Pick<
  Kernels,
  'updateSgd' | 'updateMomentum' | 'updateByRoot' | 'updateAdam' | 'updateAverage' | 'sumOfSquares'
>;

/** The optimizers' kernels as plain loops. */
export const NAIVE_UPDATES: UpdateKernels = {
  sumOfSquares(values, blockLength) {
    const sums = new Float64Array(Math.ceil(values.length / blockLength));
    for (const [i, value] of values.entries()) sums[Math.floor(i / blockLength)] += value * value;
    return sums;
  },

  updateAverage({ parameters, gradientSum, exampleCount }, keep) {
    for (let i = 0; i < parameters.length; i++) {
      const mean = f32(gradientSum[i] / exampleCount);
      parameters[i] = f32(f32(keep) * parameters[i]) + f32(f32(1 - keep) * mean);
    }
  },

  updateSgd(update) {
    forEachGradient(update, (gradient) => gradient);
  },

  updateMomentum(update, velocity, momentum, isNesterov) {
    const mu = f32(momentum);
    forEachGradient(update, (gradient, i) => {
      velocity[i] = f32(mu * velocity[i]) + gradient;
      return isNesterov ? f32(gradient + f32(mu * velocity[i])) : velocity[i];
    });
  },

  updateByRoot(update, squares, beta, epsilon) {
    const [keep, share, eps] = [f32(beta), f32(beta === 1 ? 1 : 1 - beta), f32(epsilon)];
    forEachGradient(update, (gradient, i) => {
      squares[i] = f32(keep * squares[i]) + f32(share * f32(gradient * gradient));
      return f32(gradient / f32(f32(Math.sqrt(squares[i])) + eps));
    });
  },

  updateAdam(update, firstMoment, secondMoment, settings) {
    const { beta1, beta2 } = settings;
    const [b1, b2, complement1, complement2] = [beta1, beta2, 1 - beta1, 1 - beta2].map(f32);
    const [eps, correction, keep] = [settings.epsilon, settings.rootCorrection, settings.keep].map(
      f32,
    );
    forEachGradient(update, (gradient, i) => {
      firstMoment[i] = f32(b1 * firstMoment[i]) + f32(complement1 * gradient);
      secondMoment[i] = f32(b2 * secondMoment[i]) + f32(complement2 * f32(gradient * gradient));
      update.parameters[i] *= keep;
      const scale = f32(f32(f32(Math.sqrt(secondMoment[i])) / correction) + eps);
      return f32(firstMoment[i] / scale);
    });
  },
};

/** In place: p ← p - rate · direction(g), value by value. */
function forEachGradient(
  update: Update,
  direction: (gradient: number, index: number) => number,
): void {
  const { parameters, gradientSum, exampleCount } = update;
  const [rate, scale, decay] = [update.rate, update.gradientScale, update.weightDecay].map(f32);
  for (let i = 0; i < parameters.length; i++) {
    const mean = f32(gradientSum[i] / exampleCount);
    const gradient = f32(f32(mean * scale) + f32(decay * parameters[i]));
    const step = f32(rate * direction(gradient, i));
    parameters[i] -= step;
  }
}
