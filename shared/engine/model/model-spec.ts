import * as z from 'zod';
import { LayerSpec } from '../layers/layer-spec.ts';

export const LAYER_COUNT_MAX = 64;

/** The layers of a model, from images to logits. */
export const ModelSpec = z.strictObject({
  input: z.strictObject({
    height: z.int().positive(),
    width: z.int().positive(),
    channels: z.int().positive(),
  }),
  layers: z.array(LayerSpec).min(1).max(LAYER_COUNT_MAX),
});
export type ModelSpec = z.infer<typeof ModelSpec>;
