import type { ExampleSet } from '../../shared/data/dataset.ts';
import type { Shape } from '../../shared/engine/layers/layer-plan.ts';
import {
  edgeBrightness,
  inverted,
  type Picture,
  pictureError,
  withChannels,
} from '../../shared/pictures/picture.ts';
import { innerSize, resizeToFit } from '../../shared/pictures/resize.ts';

/** A picture as the model sees it. Training divides its bytes by 255, and so does the model. */
export interface PreparedPicture {
  readonly picture: Picture;
  /** What was done, a few words each, in order. */
  readonly steps: readonly string[];
}

/** Makes a picture fit a model's input. Throws a `DATA` error if no picture can fit it. */
export function preparePicture(
  picture: Picture,
  { height, width, channels }: Shape,
  isInverted: boolean,
): PreparedPicture {
  if (channels !== 1 && channels !== 3)
    throw pictureError(`the model takes images of ${channels} channels, and pictures have 1 or 3`);
  const steps = [`${picture.width} × ${picture.height} pixels`];
  if (picture.channels !== channels) steps.push(channels === 1 ? 'made gray' : 'made color');
  if (picture.height !== height || picture.width !== width) {
    const inner = innerSize(picture, { height, width });
    const hasMargins = inner.height !== height || inner.width !== width;
    const margins = hasMargins ? `, with margins to ${width} × ${height}` : '';
    steps.push(`scaled to ${inner.width} × ${inner.height}${margins}`);
  }
  if (isInverted) steps.push('inverted');
  const sized = resizeToFit(withChannels(picture, channels), { height, width });
  return { picture: isInverted ? inverted(sized) : sized, steps };
}

/** So many images tell the background of a dataset. */
const SAMPLE_COUNT = 500;

/** The mean brightness at the edges of a dataset's images, 0 to 255. */
export function backgroundOf(
  { count, inputs }: ExampleSet,
  { height, width, channels }: Shape,
): number {
  const sampled = Math.min(count, SAMPLE_COUNT);
  if (!(inputs instanceof Uint8Array) || (channels !== 1 && channels !== 3)) return 0;
  const size = height * width * channels;
  let sum = 0;
  for (let i = 0; i < sampled; i++) {
    const pixels = inputs.subarray(i * size, (i + 1) * size);
    sum += edgeBrightness({ height, width, channels, pixels });
  }
  return sum / sampled;
}

/** Darker edges than this are a dark background, and as much below 255 a light one. */
const DARK = 85;

/** Whether a prepared picture has a light background and the dataset a dark one, or vice versa. */
export function looksInverted(picture: Picture, background: number): boolean {
  const edge = edgeBrightness(picture);
  return (edge > 255 - DARK && background < DARK) || (edge < DARK && background > 255 - DARK);
}
