import type { IncomingMessage, ServerResponse } from 'node:http';
import { systemClock } from '../../../shared/system-clock.ts';
import { type Body, BodyError, type BodyLimits, readBody } from './request-body.ts';
import { sendError, sendJson } from './send.ts';

export const PREDICT_PATH = '/api/predict';

/** Classifies a picture at once. It may only take a few ms, because training waits for it. */
export type Predict = (body: Body, query: URLSearchParams) => PredictAnswer;

/** An HTTP status, and an object for the answer, or what is wrong. */
export type PredictAnswer =
  | { readonly status: 200; readonly prediction: object }
  | { readonly status: 400 | 429; readonly error: string };

const TYPES = ['application/json', 'image/png'];
/** A picture of 256 × 256 pixels in color, and text for 64 × 64 of them. */
const LIMITS: BodyLimits = { bytesMax: 256 * 1024, timeoutMs: 3_000, clock: systemClock };

/** Answers `POST /api/predict`. Without `predict`, says how to turn it on. */
export async function answerPredict(
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
  predict: Predict | undefined,
): Promise<void> {
  if (!predict)
    return sendError(response, 404, `${PREDICT_PATH} is off: start the run with --predict`);
  try {
    const answer = predict(await readBody(request, TYPES, LIMITS), query);
    if (answer.status === 200) return sendJson(response, 200, JSON.stringify(answer.prediction));
    if (answer.status === 429) response.setHeader('retry-after', '1');
    sendError(response, answer.status, answer.error);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    // Nothing on the connection can follow a body that does not end.
    if (error.status === 408) response.setHeader('connection', 'close');
    sendError(response, error.status, error.message);
  }
}
