import type { RunOptions } from './run-options.ts';

/**
 * The lessons of the dashboard, and the options of the run that each one looks at. A run lasts some
 * minutes, longer than its lesson.
 */
export const LESSONS = {
  /** What a neuron is: few units, whose weights one can look at. */
  neuron: { layers: [16], activation: 'sigmoid', epochs: 500 },
  /** One step of gradient descent, as plain as it can be. */
  step: { layers: [32], optimizer: 'sgd', lr: 0.1, schedule: 'constant', epochs: 500 },
  /** Overfitting: more weights than examples, and no end in time. */
  overfitting: { layers: [512, 256], schedule: 'constant', epochs: 100 },
  /** Vanishing gradients: six sigmoid layers, with plain gradient descent. */
  vanishing: {
    layers: [64, 64, 64, 64, 64, 64],
    activation: 'sigmoid',
    optimizer: 'sgd',
    lr: 0.1,
    schedule: 'constant',
    epochs: 300,
  },
  /** Why four workers learn what one learns. */
  lockstep: { workers: 4, epochs: 300 },
} as const satisfies Record<string, Partial<RunOptions> & { workers?: number }>;

export type LessonName = keyof typeof LESSONS;
