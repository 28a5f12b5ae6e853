import type { IncomingMessage, ServerResponse } from 'node:http';
import { systemClock } from '../../../shared/system-clock.ts';
import { ControlError } from '../../control/control-error.ts';
import { parseControlRequest } from '../../control/control-request.ts';
import type { RunControl } from '../../control/run-control.ts';
import { BodyError, type BodyLimits, readJsonText } from './request-body.ts';
import { sendError, sendJson } from './send.ts';

/** The longest request that is valid has some 100 bytes, and spaces. */
const LIMITS: BodyLimits = { bytesMax: 4 * 1024, timeoutMs: 3_000, clock: systemClock };

/** Does what a `POST /api/control` asks for, and answers with what was done, or why not. */
export async function answerControl(
  request: IncomingMessage,
  response: ServerResponse,
  control: RunControl,
): Promise<void> {
  try {
    const message = control.perform(parseControlRequest(await readJsonText(request, LIMITS)));
    sendJson(response, 200, JSON.stringify({ message }));
  } catch (error) {
    if (!(error instanceof ControlError || error instanceof BodyError)) throw error;
    // Nothing on the connection can follow a body that does not end.
    if (error.status === 408) response.setHeader('connection', 'close');
    sendError(response, error.status, error.message);
  }
}
