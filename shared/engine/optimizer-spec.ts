import * as z from 'zod';

const rate = z.number().nonnegative().lt(1);
const epsilon = z.number().positive();

export const OptimizerSpec = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('sgd') }),
  z.strictObject({ name: z.literal('momentum'), momentum: rate }),
  z.strictObject({ name: z.literal('nesterov'), momentum: rate }),
  z.strictObject({ name: z.literal('adam'), beta1: rate, beta2: rate, epsilon }),
  z.strictObject({ name: z.literal('adamw'), beta1: rate, beta2: rate, epsilon }),
  z.strictObject({ name: z.literal('rmsprop'), beta: rate, epsilon }),
  z.strictObject({ name: z.literal('adagrad'), epsilon }),
]);
export type OptimizerSpec = z.infer<typeof OptimizerSpec>;

export const OPTIMIZERS = [
  'sgd',
  'momentum',
  'nesterov',
  'adam',
  'adamw',
  'rmsprop',
  'adagrad',
] as const satisfies OptimizerSpec['name'][];
