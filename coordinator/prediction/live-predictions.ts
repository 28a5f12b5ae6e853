import * as z from 'zod';
import { assert } from '../../shared/assert.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Dataset } from '../../shared/data/dataset.ts';
import type { Engine } from '../../shared/engine/engine.ts';
import type { Shape } from '../../shared/engine/layers/layer-plan.ts';
import type { ModelPlan } from '../../shared/engine/model/model-plan.ts';
import { LockstepError } from '../../shared/errors.ts';
import { decodePng, isPng } from '../../shared/pictures/decode-png.ts';
import { type Picture, pictureError } from '../../shared/pictures/picture.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { describeIssue } from '../../shared/validation.ts';
import type { ParameterServer } from '../training/parameter-server.ts';
import { outcomeOf, type PredictedNumber, type RankedClass, takesRows } from './classify-file.ts';
import { createRowReader } from './json-row.ts';
import { createPredictor } from './predictor.ts';
import { backgroundOf, looksInverted, preparePicture } from './prepare.ts';

/*
 * Classifies pictures with the model that is being trained.
 *
 * The problem. This happens on the thread that trains. A picture takes about a millisecond, and
 * many of them would slow the run down. And a step's update may be half done when somebody asks.
 *
 * The rule. Predictions take at most a tenth of the time: after one that took t, the next one is
 * refused for 9 t. Pictures are small. The parameters are those after the newest whole step.
 * Nothing here changes anything that training reads.
 */

/** A model in training. */
export interface LiveModel {
  readonly config: RunConfig;
  readonly model: ModelPlan;
  readonly dataset: Pick<Dataset, 'test' | 'shape'>;
  readonly server: Pick<ParameterServer, 'step' | 'copyModel'>;
}

/** A request: JSON with `pixels` or a `row`, or a PNG file. */
export interface PictureRequest {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** What the model in training says: a class, or a number. */
export interface LivePrediction extends Partial<RankedClass>, Partial<PredictedNumber> {
  /** The number of updates of the parameters. */
  readonly step: number;
  /** All classes, the most probable first. */
  readonly classes: readonly RankedClass[];
  readonly preprocessing: readonly string[];
  readonly looksInverted: boolean;
}

/** An HTTP status, and the prediction, or what is wrong. */
export type LiveAnswer =
  | { readonly status: 200; readonly prediction: LivePrediction }
  | { readonly status: 400 | 429; readonly error: string };

/** Decoding so many pixels takes two or three milliseconds. */
const PIXELS_MAX = 256 * 256;
/** How long the next prediction is refused, in times that one took. */
const REST = 9;

/**
 * Creates the function that classifies a picture with the newest whole step. `query` may have
 * `invert=true`, which swaps light and dark. `engine` must not be the one that trains.
 */
export function createLivePredictions(
  { config, model, dataset, server }: LiveModel,
  engine: Engine,
  clock: Pick<Clock, 'now'>,
): (request: PictureRequest, query: URLSearchParams) => LiveAnswer {
  const predictor = createPredictor(engine, config, model, 1);
  // The first prediction compiles the code, which takes longer than all later ones.
  predictor.predict(new Uint8Array(model.inputCount));
  const readRow = takesRows(config) ? createRowReader(rowInputOf(config, model)) : undefined;
  const background = readRow ? undefined : backgroundOf(dataset.test, dataset.shape);
  let shownStep = -1;
  let freeAt = 0;

  function predict(request: PictureRequest, isInverted: boolean): LivePrediction {
    const { input } = config.model;
    const { picture, steps } = readRow
      ? { picture: undefined, steps: ['prepared as in training'] }
      : preparePicture(pictureOf(request, input), input, isInverted);
    const inputs = picture?.pixels ?? readRow?.(parseJson(request.bytes));
    assert(inputs !== undefined, 'a picture or a row');
    if (server.step !== shownStep) {
      predictor.setParameters(server.copyModel());
      shownStep = server.step;
    }
    const [prediction] = predictor.predict(inputs);
    const { ranking, number } = outcomeOf(prediction, config.dataset);
    const isInvertedPicture = picture && background !== undefined;
    return {
      step: shownStep,
      ...(number ?? ranking[0]),
      classes: ranking,
      preprocessing: steps,
      looksInverted: isInvertedPicture ? looksInverted(picture, background) : false,
    };
  }

  return (request, query) => {
    const start = clock.now();
    if (start < freeAt) return { status: 429, error: BUSY };
    try {
      return { status: 200, prediction: predict(request, query.get('invert') === 'true') };
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      return { status: 400, error: error.message };
    } finally {
      const end = clock.now();
      freeAt = end + REST * (end - start);
    }
  };
}

const rowInputOf = ({ dataset }: RunConfig, { inputCount }: ModelPlan) => ({
  inputCount,
  columns: dataset.columns,
});

const BUSY = 'predictions take at most a tenth of the time, so that training goes on: try again';

const Pixels = z.strictObject({ pixels: z.array(z.int().min(0).max(255)).max(PIXELS_MAX) });

function pictureOf({ type, bytes }: PictureRequest, input: Shape): Picture {
  if (type !== 'image/png') return pictureIn(bytes, input);
  if (isPng(bytes)) return decodePng(bytes, PIXELS_MAX);
  throw pictureError('the body is no PNG file: send one, or application/json');
}

/** A picture that has the size of the model's input already. */
function pictureIn(bytes: Uint8Array, { height, width, channels }: Shape): Picture {
  const json = parseJson(bytes);
  const result = Pixels.safeParse(json);
  if (!result.success) throw pictureError(describeIssue(result.error, json));
  const pixels = Uint8Array.from(result.data.pixels);
  const count = height * width * channels;
  if (pixels.length !== count || (channels !== 1 && channels !== 3))
    throw pictureError(
      `pixels has ${pixels.length} values: send ${count}, for ${height} rows of ${width} pixels ` +
        `of ${channels}, each from 0 to 255`,
    );
  return { height, width, channels, pixels };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw pictureError('the body is no JSON: send {"pixels": […]} or {"row": …}');
  }
}
