import { describe, expect, test } from 'vitest';
import {
  createLivePredictions,
  type LivePrediction,
} from '../../../../coordinator/prediction/live-predictions.ts';
import { createPredictor } from '../../../../coordinator/prediction/predictor.ts';
import { grayPng } from '../../../support/png-writer.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { createToyRun, naiveEngine, toyConfig } from '../../../support/toy-run.ts';

const dataset = createToyDataset();
const config = toyConfig(dataset);
const { height, width } = dataset.shape;
const image = Uint8Array.from(dataset.test.inputs).subarray(0, dataset.inputCount);
const EXAMPLES = 96;

interface Answer {
  readonly status: number;
  readonly error?: string;
  readonly prediction?: LivePrediction;
}

/** A model in training, and a clock on which each prediction takes 2 ms. */
function live() {
  const { server, workload } = createToyRun(config, dataset, 1);
  const clock = { time: 0, now: () => clock.time };
  const engine = {
    ...naiveEngine,
    kernels: {
      ...naiveEngine.kernels,
      scaleBytes(...args: Parameters<typeof naiveEngine.kernels.scaleBytes>) {
        clock.time += 2;
        naiveEngine.kernels.scaleBytes(...args);
      },
    },
  };
  const parts = { config, model: workload.model, dataset, server };
  const predict = createLivePredictions(parts, engine, clock);
  const send = (type: string, body: Uint8Array | string, query = ''): Answer =>
    predict({ type, bytes: Buffer.from(body) }, new URLSearchParams(query));
  return {
    server,
    clock,
    /** After a pause that is long enough. */
    png: (body: Uint8Array, query = '') => {
      clock.time += 1_000;
      return send('image/png', body, query);
    },
    json: (body: string) => {
      clock.time += 1_000;
      return send('application/json', body);
    },
    atOnce: () => send('image/png', grayPng(height, width, image)),
  };
}

/** The probabilities by class, of a predictor that has nothing to do with the run. */
function probabilitiesOf(parameters: Float32Array, pixels: Uint8Array) {
  const predictor = createPredictor(
    naiveEngine,
    config,
    createToyRun(config, dataset, 1).workload.model,
    1,
  );
  predictor.setParameters(parameters);
  return predictor.predict(pixels)[0].probabilities;
}

const byClass = ({ prediction }: Answer) =>
  prediction?.classes.toSorted((a, b) => a.label - b.label).map((one) => one.probability);

describe('a picture that is sent to a run', () => {
  test('is classified with the parameters of the newest step', () => {
    const { server, png, json } = live();
    for (let step = 0; step < 3; step++) {
      const expected = probabilitiesOf(server.parameters, image);
      const asPng = png(grayPng(height, width, image));
      expect(asPng).toMatchObject({ status: 200, prediction: { step } });
      expect(byClass(asPng)).toEqual(expected);
      expect(byClass(json(JSON.stringify({ pixels: [...image] })))).toEqual(expected);
      server.update(new Float32Array(server.parameters.length + 2).fill(step + 1), EXAMPLES);
    }
  });

  test('is classified with a whole step while a part of the next one is updated', () => {
    const { server, png } = live();
    server.update(new Float32Array(server.parameters.length + 2).fill(9), EXAMPLES);
    const expected = probabilitiesOf(server.parameters, image);
    const root = new Float32Array(server.parameters.length + 2).fill(500);
    server.updatePart?.(root, EXAMPLES, 0, 40);
    expect(probabilitiesOf(server.parameters, image)).not.toEqual(expected);
    const answer = png(grayPng(height, width, image));
    expect([answer.prediction?.step, byClass(answer)]).toEqual([1, expected]);
  });

  test('is prepared as by the command, and may be inverted', () => {
    const { png } = live();
    const negative = image.map((value) => 255 - value);
    const plain = png(grayPng(height, width, image));
    const inverted = png(grayPng(height, width, negative), 'invert=true');
    expect(byClass(inverted)).toEqual(byClass(plain));
    expect(inverted.prediction?.preprocessing).toEqual(['5 × 4 pixels', 'inverted']);
    const large = png(grayPng(8, 8, new Uint8Array(64)));
    expect(large.prediction?.preprocessing[1]).toBe('scaled to 4 × 4, with margins to 5 × 4');
  });

  test('takes at most a tenth of the time', () => {
    const { clock, png, atOnce } = live();
    expect(png(grayPng(height, width, image)).status).toBe(200);
    const end = clock.time;
    expect(atOnce()).toEqual({
      status: 429,
      error: expect.stringContaining('a tenth of the time'),
    });
    clock.time = end + 17;
    expect(atOnce().status).toBe(429);
    clock.time = end + 18;
    expect(atOnce().status).toBe(200);
  });

  test.for([
    ['no JSON', '{"pixels":[', 'the body is no JSON'],
    ['no pixels', '{}', 'pixels: must be a list'],
    ['another field', '{"pixels":[],"x":1}', 'the field "x" is unknown'],
    ['a large value', '{"pixels":[256]}', 'pixels.0: must be at most 255'],
    ['a fraction', '{"pixels":[0.5]}', 'pixels.0: must be a whole number'],
    ['too few', '{"pixels":[1,2]}', 'pixels has 2 values: send 20, for 4 rows of 5 pixels of 1'],
  ] as const)('is refused: %s', ([, body, message]) => {
    expect(live().json(body)).toEqual({ status: 400, error: expect.stringContaining(message) });
  });

  test('is refused as a PNG file that is none, is damaged or too large', () => {
    const { png } = live();
    const errorOf = (body: Uint8Array) => png(body).error;
    expect(errorOf(Buffer.from('hello'))).toContain('the body is no PNG file');
    expect(errorOf(grayPng(1, 1, Uint8Array.of(1)).subarray(0, 50))).toContain('it is damaged');
    const large = grayPng(1, 70_000, new Uint8Array(70_000));
    expect(errorOf(large)).toContain('it has 70000 × 1 pixels, more than 65536: make it smaller');
  });
});
