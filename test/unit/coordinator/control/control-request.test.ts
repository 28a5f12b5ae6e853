import { describe, expect, test } from 'vitest';
import { ControlError } from '../../../../coordinator/control/control-error.ts';
import { parseControlRequest } from '../../../../coordinator/control/control-request.ts';

/** The error of a request that is refused. */
function refusalOf(json: string): ControlError {
  try {
    parseControlRequest(json);
  } catch (error) {
    if (error instanceof ControlError) return error;
    throw error;
  }
  throw new Error(`${json} was taken`);
}

describe('a request to control', () => {
  test.for([
    { action: 'stop' },
    { action: 'kill', rank: 0 },
    { action: 'stall', rank: 2, milliseconds: 10 },
    { action: 'stall', rank: 2, milliseconds: 60_000 },
    { action: 'leave', rank: 1 },
    { action: 'start' },
    { action: 'corrupt', rank: 7 },
    { action: 'chaos' },
    { action: 'chaos', kill: 0, stall: 10, leave: 0.5, join: 1e-3, stallMs: 500 },
  ])('is taken as it is: %j', (request) => {
    expect(parseControlRequest(JSON.stringify(request))).toEqual(request);
  });

  test.for([
    ['', /^"" is no JSON: send an object such as \{"action":"kill","rank":2\}$/],
    ['{"action":', /^"\{\\"action\\":" is no JSON/],
    [`x${'y'.repeat(500)}`, /^"xy{99}" is no JSON/],
    ['\u001b[2J', /^"\\\\u001b\[2J" is no JSON/],
    ['null', /^must be an object, not null$/],
    ['[]', /^must be an object, not \[\]$/],
    ['{}', /^action: must be one of "stop", .*, but it is missing$/],
    ['{"action":"explode"}', /^action: must be one of .*"corrupt", "chaos", not "explode"$/],
    ['{"action":"stop","rank":1}', /^the field "rank" is unknown$/],
    ['{"action":"kill"}', /^rank: must be a number, but it is missing$/],
    ['{"action":"kill","rank":-1}', /^rank: must be at least 0, not -1$/],
    ['{"action":"kill","rank":1.5}', /^rank: must be a whole number, not 1.5$/],
    ['{"action":"kill","rank":"1"}', /^rank: must be a number, not "1"$/],
    ['{"action":"stall","rank":1,"milliseconds":9}', /^milliseconds: must be at least 10, not 9$/],
    ['{"action":"stall","rank":1,"milliseconds":60001}', /at most 60000, not 60001$/],
    ['{"action":"chaos","kill":-0.1}', /^kill: must be at least 0, not -0.1$/],
    ['{"action":"chaos","join":11}', /^join: must be at most 10, not 11$/],
    ['{"action":"chaos","stall":null}', /^stall: must be a number, not null$/],
    ['{"action":"chaos","stallMs":0}', /^stallMs: must be at least 10, not 0$/],
    ['{"action":"chaos","corrupt":1}', /^the field "corrupt" is unknown$/],
  ] as const)('is refused with what is wrong: %j', ([json, expected]) => {
    const { status, message } = refusalOf(json);
    expect(message).toMatch(expected);
    expect(status).toBe(400);
  });
});
